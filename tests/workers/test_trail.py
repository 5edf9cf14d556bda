"""The trail of administration: whole lines, each bound to the one before."""

from __future__ import annotations

import hashlib
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from workers.administration import trail
from workers.administration.trail import Act, Actor, TrailDamagedError
from workers.codes import code_of

CLERK = Actor(account="clerk", key="sha256:0123456789ab", address="10.0.0.1")


def act(number: int) -> Act:
    return Act(by=CLERK, act="limit.set", target="the venue", before=number - 1, after=number, sequence=100 + number)


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """A directory with a trail of three lines."""
    for number in (1, 2, 3):
        trail.append(tmp_path, act(number))
    return tmp_path


def texts(directory: Path) -> list[str]:
    return (directory / trail.FILE).read_text().splitlines()


def test_each_line_has_the_hash_of_itself_and_of_the_line_before(three: Path) -> None:
    # With nothing but the standard library, as an auditor would.
    previous = "0" * 64
    for number, text in enumerate(texts(three), 1):
        line = json.loads(text)
        body = text.replace(f',"hash":"{line["hash"]}"', "")
        assert hashlib.sha256(body.encode()).hexdigest() == line["hash"]
        assert (line["number"], line["previous"]) == (number, previous)
        previous = line["hash"]
    assert trail.check(three) == (3, previous, "")
    assert stat.S_IMODE((three / trail.FILE).stat().st_mode) == 0o600


def test_what_is_read_is_what_was_done(three: Path) -> None:
    lines = list(trail.lines(three))
    assert [(line.before, line.after, line.sequence, line.result) for line in lines] == [
        (0, 1, 101, "done"),
        (1, 2, 102, "done"),
        (2, 3, 103, "done"),
    ]
    assert lines[0].by == CLERK
    assert str(lines[0].by) == "clerk from 10.0.0.1"


@pytest.mark.parametrize("spoilt", [0, 1, 2])
def test_a_changed_line_is_found(three: Path, spoilt: int) -> None:
    changed = texts(three)
    changed[spoilt] = changed[spoilt].replace('"after":', '"after":4')
    (three / trail.FILE).write_text("\n".join(changed) + "\n")
    chain = trail.check(three)
    assert (chain.lines, chain.fault) == (spoilt, f"line {spoilt + 1} has been changed")


@pytest.mark.parametrize("gone", [0, 1])
def test_a_line_that_is_taken_out_is_found(three: Path, gone: int) -> None:
    left = texts(three)
    del left[gone]
    (three / trail.FILE).write_text("\n".join(left) + "\n")
    assert trail.check(three).lines == gone
    assert "missing" in trail.check(three).fault


def test_a_line_whose_hash_was_made_anew_is_found_by_the_next(three: Path) -> None:
    forged = texts(three)
    line = json.loads(forged[1])
    body = forged[1].replace(f',"hash":"{line["hash"]}"', "").replace('"after":2', '"after":9')
    forged[1] = f'{body[:-1]},"hash":"{hashlib.sha256(body.encode()).hexdigest()}"}}'
    (three / trail.FILE).write_text("\n".join(forged) + "\n")
    assert trail.check(three).lines == 2


def test_half_a_line_of_a_writer_that_died_is_not_one(three: Path) -> None:
    with (three / trail.FILE).open("a") as file:
        file.write('{"number":4,"at":"20')
    assert trail.check(three).lines == 3
    trail.append(three, act(4))
    assert trail.check(three)[::2] == (4, "")


def test_nothing_is_appended_to_what_is_no_trail(three: Path) -> None:
    with (three / trail.FILE).open("a") as file:
        file.write("something else\n")
    with pytest.raises(TrailDamagedError) as caught:
        trail.append(three, act(4))
    assert code_of(caught.value) == "trail_damaged"
    assert trail.check(three).fault == "line 4 is none that was written"


def test_a_line_with_a_number_that_no_line_has_is_none_of_ours(three: Path) -> None:
    changed = texts(three)
    changed[-1] = changed[-1].replace('"number":3', '"number":-3')
    (three / trail.FILE).write_text("\n".join(changed) + "\n")
    with pytest.raises(TrailDamagedError):
        trail.append(three, act(4))


def test_many_writers_make_one_chain(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: trail.append(tmp_path, act(number)), range(1, 101)))
    assert trail.check(tmp_path)[::2] == (100, "")
    assert sorted(line.after for line in trail.lines(tmp_path)) == list(range(1, 101))


def test_long_lines_are_followed_too(tmp_path: Path) -> None:
    for size in (10, 200_000, 70_000, 5):
        trail.append(tmp_path, Act(by=CLERK, act="import", target="x", after="y" * size))
    assert trail.check(tmp_path)[::2] == (4, "")


def test_there_is_no_trail_before_the_first_act(tmp_path: Path) -> None:
    assert trail.check(tmp_path) == (0, "0" * 64, "")
    assert not list(trail.lines(tmp_path))

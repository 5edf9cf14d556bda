"""The trail held against the log: what one has and the other has not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.workers.journals import Desk, segment_files
from tradsys.ledger.terms import PostingKind
from tradsys.records import COMMAND, Kind, details
from tradsys.risk.terms import Limit, Scope
from workers.administration import trail
from workers.administration.comparing import compare
from workers.administration.sent import sent
from workers.administration.trail import Act, Actor
from workers.sequencer import VENUE_SOURCE

CLERK = Actor(account="clerk", key="sha256:0123456789ab", address="10.0.0.1")
GATEWAY = 0


class Log(Desk):
    """A journal of records of our own."""

    def add(self, record: Any, source: int = GATEWAY, reason: int = 0) -> int:
        """One record more, on disk; gives its sequence."""
        (made,) = self.log(1)
        sequence = int(made["sequence"])
        slot = self.memory.log.slots[sequence & (len(self.memory.log.slots) - 1) :][:1]
        slot[:] = record.view(COMMAND)
        slot["sequence"], slot["source"], slot["reason"] = sequence, source, reason
        slot["timestamp_ns"], slot["request"] = 1_000 * sequence, sequence
        self.write()
        return sequence


@pytest.fixture
def log(tmp_path: Path) -> Any:
    """The journal of a data directory."""
    (tmp_path / "journal").mkdir()
    desk = Log(tmp_path / "journal")
    yield desk
    desk.close()


def limit(amount: int) -> Any:
    return details(Kind.LIMIT, scope=Scope.VENUE, limit=Limit.OPEN_ORDERS, amount=amount)


def posting(kind: PostingKind) -> Any:
    return details(Kind.POSTING, posting_kind=kind, number=7, account=1, target=2, asset=1, amount=5)


def write(directory: Path, sequence: int | None, record: Any = None) -> None:
    """A line of the trail."""
    told = "" if record is None else sent(record)
    trail.append(directory, Act(by=CLERK, act="limit.set", target="the venue", sequence=sequence, record=told))


def test_acts_with_their_lines_are_as_they_must_be(tmp_path: Path, log: Log) -> None:
    for amount in (1, 2, 3):
        write(tmp_path, log.add(limit(amount)), limit(amount))
    write(tmp_path, None)  # refused, or of a file
    log.add(limit(4), reason=9)
    log.add(details(Kind.BREAKER, symbol=1, transition=1, cause=2), source=VENUE_SOURCE)
    log.add(posting(PostingKind.TRANSFER))  # a client's
    own = posting(PostingKind.TRANSFER)  # an operator's
    write(tmp_path, log.add(own), own)
    found = compare(tmp_path, 1)
    assert (found.first, found.last, found.older) == (1, 7, 0)
    assert (found.acts, found.unwritten, found.untrue) == (3, [], [])


def test_a_line_that_was_cut_off_is_missed(tmp_path: Path, log: Log) -> None:
    for amount in (1, 2, 3):
        write(tmp_path, log.add(limit(amount)), limit(amount))
    text = (tmp_path / trail.FILE).read_text().splitlines(keepends=True)
    (tmp_path / trail.FILE).write_text("".join(text[:2]))
    assert trail.check(tmp_path).fault == "", "which the trail alone cannot know"
    (missing,) = compare(tmp_path, 1).unwritten
    assert (missing["sequence"], missing["kind"], missing["amount"]) == (3, "limit", 3)
    (tmp_path / trail.FILE).unlink()
    assert [each["amount"] for each in compare(tmp_path, 1).unwritten] == [1, 2, 3]


def test_lines_that_say_what_the_log_does_not_are_not_true(tmp_path: Path, log: Log) -> None:
    log.add(limit(1))
    log.add(np.zeros(1, COMMAND))
    log.add(limit(3), reason=9)
    for sequence, record in ((1, limit(2)), (1, limit(1)), (2, None), (3, None), (4, limit(1))):
        write(tmp_path, sequence, record)
    found = compare(tmp_path, 1)
    assert [why.partition(") ")[2] for why in found.untrue] == [
        "says of record 1 otherwise than the log",
        "names record 1, as line 1 does",
        "names record 2, which is no act of administration that was accepted",
        "names record 3, which is no act of administration that was accepted",
        "names record 4, and the log ends with 3",
    ]
    assert found.unwritten == []


def test_lines_from_before_the_log_that_is_left_are_no_fault(tmp_path: Path, log: Log) -> None:
    for amount in range(200):
        write(tmp_path, log.add(limit(amount)), limit(amount))
    first, *others = segment_files(tmp_path / "journal")
    first.unlink()
    found = compare(tmp_path, 1)
    begin = int(others[0].stem)
    assert begin > 1
    assert (found.first, found.last, found.older) == (begin, 200, begin - 1)
    assert (found.unwritten, found.untrue) == ([], [])


def test_lines_of_before_there_was_a_record_in_them_are_read(tmp_path: Path, log: Log) -> None:
    write(tmp_path, log.add(limit(1)), limit(1))
    line = json.loads((tmp_path / trail.FILE).read_text())
    del line["record"]
    (tmp_path / trail.FILE).write_bytes(msgspec.json.encode(line) + b"\n")
    found = compare(tmp_path, 1)
    assert (found.acts, found.unwritten, found.untrue) == (1, [], [])


def test_a_venue_that_has_logged_nothing_has_nothing_to_compare(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    assert compare(tmp_path, 1).last == 0
    write(tmp_path, 1)
    assert len(compare(tmp_path, 1).untrue) == 1

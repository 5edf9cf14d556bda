"""The journal's tools: what the log holds in words, and damage told with its place."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner

from tests.cli.conftest import ACM, USD, Bank
from tests.workers.journals import change, filled, segment_files
from tests.workers.stepped import SIZES
from tradsys.cli.main import app
from tradsys.records import Kind, Side
from tradsys.words import word
from workers.journal import JournalReader
from workers.snapshot.files import Heading, snapshot_path, write

runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
FRAMES = [20, 20, 20, 3, 20, 10, 20, 20, 5, 4, 3, 2]


def run(directory: Path, *arguments: str) -> Any:
    return runner.invoke(app, ["journal", *arguments, "--data-dir", str(directory)])


def told(directory: Path, *arguments: str) -> tuple[int, Any]:
    """Exit status and JSON."""
    result = run(directory, *arguments, "--json")
    return result.exit_code, json.loads(result.stdout.splitlines()[-1])


def dumped(directory: Path, *arguments: str) -> list[dict[str, Any]]:
    result = run(directory, "dump", *arguments)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A data directory with a journal of several files, of arbitrary records."""
    filled(tmp_path / "journal", *FRAMES)
    return tmp_path


def test_the_files_and_what_they_hold(directory: Path) -> None:
    status, found = told(directory, "stat")
    files = segment_files(directory / "journal")
    assert (status, found["records"], found["torn_bytes"], found["damage"]) == (0, sum(FRAMES), 0, None)
    assert [each["file"] for each in found["segments"]] == [path.name for path in files]
    assert [each["first"] for each in found["segments"]] == [int(path.stem) for path in files]
    assert [each["bytes"] for each in found["segments"]] == [path.stat().st_size for path in files]
    assert sum(each["records"] for each in found["segments"]) == sum(FRAMES)
    assert found["segments"][-1]["last"] == sum(FRAMES)
    assert "every checksum is right" in run(directory, "stat").output


@pytest.mark.parametrize("which", [0, -1])
def test_damage_is_told_with_its_place_and_changes_nothing(directory: Path, which: int) -> None:
    path = segment_files(directory / "journal")[which]
    change(path, 4096 + 64 + 7, b"\x99")  # within the first frame's first record, behind the header's 4096 bytes
    before = path.read_bytes()
    status, found = told(directory, "verify")
    assert status == 1
    assert str(path) in found["damage"]
    assert f"offset 4096, sequence {int(path.stem)}:" in found["damage"]
    assert "restore" in found["damage"]
    assert found["records"] == int(path.stem) - 1
    assert path.read_bytes() == before
    shown = run(directory, "verify")
    assert (shown.exit_code, "damaged" in shown.output) == (1, True)


def test_a_missing_file_is_told(directory: Path) -> None:
    segment_files(directory / "journal")[1].unlink()
    status, found = told(directory, "verify")
    assert status == 1
    assert "a segment is missing" in found["damage"]


@pytest.mark.parametrize("name", ["copy.journal", "0 (copy).journal", "7.journal", f"{0:020d}.journal"])
def test_a_segment_under_another_name_is_told(directory: Path, name: str) -> None:
    shutil.copyfile(segment_files(directory / "journal")[1], directory / "journal" / name)
    for command in ("verify", "stat"):
        result = run(directory, command)
        assert result.exit_code == 1
        assert f"{directory / 'journal' / name}: not named after a log sequence" in result.output


def snapshot_at(journal: Path, sequence: int, /, **changes: Any) -> Path:
    """A snapshot of the log with which some frame ends, of nothing much."""
    reader = JournalReader(journal)
    while len(reader.next_batch(sequence)):
        pass
    assert reader.sequence == sequence
    heading = Heading(sequence, reader.chain, reader.venue, 0, 0, [0], SIZES, "any")
    return write(journal, msgspec.structs.replace(heading, **changes), {"words": np.arange(1000)})


def test_a_log_without_its_beginning_is_whole_when_a_snapshot_holds_that(directory: Path) -> None:
    journal = directory / "journal"
    files = segment_files(journal)
    before, whole = dumped(directory), told(directory, "stat")[1]
    begins = int(files[2].stem)
    snapshot = snapshot_at(journal, begins - 1)
    content = snapshot.read_bytes()
    snapshot.unlink()
    for path in files[:2]:
        path.unlink()
    status, found = told(directory, "verify")
    assert (status, "a segment is missing" in found["damage"]) == (1, True)
    snapshot_path(journal, begins - 2).touch()
    assert told(directory, "verify")[0] == 1
    snapshot.write_bytes(content)
    status, found = told(directory, "stat")
    assert (status, found["damage"], found["first"]) == (0, None, begins)
    assert found["segments"] == whole["segments"][2:]
    assert found["records"] == sum(FRAMES) - begins + 1
    assert f"begins with sequence {begins}: snapshots hold" in run(directory, "stat").output
    assert dumped(directory) == before[begins - 1 :]
    assert f"begins with sequence {begins}: what was before" in run(directory, "dump").stderr
    assert dumped(directory, "--from", str(begins + 5), "--to", str(begins + 8)) == before[begins + 4 : begins + 8]
    assert run(directory, "dump", "--from", str(begins + 5)).stderr == ""


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("ahead of the log", {"sequence": sum(FRAMES) + 1}),
        ("of another history", {"chain": 7}),
        ("of another venue", {"venue": 7}),
        ("damaged", {}),
    ],
)
def test_a_lost_beginning_is_not_dropped_for_a_snapshot_of_no_use(
    directory: Path, what: str, changes: dict[str, int]
) -> None:
    """No start could begin with it."""
    journal = directory / "journal"
    files = segment_files(journal)
    snapshot = snapshot_at(journal, int(files[2].stem) - 1, **changes)
    if what == "damaged":
        change(snapshot, snapshot.stat().st_size - 64, b"\x99" * 8)
    for path in files[:2]:
        path.unlink()
    for command in ("verify", "stat"):
        status, found = told(directory, command)
        assert status == 1
        assert "a segment is missing" in found["damage"]
        assert found["records"] == 0
        assert "damaged" in run(directory, command).output


def test_a_dump_begins_with_the_file_that_holds_its_first_record(directory: Path) -> None:
    before = dumped(directory)
    change(segment_files(directory / "journal")[0], 4096 + 64 + 7, b"\x99")
    begins = int(segment_files(directory / "journal")[1].stem)
    for first in (begins, begins + 1, sum(FRAMES), sum(FRAMES) + 1):
        assert dumped(directory, "--from", str(first)) == before[first - 1 :]
    assert run(directory, "dump", "--from", str(begins - 1)).exit_code == 1


def test_what_the_next_start_cuts_off_is_no_damage(directory: Path) -> None:
    files = segment_files(directory / "journal")
    _, found = told(directory, "stat")
    change(files[-1], found["segments"][-1]["used_bytes"], b"\x01" * 100)
    status, found = told(directory, "verify")
    assert (status, found["damage"], found["records"], found["torn_bytes"]) == (0, None, sum(FRAMES), 104)
    assert "never acknowledged" in run(directory, "verify").output


def test_without_a_journal_that_is_said(tmp_path: Path) -> None:
    for command in ("stat", "verify", "dump"):
        result = run(tmp_path, command)
        assert result.exit_code == 1
        assert "there is no journal" in result.output


def test_no_kind_is_unknown_and_no_field_without_meaning(directory: Path) -> None:
    """Arbitrary bytes: everything has words or stays a number."""
    records = dumped(directory)
    assert [each["sequence"] for each in records] == list(range(1, sum(FRAMES) + 1))
    assert [each["sequence"] for each in dumped(directory, "--from", "41", "--to", "64")] == list(range(41, 65))
    wrong = run(directory, "dump", "--kind", "news")
    assert wrong.exit_code == 2
    assert "new" in wrong.output


def test_a_venues_log_in_words(bank: Bank) -> None:
    bank.told("account", "open", "words-a")
    bank.told("account", "open", "words-b")
    bank.told("deposit", "words-a", "100", "ACM")
    bank.told("deposit", "words-b", "1000", "USD", "--id", "77")
    bank.order("words-a", Side.SELL, "12.50", 40)
    assert bank.run("limits", "set", "position", "500", "--account", "words-b").exit_code == 0
    directory = Path(bank.embedded.venue.data_directory)
    status, found = told(directory, "verify")
    assert (status, found["damage"]) == (0, None)

    numbers = {each["name"]: each["number"] for each in bank.told("account", "list")}
    (opened,) = [each for each in dumped(directory, "--kind", "account") if each["name"] == "words-a"]
    assert (opened["account"], opened["account_kind"], opened["reason"]) == (numbers["words-a"], "client", None)
    postings = dumped(directory, "--kind", "posting")
    moved = [(each["posting_kind"], each["target"], each["asset"], each["amount"]) for each in postings[-2:]]
    assert moved == [("deposit", numbers["words-a"], ACM, 100), ("deposit", numbers["words-b"], USD, 100_000)]
    assert postings[-1]["number"] == 77
    (order,) = dumped(directory, "--account", str(numbers["words-a"]), "--kind", "new")
    assert (order["side"], order["order_type"], order["time_in_force"]) == ("sell", "limit", "gtc")
    assert (order["price_ticks"], order["quantity_lots"], order["flags"], order["link"]) == (250, 40, [], "none")
    assert order["time"].startswith("20")
    assert order["time"].endswith("Z")
    limit = dumped(directory, "--kind", "limit")[-1]
    assert (limit["scope"], limit["limit"], limit["amount"]) == ("account", "position", 500)
    kinds = {each["kind"] for each in dumped(directory)}
    assert {word(kind) for kind in (Kind.BOOT, Kind.TICK, Kind.SYMBOL, Kind.CONTRACT, Kind.SETTLED)} <= kinds


def test_a_copy_elsewhere_is_read_too(bank: Bank, tmp_path: Path) -> None:
    shutil.copytree(Path(bank.embedded.venue.data_directory) / "journal", tmp_path / "journal")
    status, found = told(tmp_path, "verify")
    assert (status, found["damage"]) == (0, None)
    assert found["records"] > 10

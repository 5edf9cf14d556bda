"""What is noticed of a data directory that does not keep what it is given."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Logged
from tests.workers.journals import HEADER_BYTES, Desk, change, segment_files
from tests.workers.running import until
from tests.workers.stepped import SIZES
from workers.journal.segments import LINE_BYTES, sequence_of
from workers.memory import JOURNALED
from workers.monitoring import database
from workers.monitoring.database import DataDirectory, DataDirectoryWatch, Kept
from workers.monitoring.probes import UNREADABLE, UNWRITABLE, WELL
from workers.snapshot.files import Heading, list_snapshots, write

FILL_A_FILE = (30, 30)
"""Frames after which the next one goes to another file."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A journal that is being written, in the data directory `tmp_path`."""
    desk = Desk(tmp_path / "journal")
    desk.fill(5)
    yield desk
    desk.close()


def looked_at(desk: Desk) -> DataDirectory:
    return DataDirectory(desk.directory.parent, lambda: int(desk.memory.control[JOURNALED]))


def take_snapshot(desk: Desk, ahead: int = 0) -> None:
    """One of no use, but whole, of all that is written, or of some records more."""
    heading = Heading(desk.writer.written + ahead, 1, 2, 3, 4, [5], SIZES, "")
    write(desk.directory, heading, {"anything": np.arange(99)})


def test_a_journal_that_grows_is_well_and_nothing_is_left_in_the_directory(desk: Desk, tmp_path: Path) -> None:
    directory = looked_at(desk)
    for _ in range(3):
        assert directory.look() == Kept(WELL, 0)
        desk.fill(*FILL_A_FILE, 3)
    assert len(segment_files(desk.directory)) >= 3
    assert [path.name for path in tmp_path.iterdir()] == ["journal"]


def test_a_frame_that_is_damaged_after_it_was_written_is_told_until_it_is_mended(desk: Desk, logged: Logged) -> None:
    directory = looked_at(desk)
    assert directory.look().state == WELL
    desk.fill(7, 8)
    path = segment_files(desk.directory)[0]
    place = HEADER_BYTES + (1 + 5 + 1 + 3) * LINE_BYTES
    right = path.read_bytes()[place : place + 8]
    change(path, place, bytes(byte ^ 0xFF for byte in right))
    assert [directory.look().state for _ in range(2)] == [UNREADABLE, UNREADABLE]
    desk.fill(*FILL_A_FILE, 3)
    assert directory.look().state == UNREADABLE, "also when the writer is in another file"
    told = [line["why"] for line in logged.lines("monitor")]
    assert len(set(told)) == len(told), "it is told again only in other words"
    assert all(
        f"{path}: at offset {place // LINE_BYTES * LINE_BYTES - 4 * LINE_BYTES}, sequence 6" in why for why in told
    )
    change(path, place, right)
    assert directory.look().state == WELL


def test_files_that_came_and_were_filled_between_two_looks_are_not_read(desk: Desk) -> None:
    """Under full load they are many, and reading them all would take the disk from who writes them."""
    directory = looked_at(desk)
    assert directory.look().state == WELL
    desk.fill(*FILL_A_FILE, *FILL_A_FILE, 3)
    first, between, *_, last = segment_files(desk.directory)
    change(between, HEADER_BYTES, b"no frame")
    assert directory.look().state == WELL
    change(last, HEADER_BYTES, b"no frame")
    assert directory.look().state == WELL, "what has been read is not read again"
    desk.fill(*FILL_A_FILE, 3)
    newest = segment_files(desk.directory)[-1]
    assert first < between < last < newest
    change(newest, HEADER_BYTES, b"no frame")
    assert directory.look().state == UNREADABLE


def test_a_file_that_is_gone_is_told_until_it_is_back(desk: Desk, tmp_path: Path, logged: Logged) -> None:
    directory = looked_at(desk)
    desk.fill(*FILL_A_FILE, 3)
    assert directory.look().state == WELL
    for path in segment_files(desk.directory):
        path.rename(tmp_path / "elsewhere")
        assert [directory.look().state for _ in range(2)] == [UNREADABLE, UNREADABLE]
        assert logged.lines("monitor")[-1]["why"].startswith(f"{path}: the file is gone")
        (tmp_path / "elsewhere").rename(path)
        assert directory.look().state == WELL


@pytest.mark.parametrize("has_looked_between", [True, False])
def test_files_that_a_snapshot_has_made_up_for_may_go(desk: Desk, *, has_looked_between: bool) -> None:
    directory = looked_at(desk)
    assert directory.look().state == WELL
    desk.fill(*FILL_A_FILE, *FILL_A_FILE, 3)
    if has_looked_between:
        assert directory.look().state == WELL
    take_snapshot(desk)
    *older, last = segment_files(desk.directory)
    assert len(older) > 1
    for path in older:
        path.unlink()
    assert directory.look() == Kept(WELL, desk.writer.written)
    desk.fill(3)
    assert directory.look().state == WELL
    assert sequence_of(last) > 1


def test_the_newest_snapshot_that_can_be_read_is_told(desk: Desk) -> None:
    directory = looked_at(desk)
    take_snapshot(desk)
    desk.fill(3)
    take_snapshot(desk)
    older, newer = list_snapshots(desk.directory)
    assert directory.look().snapshot == sequence_of(newer)
    change(newer, 100, b"?")
    assert directory.look() == Kept(WELL, sequence_of(older))


def test_a_snapshot_of_an_end_that_the_log_has_lost_is_none_that_there_is(desk: Desk) -> None:
    directory = looked_at(desk)
    take_snapshot(desk, ahead=40)
    assert directory.look() == Kept(WELL, 0)
    take_snapshot(desk)
    assert directory.look() == Kept(WELL, desk.writer.written)


def test_a_file_that_is_gone_is_told_when_only_a_snapshot_of_a_lost_end_would_make_up_for_it(desk: Desk) -> None:
    directory = looked_at(desk)
    desk.fill(*FILL_A_FILE, 3)
    assert directory.look().state == WELL
    take_snapshot(desk, ahead=1)
    segment_files(desk.directory)[0].unlink()
    assert directory.look().state == UNREADABLE


def test_a_directory_that_cannot_be_written_is_told(tmp_path: Path, logged: Logged) -> None:
    directory = DataDirectory(tmp_path / "nowhere", lambda: 0)
    assert [directory.look() for _ in range(2)] == [Kept(UNWRITABLE, 0)] * 2
    (line,) = logged.lines("monitor")
    assert "No such file or directory" in line["why"]


def test_a_look_that_does_not_come_to_its_end_is_trouble_and_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on = threading.Event()

    def look(directory: DataDirectory) -> Kept:
        assert may_go_on.wait(60)
        return Kept(WELL, 7)

    monkeypatch.setattr(DataDirectory, "look", look)
    watch = DataDirectoryWatch(tmp_path, lambda: 0)
    try:
        assert watch.kept() is None, "nothing is known yet"
        monkeypatch.setattr(database, "_STUCK_NS", 0)
        until(lambda: watch.kept() == Kept(UNWRITABLE, 0), "the first look to have begun")
    finally:
        may_go_on.set()
        until(lambda: watch.kept() == Kept(WELL, 7), "the disk to answer")
        watch.close()

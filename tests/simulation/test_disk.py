"""The simulated disk keeps what was synced, and may lose the rest; and what the journal's writer makes of that."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from tests.factories import buy
from tests.simulation.disk import SECTOR_BYTES, CrashError, Disk
from tests.simulation.scheduler import Scheduler
from tests.workers.journals import Desk
from tests.workers.stepped import SteppedVenue, compact, journal_records
from workers.journal import frames, last_sequence
from workers.snapshot.taking import take_snapshot

TRIES = 300


def write(path: Path, content: bytes, offset: int = 0) -> int:
    """Write without a sync; gives the descriptor."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    os.pwrite(descriptor, content, offset)
    return descriptor


def sync_names(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def left_after_a_loss(root: Path, seed: int) -> bytes | None:
    """Of four synced sectors and four that are not; None when the file is gone."""
    root.mkdir()
    disk = Disk(root, Scheduler(seed))
    with disk.attached():
        descriptor = write(root / "file", b"a" * 4 * SECTOR_BYTES)
        os.fsync(descriptor)
        sync_names(root)
        os.pwrite(descriptor, b"b" * 4 * SECTOR_BYTES, 4 * SECTOR_BYTES)
        disk.lose_power()
    disk.close()
    return (root / "file").read_bytes()


def test_what_is_synced_stays_and_what_is_not_is_lost_torn_or_out_of_order(tmp_path: Path, seed: int) -> None:
    found = [left_after_a_loss(tmp_path / str(number), seed + number) for number in range(TRIES)]
    ends = []
    for content in found:
        assert content is not None
        assert content[: 4 * SECTOR_BYTES] == b"a" * 4 * SECTOR_BYTES
        ends.append(content[4 * SECTOR_BYTES :].ljust(4 * SECTOR_BYTES, b"\0"))
    assert b"b" * 4 * SECTOR_BYTES in ends, "sometimes all of it is there"
    assert bytes(4 * SECTOR_BYTES) in ends, "sometimes nothing"
    assert any(end.rstrip(b"\0").count(b"\0") for end in ends), "sometimes a later sector without an earlier one"
    assert any(end.count(b"b") % SECTOR_BYTES for end in ends), "sometimes half a sector"


def test_a_name_that_is_not_synced_may_be_lost(tmp_path: Path, seed: int) -> None:
    kept = 0
    for number in range(TRIES):
        root = tmp_path / str(number)
        root.mkdir()
        disk = Disk(root, Scheduler(seed + number))
        with disk.attached():
            os.fsync(write(root / "file", b"content"))
            disk.lose_power()
        disk.close()
        kept += (root / "file").exists()
    assert 0 < kept < TRIES


def test_a_renamed_file_has_one_of_its_names_and_one_that_was_replaced_is_one_or_the_other(
    tmp_path: Path, seed: int
) -> None:
    found = []
    for number in range(TRIES):
        root = tmp_path / str(number)
        root.mkdir()
        disk = Disk(root, Scheduler(seed + number))
        with disk.attached():
            for name in ("old", "new"):
                os.fsync(write(root / name, name.encode()))
            sync_names(root)
            (root / "new").rename(root / "old")
            disk.lose_power()
        disk.close()
        found.append({path.name: path.read_bytes() for path in root.iterdir()})
    assert {"old": b"new"} in found
    assert {"old": b"old", "new": b"new"} in found
    assert all(each.get("old") in (b"old", b"new") for each in found)


def test_a_crash_comes_between_two_calls(tmp_path: Path) -> None:
    disk = Disk(tmp_path, Scheduler(1))
    with disk.attached():
        disk.arm(1)
        descriptor = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
        with pytest.raises(CrashError):
            os.pwrite(descriptor, b"never", 0)
    disk.close()
    assert (tmp_path / "file").read_bytes() == b""


def test_a_segment_whose_maker_died_before_its_name_was_safe_is_not_lost(tmp_path: Path, seed: int) -> None:
    """The next writer acknowledges what it writes there, so the name must be safe by then."""
    for number in range(TRIES):
        directory = tmp_path / str(number)
        disk = Disk(directory, Scheduler(seed + number))
        with disk.attached():
            desk = Desk(directory, level="group")
            desk.fill(40)
            desk.log(30)
            disk.arm(number % 8)
            with suppress(CrashError):
                desk.write()
            disk.arm(-1)
            with disk.dead():
                desk.close()
            desk = Desk(directory, level="group")
            desk.fill(10)
            expected = len(journal_records(directory))
            with disk.dead():
                desk.close()
            for path in directory.iterdir():
                disk.keep(path)  # the kernel has synced them
            disk.lose_power()
        disk.close()
        assert len(journal_records(directory)) == expected


def test_a_snapshot_does_not_outlive_the_log_that_it_is_of(tmp_path: Path, seed: int) -> None:
    """At level `memory` nobody else syncs the log, and with a snapshot the segments before it may go."""
    for number in range(TRIES // 4):
        root = tmp_path / str(number)
        disk = Disk(root, Scheduler(seed + number))
        with disk.attached():
            venue = SteppedVenue(root, compact(), level="memory", segment_bytes=8192)
            venue.define()
            venue.submit(np.concatenate([buy(400)] * 60))
            venue.settle()
            path = take_snapshot(venue.directory, venue.sizes, lambda text: None)
            with disk.dead():
                venue.close()
            disk.lose_power()
        disk.close()
        assert last_sequence(venue.directory) == int(path.stem) > 60


def test_a_frame_whose_sync_failed_is_written_again_by_the_next_writer(tmp_path: Path, seed: int) -> None:
    """Also when nothing but the file is left to know of it. The system says of such pages that they are safe."""
    for number in range(TRIES):
        directory = tmp_path / str(number)
        disk = Disk(directory, Scheduler(seed + number))
        with disk.attached():
            desk = Desk(directory, level="group")
            desk.fill(10)
            (path,) = directory.glob("*.journal")
            disk.keep(path)  # the kernel has synced it
            desk.log(5)
            assert frames.write_frame(desk.writer.state) == 5
            disk.not_synced(path)
            with disk.dead():
                desk.close()
            desk = Desk(directory, level="group")
            assert desk.writer.written == 15
            with disk.dead():
                desk.close()
            disk.lose_power()
        disk.close()
        assert len(journal_records(directory)) == 15

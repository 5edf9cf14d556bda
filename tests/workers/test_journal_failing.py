"""A disk that fails under the journal: nothing is acknowledged meanwhile, and afterwards all is there, once."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from shm import broadcast, histogram
from shm.clock import timespec
from tests.workers.journals import HEADER_BYTES, SEGMENT_BYTES, Desk, change, filled, segment_files
from tests.workers.running import until
from tests.workers.stepped import journal_records
from workers.journal import JournalError, JournalReader, JournalWriter
from workers.journal.frames import DESCRIPTOR, is_held_up, sync_frames, write_frame, write_journal
from workers.journal.segments import SPARE
from workers.journal.spare import SpareMaker
from workers.memory import JOURNAL_TROUBLE, JOURNALED, READER_JOURNAL

FULL, GONE = "/dev/full", "/dev/null"
"""A disk that takes nothing, and one that takes all, keeps nothing, and says so when it is asked to sync."""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def desk(directory: Path) -> Iterator[Desk]:
    """One that syncs, and tries again at once."""
    desk = Desk(directory, level="group")
    desk.writer.retry_ns = 0
    yield desk
    desk.close()


def exchange(desk: Desk, device: str, flags: int = os.O_RDWR) -> None:
    """From now on what the writer takes for its file is something else."""
    descriptor = os.open(device, flags)
    os.dup2(descriptor, int(desk.writer.state.words[DESCRIPTOR]))
    os.close(descriptor)


def trouble(desk: Desk) -> int:
    return int(desk.memory.control[JOURNAL_TROUBLE])


class Obstacle:
    """Keeps a segment from being made, until it is taken away: a directory has the name that it needs first."""

    def __init__(self, directory: Path, first_sequence: int) -> None:
        self._path = directory / f"{first_sequence:020d}.new"
        self._path.mkdir()

    def take_away(self) -> None:
        self._path.rmdir()


@pytest.mark.parametrize(
    ("device", "flags", "expected"),
    [(FULL, os.O_RDWR, errno.ENOSPC), (FULL, os.O_RDONLY, errno.EBADF), (GONE, os.O_RDWR, errno.EINVAL)],
    ids=["the write fails for want of room", "the write is not permitted", "the sync fails, and the data is gone"],
)
def test_a_failure_is_got_over_when_the_disk_is_well_again(
    desk: Desk, directory: Path, device: str, flags: int, expected: int
) -> None:
    desk.fill(10)
    exchange(desk, device, flags)
    obstacle = Obstacle(directory, 1)
    desk.log(7)
    with capture_logs() as told:
        assert write_journal(desk.writer.state) == 0
        assert is_held_up(desk.writer.state)
        desk.writer.attend()
        assert not is_held_up(desk.writer.state), "the duty cycle does not come out for what has been tried in vain"
        assert trouble(desk) == errno.EISDIR
        for _ in range(3):
            assert desk.writer.write() == 0
        position = broadcast.POSITION + broadcast.READER_STRIDE * READER_JOURNAL
        assert desk.memory.control[JOURNALED] == desk.memory.log.header[position] == desk.writer.written == 10
        assert journal_records(directory).tobytes() == desk.written[:10].tobytes()
        obstacle.take_away()
        assert desk.writer.write() == 0
        assert trouble(desk) == 0
        assert desk.write() == 1
    assert [line["log_level"] for line in told] == ["error", "warning"]
    assert told[0]["why"] == os.strerror(expected)
    assert desk.memory.counters.snapshot()["journal_troubles"] == 1
    desk.fill(5, 50, 50)
    assert journal_records(directory).tobytes() == desk.written.tobytes()
    assert all(path.stat().st_size == SEGMENT_BYTES for path in segment_files(directory))
    assert not list(directory.glob("*.new"))


def test_after_a_failed_sync_nothing_of_the_old_file_is_trusted(desk: Desk, directory: Path) -> None:
    """What was written and not synced can be read: in the next moment the system may have dropped it."""
    desk.fill(10)
    path = segment_files(directory)[0]
    before = path.stat().st_ino
    desk.log(7)
    assert write_frame(desk.writer.state) == 7
    assert desk.memory.control[JOURNALED] == 10
    assert len(journal_records(directory)) == 17
    exchange(desk, GONE)
    assert sync_frames(desk.writer.state) == 0
    obstacle = Obstacle(directory, 1)
    desk.writer.attend()
    obstacle.take_away()
    desk.writer.attend()
    assert path.stat().st_ino != before
    assert len(journal_records(directory)) == 10
    desk.fill(3)
    assert journal_records(directory).tobytes() == desk.written.tobytes()


def test_a_crash_between_write_and_sync_leaves_a_frame_that_counts_for_nothing_yet(desk: Desk, directory: Path) -> None:
    desk.fill(10)
    desk.log(7)
    assert write_frame(desk.writer.state) == 7
    again = JournalWriter(directory, desk.memory, "group", SEGMENT_BYTES, timespec())
    assert again.written == desk.memory.control[JOURNALED] == 17
    again.close()
    assert journal_records(directory).tobytes() == desk.written.tobytes()


def test_a_writer_that_died_in_trouble_leaves_a_file_that_the_next_one_does_not_trust(
    desk: Desk, directory: Path
) -> None:
    desk.fill(10)
    exchange(desk, GONE)
    obstacle = Obstacle(directory, 1)
    desk.log(7)
    desk.writer.write()
    assert trouble(desk) == errno.EISDIR
    obstacle.take_away()
    before = segment_files(directory)[0].stat().st_ino
    again = JournalWriter(directory, desk.memory, "group", SEGMENT_BYTES, timespec())
    assert segment_files(directory)[0].stat().st_ino != before
    assert trouble(desk) == 0
    assert again.write() == 7
    again.close()
    assert journal_records(directory).tobytes() == desk.written.tobytes()


@pytest.mark.parametrize("offset", [0, 70, 128, 64 * 10 + 63])
def test_damage_that_comes_to_light_is_told_with_its_place(desk: Desk, directory: Path, offset: int) -> None:
    desk.fill(20, 10)
    path = segment_files(directory)[0]
    place = HEADER_BYTES + 64 * 21 + offset
    change(path, place, bytes([path.read_bytes()[place] ^ 0x10]))
    before = path.read_bytes()
    exchange(desk, FULL)
    desk.log(1)
    with pytest.raises(JournalError, match=rf"{path}: at offset {HEADER_BYTES + 64 * 21}, sequence 21: .*backup"):
        desk.writer.write()
    assert path.read_bytes() == before
    with pytest.raises(JournalError, match="ends at sequence 20, but the running venue had journaled 30"):
        JournalWriter(directory, desk.memory, "group", SEGMENT_BYTES, timespec())
    assert path.read_bytes() == before, "the next writer does not take it for a torn tail"


def test_another_history_in_the_files_place_is_noticed(desk: Desk, directory: Path, tmp_path: Path) -> None:
    desk.fill(20, 10)
    filled(tmp_path / "other", 20, 10, seed=99)
    path = segment_files(directory)[0]
    change(path, HEADER_BYTES, segment_files(tmp_path / "other")[0].read_bytes()[HEADER_BYTES:])
    exchange(desk, FULL)
    desk.log(1)
    with pytest.raises(JournalError, match="cannot be read back"):
        desk.writer.write()


def test_a_segment_that_cannot_be_begun_is_begun_later(desk: Desk, directory: Path) -> None:
    desk.fill(63)
    obstacle = Obstacle(directory, 64)
    desk.log(40)
    for _ in range(3):
        assert desk.writer.write() == 0
        assert trouble(desk) == errno.EISDIR
    assert desk.memory.control[JOURNALED] == 63
    obstacle.take_away()
    assert desk.write() == 1
    assert trouble(desk) == 0
    assert journal_records(directory).tobytes() == desk.written.tobytes()
    assert [int(path.stem) for path in segment_files(directory)] == [1, 64]


def test_between_two_attempts_there_is_a_pause(desk: Desk, directory: Path) -> None:
    desk.writer.retry_ns = 3600 * 10**9
    desk.fill(10)
    for _ in range(2):
        exchange(desk, FULL)
        desk.log(1)
        desk.writer.write()
    assert trouble(desk) == errno.ENOSPC, "mended once, the second time it has to wait"
    assert desk.memory.counters.snapshot()["journal_troubles"] == 2
    assert desk.writer.write() == 0
    assert not is_held_up(desk.writer.state)


def test_a_file_made_from_a_larger_spare_is_as_large_as_the_one_that_it_replaces(desk: Desk) -> None:
    """The configuration asks for larger segments than the one that is being written."""
    desk.fill(10)
    maker = SpareMaker(desk.directory, 2 * SEGMENT_BYTES, desk.writer.trouble)
    until((desk.directory / SPARE).exists, "a spare segment")
    maker.close()
    exchange(desk, FULL)
    desk.fill(5)
    assert [path.stat().st_size for path in segment_files(desk.directory)] == [SEGMENT_BYTES]
    assert journal_records(desk.directory).tobytes() == desk.written.tobytes()


def test_a_disk_that_fails_when_the_writer_ends_is_told(directory: Path) -> None:
    desk = Desk(directory, level="group")
    desk.fill(10)
    exchange(desk, GONE)
    with capture_logs() as told:
        desk.close()
    assert [(line["log_level"], line["why"]) for line in told] == [("error", os.strerror(errno.EINVAL))]


@pytest.mark.parametrize("level", ["memory", "group", "each"])
def test_whatever_fails_whenever_every_record_is_there_once(directory: Path, seed: int, level: str) -> None:
    """And a reader beside it, that also sees what is not durable yet, reads every record once."""
    dice = np.random.default_rng(seed)
    desk = Desk(directory, seed, level=level)
    desk.writer.retry_ns = 0
    state = desk.writer.state
    steps: list[Callable[[], object]] = [
        lambda: write_frame(state),
        lambda: sync_frames(state),
        lambda: write_journal(state),
        desk.writer.attend,
        desk.writer.write,
        # Who does not ask for a sync is not told that the data is gone.
        lambda: exchange(desk, FULL if level == "memory" else str(dice.choice([FULL, GONE]))),
    ]
    reader, seen = JournalReader(directory), b""
    for _ in range(500):
        if len(desk.written) - desk.writer.written < 100:
            desk.log(int(dice.integers(1, 30)))
        steps[dice.integers(len(steps))]()
        assert desk.memory.control[JOURNALED] == desk.writer.written
        while dice.integers(3) and len(batch := reader.next_batch()):
            seen += batch.tobytes()
        assert seen == desk.written[: reader.sequence].tobytes()
    desk.write()
    while len(batch := reader.next_batch()):
        seen += batch.tobytes()
    desk.close()
    assert seen == journal_records(directory).tobytes() == desk.written.tobytes()
    assert desk.memory.counters.snapshot()["journal_troubles"] > 10
    assert len(segment_files(directory)) > 5


def test_how_many_records_went_to_disk_at_once_is_counted(directory: Path) -> None:
    for level, expected in (("group", (1, 20)), ("each", (20, 1))):
        desk = Desk(directory / level, level=level)
        desk.log(20)
        desk.write()
        counted = histogram.summary(desk.memory.journal_batch)
        assert (counted["count"], counted["max"]) == expected
        assert histogram.summary(desk.memory.journal_sync)["count"] == expected[0]
        desk.close()

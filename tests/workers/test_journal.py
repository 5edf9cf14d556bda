"""The journal: what is written is read again, whole or cut at its torn end, by whoever reads and whenever."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from shm import broadcast
from shm.clock import timespec
from tests.workers.journals import HEADER_BYTES, SEGMENT_BYTES, Desk, change, filled, segment_files
from tests.workers.stepped import journal_records
from tradsys.records import COMMAND
from workers.journal import JournalError, JournalReader, JournalWriter, last_sequence
from workers.memory import JOURNALED

LEVELS = ["memory", "group", "each"]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_written_over_many_segments_is_read_again(directory: Path, seed: int, level: str) -> None:
    dice = np.random.default_rng(seed)
    desk = Desk(directory, seed, level=level)
    for count in dice.integers(1, 40, 60).tolist():
        desk.fill(count)
        assert desk.memory.control[JOURNALED] == len(desk.written)
    desk.close()
    assert len(segment_files(directory)) > 15
    assert all(path.stat().st_size == SEGMENT_BYTES for path in segment_files(directory))
    assert journal_records(directory, 1).tobytes() == desk.written.tobytes()
    assert last_sequence(directory, 1) == len(desk.written)


def test_records_that_gather_become_one_frame_unless_each_is_synced(directory: Path) -> None:
    for level, frames in (("memory", 1), ("group", 1), ("each", 20)):
        desk = Desk(directory / level, level=level)
        desk.log(20)
        assert desk.write() == frames
        desk.close()


def test_frames_wrap_with_the_logs_ring(directory: Path) -> None:
    desk = Desk(directory, segment_bytes=1 << 17)
    capacity = len(desk.memory.log.slots)
    for _ in range(10):
        desk.fill(capacity * 3 // 8)
    desk.close()
    assert journal_records(directory).tobytes() == desk.written.tobytes()


def test_writing_goes_on_after_a_new_start(directory: Path, seed: int) -> None:
    written = [filled(directory, 10, 20, 30, seed=seed + number).tobytes() for number in range(5)]
    assert journal_records(directory).tobytes() == b"".join(written)
    assert journal_records(directory)["sequence"].tolist() == list(range(1, 301))


def test_a_journal_that_does_not_exist_is_empty(directory: Path) -> None:
    assert last_sequence(directory) == 0
    assert len(JournalReader(directory).next_batch()) == 0
    assert JournalReader(directory).end()[0] is None
    assert JournalReader(directory).cut_torn_tail() == 0


def test_a_journal_whose_last_segment_is_empty_ends_with_the_one_before(directory: Path) -> None:
    filled(directory, 63)
    desk = Desk(directory)
    desk.fill(1)
    desk.close()
    change(segment_files(directory)[-1], HEADER_BYTES, bytes(128))
    assert last_sequence(directory) == 63
    assert len(journal_records(directory)) == 63


def torn(directory: Path, copy: Path, keep: int, fill: bytes) -> Path:
    """A copy of a journal, in whose last frame only the first `keep` bytes arrived; the rest of it is `fill`."""
    copy.mkdir()
    for path in segment_files(directory):
        (copy / path.name).write_bytes(path.read_bytes())
    last = segment_files(copy)[-1]
    size = 64 * 4  # a frame of three records
    change(last, _last_frame(last) + keep, (fill * size)[: size - keep])
    return last


def _last_frame(path: Path) -> int:
    """Where the last frame of a file begins: its first eight bytes are those of the first frame."""
    data = path.read_bytes()
    return data.rindex(data[HEADER_BYTES : HEADER_BYTES + 8])


@pytest.mark.parametrize("fill", [b"\0", b"\xff", b"garbage "])
def test_a_torn_tail_is_cut_wherever_it_tore(tmp_path: Path, directory: Path, fill: bytes) -> None:
    written = filled(directory, 30, 20, 5, 3)
    last = segment_files(directory)[-1]
    frame = last.read_bytes()[_last_frame(last) :][:256]
    for keep in (*range(0, 72), 127, 128, 129, 190, 200, 248, 255):
        copy = tmp_path / f"torn-{keep}"
        torn(directory, copy, keep, fill)
        if frame[:keep] + (fill * 256)[: 256 - keep] == frame:
            continue
        assert journal_records(copy).tobytes() == written[:55].tobytes()
        assert last_sequence(copy) == 55
        desk = Desk(copy, 7)
        assert 0 < desk.writer.torn_bytes <= 256 or frame[:keep].strip(b"\0") == b""
        assert desk.memory.control[JOURNALED] == 55
        desk.fill(9)
        desk.close()
        assert journal_records(copy).tobytes() == written[:55].tobytes() + desk.written.tobytes()


def test_a_whole_journal_has_no_torn_tail(directory: Path) -> None:
    filled(directory, 10, 10)
    desk = Desk(directory)
    assert desk.writer.torn_bytes == 0
    desk.close()


def test_a_segment_that_was_not_finished_is_removed(directory: Path) -> None:
    written = filled(directory, 10)
    unfinished = directory / "00000000000000000011.new"
    unfinished.write_bytes(b"half a header")
    assert len(journal_records(directory)) == 10
    filled(directory, 60)
    assert not unfinished.exists()
    assert journal_records(directory)[:10].tobytes() == written.tobytes()


def test_a_reader_goes_on_while_the_journal_grows(directory: Path, seed: int) -> None:
    dice = np.random.default_rng(seed)
    desk = Desk(directory, seed)
    reader = JournalReader(directory, 1)
    seen = np.zeros(0, COMMAND)
    for count in dice.integers(0, 30, 100).tolist():
        desk.fill(count)
        if dice.integers(3) == 0:
            while len(batch := reader.next_batch()):
                seen = np.concatenate([seen, batch])
            assert reader.sequence == len(desk.written)
            assert seen.tobytes() == desk.written.tobytes()
    desk.close()


def test_a_reader_that_meets_a_frame_half_written_reads_it_when_it_is_whole(directory: Path) -> None:
    desk = Desk(directory)
    desk.fill(5)
    reader = JournalReader(directory)
    assert len(reader.next_batch()) == 5
    desk.fill(7)
    path = segment_files(directory)[0]
    whole = path.read_bytes()
    place = _last_frame(path)
    for arrived in (8, 64, 100, 511):
        change(path, place, whole[place : place + arrived] + bytes(512 - arrived))
        assert len(reader.next_batch()) == 0
    change(path, place, whole[place : place + 512])
    assert reader.next_batch()["sequence"].tolist() == list(range(6, 13))
    desk.close()


def test_a_frame_that_is_finished_while_it_is_judged_is_no_damage(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer finishes the frame, and another, and a whole segment, between two looks of the reader."""
    desk = Desk(directory)
    desk.fill(5)
    reader = JournalReader(directory)
    assert len(reader.next_batch()) == 5
    desk.fill(7)
    path = segment_files(directory)[0]
    whole = path.read_bytes()
    place = _last_frame(path)
    change(path, place + 100, bytes(412))
    read = JournalReader._read
    looks = 0

    def look(self: JournalReader, segment: object, until: int) -> tuple[int, int]:
        nonlocal looks
        looks += 1
        found = read(self, segment, until)  # type: ignore[arg-type]
        if looks == 1:
            change(path, 0, whole)
            desk.fill(20, 40, 40)
        return found

    monkeypatch.setattr(JournalReader, "_read", look)
    seen = []
    while len(batch := reader.next_batch()):
        seen += batch["sequence"].tolist()
    assert seen == list(range(6, 113))
    assert looks > 1
    desk.close()


def test_a_segment_that_is_finished_between_two_looks_is_read_to_its_end(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(directory)
    desk.fill(5)
    reader = JournalReader(directory)
    reader.next_batch()
    read = JournalReader._read
    looks = 0

    def look(self: JournalReader, segment: object, until: int) -> tuple[int, int]:
        nonlocal looks
        looks += 1
        found = read(self, segment, until)  # type: ignore[arg-type]
        if looks == 1:
            desk.fill(40, 40)  # the second one in the next segment
        return found

    monkeypatch.setattr(JournalReader, "_read", look)
    assert len(reader.next_batch()) == 0
    seen = []
    while len(batch := reader.next_batch()):
        seen += batch["sequence"].tolist()
    assert seen == list(range(6, 86))
    desk.close()


@pytest.mark.parametrize("level", ["group", "each"])
def test_what_an_earlier_writer_left_unsynced_is_synced_before_it_counts(
    directory: Path, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    filled(directory, 40, 40, 40, 40)
    synced: list[str] = []
    fdatasync = os.fdatasync

    def sync(descriptor: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        fdatasync(descriptor)

    monkeypatch.setattr(os, "fdatasync", sync)
    desk = Desk(directory, level=level)
    assert synced == [path.name for path in segment_files(directory)]
    assert len(synced) == 3
    desk.close()


def test_a_full_segment_does_not_hold_the_log_back_for_ever(directory: Path) -> None:
    desk = Desk(directory)
    for _ in range(20):
        desk.fill(63)
    assert int(broadcast.published(desk.memory.log)) == desk.writer.written == 20 * 63
    assert len(segment_files(directory)) >= 20
    desk.close()


def test_a_journal_that_was_cut_below_a_running_log_is_refused(directory: Path) -> None:
    desk = Desk(directory)
    desk.fill(10, 10)
    desk.close()
    path = segment_files(directory)[0]
    change(path, _last_frame(path), bytes(11 * 64))
    with pytest.raises(JournalError, match="ends at sequence 10, but the running venue had journaled 20"):
        JournalWriter(directory, desk.memory, "memory", SEGMENT_BYTES, timespec())


@pytest.mark.parametrize("frames", [[20, 20, 20, 3, 20, 10], [5], [60, 4]])
def test_a_reader_can_begin_behind_any_frame_and_knows_the_chain_there(tmp_path: Path, frames: list[int]) -> None:
    written = filled(tmp_path, *frames)
    whole = JournalReader(tmp_path)
    while len(whole.next_batch()):
        pass
    for end in np.cumsum([0, *frames]).tolist():
        before = JournalReader(tmp_path, after=0)
        reader = JournalReader(tmp_path, after=end)
        batches = [written[:0]]
        while len(batch := reader.next_batch()):
            batches.append(batch.view(np.ndarray).copy())
        assert np.concatenate(batches).tobytes() == written[end:].tobytes()
        assert (reader.sequence, reader.chain, reader.venue) == (whole.sequence, whole.chain, whole.venue)
        assert len(before.next_batch())


def test_a_reader_cannot_begin_within_a_frame_nor_behind_the_end(tmp_path: Path) -> None:
    filled(tmp_path, 5, 5)
    for after in (3, 11):
        with pytest.raises(JournalError, match=f"no frame ends with sequence {after}"):
            JournalReader(tmp_path, after=after).next_batch()


def test_a_reader_can_begin_with_what_is_left_of_the_log(tmp_path: Path) -> None:
    written = filled(tmp_path, *[20] * 9)
    first, second, *_ = segment_files(tmp_path)
    first.unlink()
    reader = JournalReader(tmp_path, after=None)
    left = int(second.stem)
    assert reader.next_batch()["sequence"][0] == left
    assert reader.sequence > left
    with pytest.raises(JournalError, match=f"begins with sequence {left}, and the records from 1 on are needed"):
        JournalReader(tmp_path).next_batch()
    assert len(written) == 180

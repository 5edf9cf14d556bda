from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shm.segment import (
    HEADER_BYTES,
    InvalidSegmentError,
    Segment,
    SegmentError,
    SegmentInUseError,
    SegmentNotFoundError,
    SharedMemoryFullError,
    list_segments,
    process_start_time,
    unlink_all,
)
from tests.stress.processes import Processes

SHARED_MEMORY = Path("/dev/shm")
VERSION_OFFSET, SIZE_OFFSET, PID_OFFSET, START_TIME_OFFSET = 8, 16, 24, 32


@pytest.fixture
def name(venue_name: str) -> Any:
    """The name of a segment that is gone after the test."""
    prefix = f"/tradsys-{venue_name}"
    yield f"{prefix}-log"
    unlink_all(prefix)


def file_of(name: str) -> Path:
    return SHARED_MEMORY / name[1:]


def patch(name: str, offset: int, value: int) -> None:
    """Write a word into a segment's header from outside."""
    with file_of(name).open("r+b") as file:
        file.seek(offset)
        file.write(value.to_bytes(8, "little"))


def words(segment: Segment) -> Any:
    return segment.arena().array(np.int64, 8)


def test_what_one_mapping_writes_another_reads(name: str) -> None:
    made = Segment.create(name, 64, "log")
    words(made)[:] = range(8)
    other = Segment.attach(name, "log")
    assert words(other).tolist() == list(range(8))
    assert (other.size, other.kind, other.owner_pid, other.alive) == (64, "log", os.getpid(), True)
    assert other.created_ns == made.created_ns
    assert not made.reclaimed


def test_another_process_reads_it_too(name: str, processes: Processes) -> None:
    made = Segment.create(name, 64, "test")
    words(made)[:] = 3
    assert processes.start("read", name).result() == [3] * 8


def test_memory_is_zeroed_allocated_and_page_aligned(name: str) -> None:
    made = Segment.create(name, 100_000, "log")
    status = file_of(name).stat()
    assert status.st_size == HEADER_BYTES + 100_000
    assert status.st_blocks * 512 >= status.st_size
    assert status.st_mode & 0o777 == 0o600
    array = made.arena().array("u1", 100_000)
    assert not array.any()
    assert array.ctypes.data % 4096 == 0


def test_arrays_outlive_close_and_unlink(name: str) -> None:
    made = Segment.create(name, 64, "log")
    array = words(made)
    made.close()
    made.close()
    made.unlink()
    made.unlink()
    array[3] = 5
    assert array[3] == 5
    assert not made.alive
    with pytest.raises(SegmentError, match="is closed"):
        made.arena()


def test_a_segment_of_a_live_process_is_not_taken_away(name: str, processes: Processes) -> None:
    owner = processes.start("own", name, 64)
    assert owner.line() == "created"
    with pytest.raises(SegmentInUseError, match=f"in use by process {owner.pid}") as caught:
        Segment.create(name, 64, "test")
    assert caught.value.pid == owner.pid
    assert words(Segment.attach(name)).tolist() == [7] * 8


@pytest.mark.parametrize("reap", [True, False], ids=["reaped", "zombie"])
def test_the_segment_of_a_killed_process_is_found_stale_and_reclaimed(
    name: str, processes: Processes, reap: bool
) -> None:
    owner = processes.start("own", name, 64)
    assert owner.line() == "created"
    old = words(Segment.attach(name))
    owner.kill(reap=reap)
    if not reap:
        os.waitid(os.P_PID, owner.pid, os.WEXITED | os.WNOWAIT)
    assert [(found.name, found.alive) for found in list_segments(name)] == [(name, False)]
    made = Segment.create(name, 64, "test")
    assert made.reclaimed
    assert words(made).tolist() == [0] * 8
    assert old.tolist() == [7] * 8, "who still has the old one mapped keeps it"
    assert made.owner_pid == os.getpid()


def test_a_reused_pid_is_not_taken_for_the_owner(name: str) -> None:
    made = Segment.create(name, 64, "log")
    patch(name, START_TIME_OFFSET, process_start_time(os.getpid()) - 1)
    assert not made.alive
    assert Segment.create(name, 64, "log").reclaimed


@pytest.mark.parametrize("content", [b"", bytes(100), bytes(HEADER_BYTES + 64)], ids=["empty", "short", "no magic"])
def test_what_a_creator_killed_at_work_left_is_refused_by_attach_and_reclaimed_by_create(
    name: str, content: bytes
) -> None:
    file_of(name).write_bytes(content)
    with pytest.raises(InvalidSegmentError):
        Segment.attach(name)
    assert list_segments(name) == []
    assert Segment.create(name, 64, "log").reclaimed


def test_foreign_shared_memory_is_neither_attached_nor_removed(name: str) -> None:
    file_of(name).write_bytes(b"somebody else's" * 1000)
    with pytest.raises(InvalidSegmentError, match="not a finished segment"):
        Segment.attach(name)
    with pytest.raises(InvalidSegmentError, match="not of this program"):
        Segment.create(name, 64, "log")
    assert unlink_all(name) == []
    file_of(name).unlink()


def test_attach_names_what_is_wrong(name: str) -> None:
    with pytest.raises(SegmentNotFoundError, match=f"no shared memory {name}"):
        Segment.attach(name)
    Segment.create(name, 64, "log")
    with pytest.raises(InvalidSegmentError, match="of kind 'log', not 'events'"):
        Segment.attach(name, "events")
    patch(name, SIZE_OFFSET, 1 << 20)
    with pytest.raises(InvalidSegmentError, match=r"has 4160 bytes, its header says 1048576"):
        Segment.attach(name)
    patch(name, VERSION_OFFSET, 99)
    with pytest.raises(InvalidSegmentError, match="layout version 99, this program needs 1"):
        Segment.attach(name)


def test_too_little_shared_memory_is_an_error_now_and_not_a_crash_later(name: str) -> None:
    status = os.statvfs(SHARED_MEMORY)
    needed = status.f_blocks * status.f_frsize * 2
    with pytest.raises(SharedMemoryFullError, match=r"needs [\d,]+ bytes, but /dev/shm has only [\d,]+ free") as caught:
        Segment.create(name, needed, "log")
    assert caught.value.needed == needed + HEADER_BYTES
    assert 0 < caught.value.free <= needed
    assert not file_of(name).exists()


@pytest.mark.parametrize(
    ("bad_name", "size", "kind"),
    [("no-slash", 64, "log"), ("/a/b", 64, "log"), ("/", 64, "log"), ("/x", 0, "log"), ("/x", 64, "k" * 33)],
)
def test_bad_arguments_are_refused(bad_name: str, size: int, kind: str) -> None:
    with pytest.raises(ValueError, match="a segment"):
        Segment.create(bad_name, size, kind)


def test_two_sets_of_segments_live_side_by_side(venue_name: str) -> None:
    sets = [f"/tradsys-{venue_name}-{venue}" for venue in ("east", "west")]
    made = {f"{prefix}-{part}": Segment.create(f"{prefix}-{part}", 64, part) for prefix in sets for part in ("a", "b")}
    for value, segment in enumerate(made.values()):
        words(segment)[:] = value
    assert [found.name for found in list_segments(sets[0])] == [f"{sets[0]}-a", f"{sets[0]}-b"]
    assert unlink_all(sets[0]) == [f"{sets[0]}-a", f"{sets[0]}-b"]
    assert list_segments(sets[0]) == []
    assert words(Segment.attach(f"{sets[1]}-b")).tolist() == [3] * 8
    assert len(unlink_all(sets[1])) == 2


def test_of_many_that_reclaim_a_stale_segment_at_once_one_wins(name: str) -> None:
    for _ in range(20):
        Segment.create(name, 64, "log")
        patch(name, PID_OFFSET, 1 << 22)  # above every pid
        barrier, won, lost = threading.Barrier(4), list[Segment](), list[SegmentError]()

        def contend(barrier: threading.Barrier, won: list[Segment], lost: list[SegmentError]) -> None:
            barrier.wait(30)
            try:
                won.append(Segment.create(name, 64, "log"))
            except SegmentInUseError as error:
                lost.append(error)

        threads = [threading.Thread(target=contend, args=(barrier, won, lost)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert (len(won), len(lost)) == (1, 3)
        words(won[0])[0] = 9
        assert words(Segment.attach(name))[0] == 9
        unlink_all(name)


def test_a_process_that_is_gone_has_no_start_time() -> None:
    assert process_start_time(os.getpid()) > 0
    assert process_start_time(1 << 22) == 0

"""Finished segments are on disk and no longer in memory, and nothing of them is lost."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Logged
from tests.workers.journals import Desk, filled, segment_files
from tests.workers.running import until
from tests.workers.stepped import journal_records
from workers.journal import writeback as writebacks
from workers.journal.writeback import Writeback

_libc = ctypes.CDLL(None, use_errno=True)
PAGE = mmap.PAGESIZE


def resident(path: Path) -> int:
    """How many pages of a file are in memory, as the system says."""
    size = path.stat().st_size
    with path.open("rb") as file, mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ, flags=mmap.MAP_PRIVATE) as map:
        states = (ctypes.c_ubyte * (-(-size // PAGE)))()
        view = np.frombuffer(map, np.uint8)
        done = _libc.mincore(ctypes.c_void_p(view.ctypes.data), ctypes.c_size_t(size), states)
        del view
        assert done == 0, os.strerror(ctypes.get_errno())
        return sum(state & 1 for state in states)


@pytest.fixture
def writeback(tmp_path: Path) -> Iterator[Writeback]:
    """One over the test's journal."""
    (tmp_path / "journal").mkdir()
    running = Writeback(tmp_path / "journal")
    yield running
    running.close()


def test_finished_segments_leave_memory_and_the_last_one_stays(tmp_path: Path, writeback: Writeback) -> None:
    desk = Desk(tmp_path / "journal")
    desk.fill(*[20] * 30)
    files = segment_files(tmp_path / "journal")
    assert len(files) > 3
    until(lambda: not any(map(resident, files[:-1])), "finished segments to leave memory")
    assert resident(files[-1]) > 0
    desk.fill(*[20] * 30)
    more = segment_files(tmp_path / "journal")
    until(lambda: not any(map(resident, more[:-1])), "later ones to leave it too")
    desk.close()
    assert np.array_equal(journal_records(tmp_path / "journal"), desk.written)


def test_it_ends_at_once(tmp_path: Path) -> None:
    running = Writeback(tmp_path / "no such directory")
    running.close()
    assert not running._thread.is_alive()


def test_a_segment_that_was_archived_or_dropped_meanwhile_is_no_fault(
    tmp_path: Path, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a start there may be many to go through, and who takes a snapshot clears some of them away."""
    filled(tmp_path / "journal", *[20] * 30)
    listed = segment_files(tmp_path / "journal")
    listed[0].unlink()
    monkeypatch.setattr(writebacks, "named_after_sequences", lambda directory, ending: listed)
    running = Writeback(tmp_path / "journal")
    until(lambda: running._done == listed[-2].name, "every finished segment to be looked at")
    running.close()
    assert not any(map(resident, listed[1:-1]))
    assert [line for line in logged.lines() if line["level"] == "error"] == []


def test_a_disk_that_cannot_be_looked_at_for_a_while_does_not_end_it(
    tmp_path: Path, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path / "journal", *[20] * 30)

    def fail(directory: Path, ending: str) -> list[Path]:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(writebacks, "named_after_sequences", fail)
    running = Writeback(tmp_path / "journal")
    until(lambda: logged.lines("journal"), "the disk to be found failing", 5)
    monkeypatch.undo()
    finished = segment_files(tmp_path / "journal")[:-1]
    until(lambda: not any(map(resident, finished)), "finished segments to leave memory", 5)
    running.close()
    assert {line["level"] for line in logged.lines("journal")} == {"error"}

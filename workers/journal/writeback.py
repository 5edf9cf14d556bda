"""Finished segments leave the page cache: written to disk in the background, in small parts, then dropped.

Left to the system, a journal that grows fast fills memory with pages that nobody reads, each new one has to be found
and cleared while the sequencer's core waits, and after half a minute all of it is written at once. Here the same few
pages are used again and again: docs/adr/0011.
"""

from __future__ import annotations

import ctypes
import os
import threading
from pathlib import Path

from tradsys import logging
from workers.journal.beside import Beside
from workers.journal.segments import ENDING, named_after_sequences

PART_BYTES = 2 << 20
_PAUSE_SECONDS = 0.01
"""Between two parts, so that a segment is not written in one burst: 64 MB take a third of a second."""
_LOOK_SECONDS = 0.2
_BEHIND_MAX = 2
"""Finished segments that may wait; with more there are no pauses."""
_NICE = 10
"""Nobody waits for it; whoever trades on those cores goes first."""
_WAIT_BEFORE, _WRITE, _WAIT_AFTER = 1, 2, 4

_libc = ctypes.CDLL(None, use_errno=True)
_sync_file_range = _libc.sync_file_range
_sync_file_range.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]


class Writeback(Beside):
    """A thread beside the journal's writer. It only ever touches files that the writer has left for good."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._log = logging.logger("journal")
        self._done = ""
        super().__init__("writeback", _LOOK_SECONDS)

    def begin(self) -> None:
        """Go out of the traders' way."""
        assert threading.current_thread() is not threading.main_thread(), "the worker itself stays where it is"
        _leave_core()
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)

    def look(self) -> None:
        """Write out and drop what has been finished since; what is left at the end the system writes some time."""
        try:
            finished = [path for path in named_after_sequences(self._directory, ENDING)[:-1] if path.name > self._done]
        except OSError as error:
            self._log.error("the journal's files cannot be looked for", error=str(error))
            return
        for number, path in enumerate(finished):
            if self._ended.is_set():
                return
            pause = _PAUSE_SECONDS if len(finished) - number <= _BEHIND_MAX else 0.0
            try:
                self._drop(path, pause)
            except FileNotFoundError:
                pass  # archived or dropped meanwhile: a snapshot makes up for it
            except OSError as error:
                # Its pages stay: they may be the only whole copy.
                self._log.error("a finished segment cannot be written to disk", file=str(path), error=str(error))
            assert path.name > self._done, "every segment is dropped once"
            self._done = path.name

    def _drop(self, path: Path, pause: float) -> None:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            for start in range(0, os.fstat(descriptor).st_size, PART_BYTES):
                if _sync_file_range(descriptor, start, PART_BYTES, _WAIT_BEFORE | _WRITE | _WAIT_AFTER) != 0:
                    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
                if self._ended.wait(pause):
                    return
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def _leave_core() -> None:
    """Let the thread run anywhere but on the cores of the worker, when there are others."""
    others = set(range(os.cpu_count() or 1)) - os.sched_getaffinity(0)
    if others:
        try:
            os.sched_setaffinity(0, others)
        except OSError:
            return  # none of them is ours to use

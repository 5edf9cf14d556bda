"""A recorder for as long as its process lives: whatever goes wrong is told once, and tried again."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import Any

from tradsys.logging import logger
from workers.codes import code_of
from workers.journal import JournalError
from workers.memory import HEARTBEAT_NS, JOURNALED, READY, RECOVERING, STATE, VenueMemory
from workers.recorder.database import RECORDER, HistoryError, history_path
from workers.recorder.history import History
from workers.recorder.recorder import Recorder
from workers.venue import Venue

_AGAIN_NS, _ANEW_NS = 1_000_000_000, 10_000_000_000
"""After what may pass by itself, and after what means that the log is read anew: until the next attempt."""
_FAULTS = (HistoryError, JournalError, sqlite3.OperationalError, OSError)


class Recording:
    """`step` is called several times a second."""

    def __init__(self, venue: Venue, memory: VenueMemory, line: Any, beat: Callable[[], None]) -> None:
        """`line` is the worker's; `beat` is called now and then while the log is read up to where the history is."""
        self._venue = venue
        self._memory = memory
        self._line = line
        self._beat = beat
        self._path = history_path(venue.path)
        self._log = logger(RECORDER)
        self._history: History | None = None
        self._recorder: Recorder | None = None
        self._trouble = ""
        self._again_ns = 0

    def step(self, now_ns: int) -> int:
        """Record some, at the monotonic time `now_ns`; gives how many records of the log were read."""
        assert (self._history is None) == (self._recorder is None), "who records has a file"
        count = 0
        if now_ns >= self._again_ns:
            if self._recorder is None or not self._recorder.has_begun:
                self._line[STATE] = RECOVERING
            count = self._try(now_ns)
        self._line[HEARTBEAT_NS] = time.monotonic_ns()
        self._line[STATE] = RECOVERING if self._trouble else READY
        return count

    def _try(self, now_ns: int) -> int:
        try:
            count = (self._recorder or self._begin()).step(now_ns)
        except _FAULTS as error:
            self._complain(error, now_ns)
            return 0
        assert count >= 0, "the log is followed forward"
        if self._trouble:
            self._log.info("the history goes on", was=self._trouble)
            self._trouble = ""
        return count

    def finish(self) -> None:
        """Write what was read, and let go of the file."""
        if self._recorder is not None and not self._trouble:
            try:
                self._recorder.write()
            except _FAULTS as error:
                self._complain(error, 0)
        self._let_go()

    def _begin(self) -> Recorder:
        assert self._history is None, "one history at a time"
        venue, control = self._venue, self._memory.control
        self._history = History(self._path)
        self._recorder = Recorder(
            self._history,
            venue.journal_directory,
            venue.sizes,
            lambda: int(control[JOURNALED]),
            self._log.warning,
            self._beat,
        )
        return self._recorder

    def _complain(self, error: Exception, now_ns: int) -> None:
        """Say what is wrong, if that is news. What was read and could only not be written is kept."""
        may_pass = isinstance(error, sqlite3.OperationalError)
        assert may_pass or not isinstance(error, sqlite3.Error), "nothing is wrong with what is written"
        self._again_ns = now_ns + (_AGAIN_NS if may_pass else _ANEW_NS)
        if not may_pass:
            self._let_go()
        if str(error) != self._trouble:
            self._trouble = str(error)
            self._log.error(
                "the history is not carried on; trying again, and nothing of it is lost",
                code=code_of(error) or HistoryError.CODE,
                file=str(self._path),
                why=self._trouble,
            )

    def _let_go(self) -> None:
        if self._history is not None:
            self._history.close()
        self._history = self._recorder = None

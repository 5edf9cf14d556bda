"""Sees that the disk is stuck while the journal's writer, inside a write or sync, cannot."""

from __future__ import annotations

import time
from typing import Any

from workers.journal.beside import Beside
from workers.journal.frames import SINCE_NS
from workers.journal.trouble import STUCK
from workers.journal.writer import JournalWriter
from workers.memory import HEARTBEAT_NS, LINE, SLOW

_LOOK_SECONDS = 0.1
_MILLISECOND_NS = 1_000_000


class SyncWatch(Beside):
    """A thread beside the writer. It tells of a write or sync that takes longer than `stuck_ms`, until it is over.

    It also keeps the worker's heart beating meanwhile: to kill the worker would not make the disk any quicker.
    """

    def __init__(self, writer: JournalWriter, line: Any, stuck_ms: int) -> None:
        """`line`: the worker's."""
        assert stuck_ms > 0, "every write takes some time"
        assert len(line) == LINE, "one worker's line"
        self._words = writer.state.words
        self._trouble = writer.trouble
        self._line = line
        self._stuck_ns = stuck_ms * _MILLISECOND_NS
        super().__init__("sync watch", _LOOK_SECONDS)

    def look(self) -> None:
        """See how long the writer has been inside the system."""
        since_ns, now_ns = int(self._words[SINCE_NS]), time.monotonic_ns()
        assert since_ns >= 0, "a time, or 0 without a write"
        if since_ns:
            self._line[HEARTBEAT_NS] = now_ns
        if since_ns and now_ns - since_ns > self._stuck_ns:
            self._trouble.begin(STUCK, SLOW)
        else:
            self._trouble.end(STUCK)

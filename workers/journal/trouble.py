"""What is wrong with the journal's disk at the moment, shown in shared memory, and told in the log once."""

from __future__ import annotations

import os
import threading
import time

from shm.counters import STRIDE
from tradsys import logging
from workers.memory import JOURNAL_TROUBLE, SLOW, TROUBLE_SINCE_NS, VenueMemory

WRITING = "the journal cannot be written"
SPACE = "there is no room for the journal's next segment"
STUCK = "a write of the journal takes too long"
_BY_WEIGHT = (WRITING, SPACE, STUCK)


def why(code: int) -> str:
    """What an errno or SLOW means, in words."""
    assert code != 0, "0 says that all is well"
    return "the disk is too slow, or stuck" if code == SLOW else os.strerror(code)


class Trouble:
    """The causes that hold; the writer and the threads beside it begin and end them.

    The counter `journal_troubles` says how often there was one.
    """

    def __init__(self, memory: VenueMemory) -> None:
        self._control = memory.control
        self._codes: dict[str, int] = {}
        self._lock = threading.Lock()
        self._log = logging.logger("journal")
        self._values = memory.counters.values
        self._count = STRIDE * memory.counters.allocate("journal_troubles")
        self._show()  # a writer before may have died with its troubles

    def begin(self, cause: str, code: int) -> None:
        """`cause` holds from now on, with an errno or SLOW; told when it did not hold before."""
        assert code > 0 or code == SLOW, "an errno, or SLOW"
        assert cause in _BY_WEIGHT, "a cause that there is"
        with self._lock:
            if cause not in self._codes:
                self._log.error(f"{cause}; no new orders are taken meanwhile", why=why(code))
                self._values[self._count] += 1
            self._codes[cause] = code
            self._show()

    def end(self, cause: str) -> None:
        """`cause` does not hold, or no longer."""
        assert cause in _BY_WEIGHT, "a cause that there is"
        with self._lock:
            if self._codes.pop(cause, 0):
                self._log.warning("the journal is well again", after=cause)
                self._show()

    def _show(self) -> None:
        control = self._control
        assert self._codes.keys() <= set(_BY_WEIGHT), "causes that there are"
        code = next((self._codes[cause] for cause in _BY_WEIGHT if cause in self._codes), 0)
        assert (code != 0) == bool(self._codes), "while a cause holds, something is shown"
        if code and not control[JOURNAL_TROUBLE]:
            control[TROUBLE_SINCE_NS] = time.monotonic_ns()
        control[JOURNAL_TROUBLE] = code

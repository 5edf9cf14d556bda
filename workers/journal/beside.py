"""Threads beside the journal's writer, for what must not hold it up."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod


class Beside(ABC):
    """A thread that looks after something every so often, until it is closed."""

    def __init__(self, name: str, every_seconds: float) -> None:
        """Start the thread: what `look` needs must be there already."""
        assert every_seconds > 0, "a thread that never waits would take a core"
        self._every_seconds = every_seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread; what it is at it may leave unfinished."""
        assert threading.current_thread() is not self._thread, "a thread cannot wait for its own end"
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        self.begin()
        while not self._ended.wait(self._every_seconds):
            self.look()

    def begin(self) -> None:  # noqa: B027 - most have nothing to prepare
        """In the thread, before the first look."""

    @abstractmethod
    def look(self) -> None:
        """In the thread, every so often."""

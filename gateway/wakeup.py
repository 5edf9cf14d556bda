"""When a gateway's duty cycle runs: at the bell, after a submission, and at the latest every timer tick."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from gateway.edge import Edge
from shm import doorbell
from shm.doorbell import PollableBell


class Wakeup:
    """Joins an edge to its event loop. The edge's bell is armed whenever the loop may sleep."""

    def __init__(
        self,
        edge: Edge,
        bells: Any,
        index: int,
        bell: PollableBell,
        beat: Callable[[], None],
        spin_turns: int,
    ) -> None:
        self._edge = edge
        self._bells = bells
        self._index = index
        self._bell = bell
        self._beat = beat
        self._spin_turns = spin_turns
        self._expected = 0
        self._running = False
        self._scheduled = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to take events; from now on the bell wakes the loop."""
        self._loop = loop
        self._running = True
        loop.add_reader(self._bell.fileno(), self._rung)
        if self._spin_turns:
            self._edge.entry.on_submission = self._submitted
        self._run()

    def stop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take no more events."""
        if self._running:
            self._running = False
            loop.remove_reader(self._bell.fileno())

    def tick(self) -> None:
        """The timer: a heartbeat, requests that waited too long, and events whose bell was missed."""
        self._beat()
        if self._running:
            self._edge.expire()
            if not self._scheduled:
                self._run()

    def _rung(self) -> None:
        self._bell.drain()
        if not self._scheduled:
            self._run()

    def _submitted(self, symbol: int) -> None:
        """The answer is microseconds away: look for it before sleeping, when this cycle's requests have been read."""
        self._expected = symbol % self._edge.memory.sizes.shards
        if not self._scheduled:
            self._scheduled = True
            doorbell.cancel_sleep(self._bells, self._index)  # spares the engine and us a trip through the kernel
            self._loop.call_soon(self._run_expecting)

    def _run_expecting(self) -> None:
        self._edge.feed.await_events(self._expected, self._spin_turns)
        self._run()

    def _run(self) -> None:
        """One duty cycle, and then either the next one soon or sleep."""
        self._scheduled = False
        if not self._running:
            return
        if not self._edge.pump():
            doorbell.prepare_sleep(self._bells, self._index)
            # The writer may have published between the pump and the flag, and then has not rung.
            if not self._edge.has_events():
                return
            doorbell.cancel_sleep(self._bells, self._index)
        # Sockets are served in between: a busy market must not shut them out.
        self._scheduled = True
        self._loop.call_soon(self._run)

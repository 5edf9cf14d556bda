"""What a gateway counts, in the venue's shared table of counters: read by `tradsys status` and `top`."""

from __future__ import annotations

from shm.counters import STRIDE, CounterKind, Counters


class Count:
    """One counter of the table, written by this process alone."""

    def __init__(self, table: Counters, name: str, kind: CounterKind = CounterKind.COUNTER) -> None:
        self._words = memoryview(table.values)
        self._place = STRIDE * table.allocate(name, kind)
        if kind == CounterKind.GAUGE:
            self._words[self._place] = 0  # what a predecessor had open is gone with it

    def add(self, number: int = 1) -> None:
        """Count `number` more; below zero for a gauge that falls."""
        self._words[self._place] += number


class Tally:
    """The counters of the gateway `name`; they outlive its restarts."""

    def __init__(self, table: Counters, name: str) -> None:
        self.commands = Count(table, f"{name} commands sent")
        self.refused = Count(table, f"{name} commands refused")
        self.busy = Count(table, f"{name} ring full")
        self.unjournaled = Count(table, f"{name} refused without journal")
        self.timeouts = Count(table, f"{name} unanswered in time")
        self.lapped = Count(table, f"{name} lapped")
        self.sockets = Count(table, f"{name} sockets open", CounterKind.GAUGE)

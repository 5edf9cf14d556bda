"""The venue's table of counters as a board: the monitor writes its readings and alarms, every process may read them."""

from __future__ import annotations

import msgspec

from shm.counters import STRIDE, CounterKind, Counters
from workers.memory import HEARTBEAT_NS, VenueMemory
from workers.monitoring.alarms import Alarms
from workers.monitoring.probes import MONITOR, PROBES, Probe, Readings
from workers.topology import WorkerPlan

_UNREAD = -1
SILENT_NS = 5_000_000_000
"""What a monitor has written that is silent for longer counts no more."""


class ProbeView(msgspec.Struct, frozen=True):
    """What a probe read last, None when it could not. `fatal`: the venue is not ready while the alarm is on."""

    name: str
    value: int | None
    alarm: bool
    fatal: bool

    @property
    def words(self) -> str:
        """What its alarm means."""
        words = next(probe.words for probe in PROBES if probe.name == self.name)
        return words.format(0 if self.value is None else self.value)


def is_probe(counter: str) -> bool:
    """Whether the counter is one of the board's."""
    return counter.startswith("probe ")


def _value_name(probe: Probe) -> str:
    return f"probe {probe.name}"


def _alarm_name(probe: Probe) -> str:
    return f"probe {probe.name} alarm"


class Board:
    """The monitor's side: the only writer."""

    def __init__(self, counters: Counters) -> None:
        """Raises RuntimeError when the table is full."""
        self._values = counters.values
        self._places = {
            probe.name: (
                STRIDE * counters.allocate(_value_name(probe), CounterKind.GAUGE),
                STRIDE * counters.allocate(_alarm_name(probe), CounterKind.GAUGE),
            )
            for probe in PROBES
        }

    def write(self, readings: Readings, alarms: Alarms) -> None:
        """Show one look."""
        for name, (value, alarm) in self._places.items():
            reading = readings[name]
            self._values[value] = _UNREAD if reading is None else reading
            self._values[alarm] = alarms[name].is_on


def read_board(counters: Counters) -> list[ProbeView]:
    """What the monitor has written last; nothing when none has ever looked."""
    found = counters.snapshot()
    return [
        ProbeView(
            probe.name,
            None if found[_value_name(probe)] == _UNREAD else found[_value_name(probe)],
            bool(found[_alarm_name(probe)]),
            probe.is_fatal,
        )
        for probe in PROBES
        if _value_name(probe) in found and _alarm_name(probe) in found
    ]


def is_watched(memory: VenueMemory, workers: list[WorkerPlan], now_ns: int) -> bool | None:
    """Whether the monitor lives at the monotonic time `now_ns`; None when the venue has none."""
    for plan in workers:
        if plan.has(MONITOR):
            return now_ns - int(memory.line(plan.index)[HEARTBEAT_NS]) <= SILENT_NS
    return None

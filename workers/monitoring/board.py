"""The venue's table of counters as a board: the monitor writes its readings and alarms, every process may read them."""

from __future__ import annotations

import msgspec

from shm.counters import STRIDE, CounterKind, Counters
from workers.monitoring.alarms import Alarm, Alarms
from workers.monitoring.probes import PROBES, Probe, Readings

_UNREAD = -1
_PREFIX = "probe "
_COUNTS_UNTIL = f"{_PREFIX}readings count until"
"""The name of no probe, as it has spaces."""


class ProbeView(msgspec.Struct, frozen=True):
    """What a probe read last, None when it could not. `fatal`: the venue is not ready while the alarm is on."""

    name: str
    value: int | None
    alarm: bool
    fatal: bool

    @property
    def words(self) -> str:
        """What its alarm means."""
        probe = next(probe for probe in PROBES if probe.name == self.name)
        return probe.say(self.value)


def is_probe(counter: str) -> bool:
    """Whether the counter is one of the board's."""
    return counter.startswith(_PREFIX)


def _value_name(probe: Probe) -> str:
    return f"{_PREFIX}{probe.name}"


def _alarm_name(probe: Probe) -> str:
    return f"{_PREFIX}{probe.name} alarm"


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
        self._counts_until = STRIDE * counters.allocate(_COUNTS_UNTIL, CounterKind.TIME)
        places = [*(place for pair in self._places.values() for place in pair), self._counts_until]
        assert len(set(places)) == len(places), "every reading and every alarm has a place of its own"
        assert len(places) == 2 * len(PROBES) + 1, "every probe has a name of its own"
        assert max(places) < len(self._values), "a place of the table"

    def alarms(self) -> Alarms:
        """Those that the board shows: of the monitor before this one, which may have died in the middle of an alarm."""
        return {name: Alarm(is_on=bool(self._values[alarm])) for name, (_, alarm) in self._places.items()}

    def write(self, readings: Readings, alarms: Alarms, counts_until_ns: int) -> None:
        """Show one look; it counts no more when nothing newer is there at the monotonic time `counts_until_ns`."""
        assert readings.keys() == alarms.keys() == self._places.keys(), "every probe is shown"
        for name, (value, alarm) in self._places.items():
            reading = readings[name]
            self._values[value] = _UNREAD if reading is None else reading
            self._values[alarm] = alarms[name].is_on
        self._values[self._counts_until] = counts_until_ns


def read_board(counters: Counters, now_ns: int) -> list[ProbeView]:
    """What the monitor has written last; nothing when it has been silent for too long, or has never looked."""
    found = counters.snapshot()
    if now_ns > found.get(_COUNTS_UNTIL, 0):
        return []
    return [
        ProbeView(
            probe.name,
            None if found[_value_name(probe)] == _UNREAD else found[_value_name(probe)],
            bool(found[_alarm_name(probe)]),
            probe.is_fatal,
        )
        for probe in PROBES
    ]

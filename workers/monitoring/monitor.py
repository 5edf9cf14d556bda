"""The monitor as a service: looks at the venue and its host, judges what it reads, and shows that in shared memory."""

from __future__ import annotations

import time

from tradsys.configuration import Configuration
from tradsys.services import Report, Service
from workers.memory import HEARTBEAT_NS, VenueMemory
from workers.monitoring import alarms
from workers.monitoring.alarms import Alarms
from workers.monitoring.board import Board
from workers.monitoring.probes import MONITOR, PROBES, Readings
from workers.monitoring.reading import Prober
from workers.topology import WorkerPlan
from workers.venue import Venue

_MILLISECOND_NS = 1_000_000
_BEAT_SECONDS = 0.25
_KEPT_NS_MIN = 5_000_000_000
"""What a monitor has said counts for so long: if it dies, another one takes its time to come."""


class Monitor(Service):
    """`step` is called every `pause_seconds`."""

    def __init__(self, venue: Venue, memory: VenueMemory, plan: WorkerPlan, prober: Prober) -> None:
        super().__init__(MONITOR)
        settings = venue.configuration.monitoring
        assert settings.look_ms > 0, "there is time between two looks"
        assert plan.has(MONITOR), "the line is the monitor's own"
        self._thresholds = settings.thresholds
        self._every_ns = settings.look_ms * _MILLISECOND_NS
        self._prober = prober
        self._board = Board(memory.counters)
        self._line = memory.line(plan.index)
        self._alarms = self._board.alarms()
        self._next_ns = 0
        self.pause_seconds = min(settings.look_ms / 1000, _BEAT_SECONDS)
        """Signs of life come more often than looks may."""

    def start(self, report: Report) -> None:
        """Look for the first time."""
        self.step(time.monotonic_ns())

    def stop(self) -> None:
        """What was said last counts for a little while."""

    def configure(self, configuration: Configuration) -> None:
        """The thresholds of this configuration count from now on."""
        self._thresholds = configuration.monitoring.thresholds
        self._prober.configure(configuration)

    def step(self, now_ns: int) -> None:
        """Give a sign of life, and look when it is time to, at the monotonic time `now_ns`."""
        if now_ns >= self._next_ns:
            self._next_ns = now_ns + self._every_ns
            self._look(now_ns)
        self._line[HEARTBEAT_NS] = time.monotonic_ns()

    def _look(self, now_ns: int) -> None:
        """Read every probe, judge, show and tell."""
        readings = self._prober.look(now_ns, time.time_ns())
        assert readings.keys() == {probe.name for probe in PROBES}, "every probe is read"
        before, self._alarms = self._alarms, alarms.judge(readings, self._thresholds, self._alarms)
        self._board.write(readings, self._alarms, now_ns + max(2 * self._every_ns, _KEPT_NS_MIN))
        self._tell(readings, before)

    def _tell(self, readings: Readings, before: Alarms) -> None:
        assert before.keys() == self._alarms.keys(), "one look is like the one before"
        for probe in PROBES:
            is_on = self._alarms[probe.name].is_on
            if is_on == before[probe.name].is_on:
                continue
            value = readings[probe.name]
            assert value is not None, "what cannot be read changes no alarm"
            if not is_on:
                self.logger.info("an alarm is over", probe=probe.name, value=value)
            elif probe.is_fatal:
                self.logger.error("the venue is not ready", probe=probe.name, why=probe.say(value))
            else:
                self.logger.warning("an alarm", probe=probe.name, why=probe.say(value))

"""The monitor: `python -m workers.monitoring.main --data-dir DIRECTORY --worker NAME`. Started by the supervisor.

It looks at the venue and its host, writes what it finds into shared memory, where gateways read it, and tells metrics
over HTTP. The venue runs without it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from http.server import HTTPServer

from prometheus_client import CollectorRegistry, start_http_server

from tradsys import logging
from tradsys.configuration import Configuration
from workers import venue as venues
from workers.following import Following
from workers.memory import HEARTBEAT_NS, VenueMemory
from workers.monitoring import alarms
from workers.monitoring.alarms import Alarms
from workers.monitoring.board import Board
from workers.monitoring.exposition import VenueCollector
from workers.monitoring.host import Host, ThisHost
from workers.monitoring.probes import PROBES, Readings
from workers.monitoring.reading import Prober
from workers.topology import WorkerPlan, usable_cores
from workers.venue import Venue

_NICENESS = 5


class Monitor:
    """What is done at every look."""

    def __init__(self, venue: Venue, memory: VenueMemory, plan: WorkerPlan, host: Host) -> None:
        self._thresholds = venue.configuration.monitoring.thresholds
        self._prober = Prober(venue, memory, host)
        self._board = Board(memory.counters)
        self._line = memory.line(plan.index)
        self._alarms = alarms.begin()
        self._log = logging.logger("monitor")

    def configure(self, configuration: Configuration) -> None:
        """The thresholds of this configuration count from now on."""
        self._thresholds = configuration.monitoring.thresholds

    def look(self) -> None:
        """Read every probe, judge, show and tell."""
        readings = self._prober.look(time.monotonic_ns(), time.time_ns())
        assert readings.keys() == {probe.name for probe in PROBES}, "every probe is read"
        before, self._alarms = self._alarms, alarms.judge(readings, self._thresholds, self._alarms)
        self._board.write(readings, self._alarms)
        self._line[HEARTBEAT_NS] = time.monotonic_ns()
        self._tell(readings, before)

    def _tell(self, readings: Readings, before: Alarms) -> None:
        for probe in PROBES:
            is_on = self._alarms[probe.name].is_on
            if is_on == before[probe.name].is_on:
                continue
            words = probe.words.format(readings[probe.name])
            if not is_on:
                self._log.info("an alarm is over", probe=probe.name, value=readings[probe.name])
            elif probe.is_fatal:
                self._log.error("the venue is not ready", probe=probe.name, why=words)
            else:
                self._log.warning("an alarm", probe=probe.name, why=words)


def serve(venue: Venue, memory: VenueMemory, host: Host) -> HTTPServer | None:
    """Tell metrics over HTTP from now on, in another thread; None when nobody can listen there, which is logged."""
    registry = CollectorRegistry()
    registry.register(VenueCollector(venue, memory, host))
    settings = venue.configuration.monitoring
    try:
        server, _ = start_http_server(settings.metrics_port, settings.host, registry)
    except OSError as error:
        place = f"{settings.host}:{settings.metrics_port}"
        logging.logger("monitor").error(
            "metrics cannot be told; the venue is watched all the same", place=place, why=str(error)
        )
        return None
    return server


def _keep_off(workers: list[WorkerPlan]) -> None:
    """Leave the cores of the core to it, and let gateways go first on the others."""
    left = os.sched_getaffinity(0) - {plan.core for plan in workers if plan.is_core}
    if left:
        os.sched_setaffinity(0, left)
    os.nice(_NICENESS)


def main() -> int:
    """Watch until SIGTERM or SIGINT; gives the exit status."""
    venue, plan = venues.enter("workers.monitoring.main", __doc__)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    segment, memory = venue.attach()
    settings = venue.configuration.monitoring
    host = ThisHost(usable_cores())
    _keep_off(venue.workers)
    monitor = Monitor(venue, memory, plan, host)
    server = serve(venue, memory, host)
    if server is not None:
        venues.write_address(venue.path, plan.name, f"http://{settings.host}:{server.server_port}/metrics")
    following = Following(venue, monitor.configure)
    while not stop.is_set():
        following.step(time.monotonic_ns())
        monitor.look()
        stop.wait(settings.look_ms / 1000)
    if server is not None:
        server.shutdown()
        server.server_close()
    segment.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The monitor: `python -m workers.monitoring.main --data-dir DIRECTORY --worker NAME`. Started by the supervisor.

It looks at the venue and its host, writes what it finds into shared memory, where gateways read it, and tells metrics
over HTTP. The venue runs without it.
"""

from __future__ import annotations

import signal
import sys
import threading
import time

from tradsys.services import Registry
from workers import venue as venues
from workers.aside import step_aside
from workers.following import Following
from workers.memory import JOURNALED
from workers.monitoring.database import DataDirectoryWatch
from workers.monitoring.endpoint import MetricsEndpoint
from workers.monitoring.exposition import VenueCollector
from workers.monitoring.host import ThisHost
from workers.monitoring.monitor import Monitor
from workers.monitoring.probes import MONITOR
from workers.monitoring.reading import Prober
from workers.topology import usable_cores

_NICENESS = 5
"""Gateways go first."""


def main() -> int:
    """Watch until SIGTERM or SIGINT; gives the exit status."""
    venue, plan = venues.enter("workers.monitoring.main", __doc__)
    assert plan.has(MONITOR), "this worker is to be the monitor"
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    segment, memory = venue.attach()
    host = ThisHost(usable_cores())
    step_aside(venue.workers, _NICENESS)
    database = DataDirectoryWatch(venue.path, lambda: int(memory.control[JOURNALED]))
    monitor = Monitor(venue, memory, plan, Prober(venue, memory, host, database))
    endpoint = MetricsEndpoint(venue, VenueCollector(venue, memory, host))
    services = Registry([monitor, endpoint])
    services.start()
    following = Following(venue, services.configure)
    while not stop.is_set():
        now_ns = time.monotonic_ns()
        following.step(now_ns)
        monitor.step(now_ns)
        endpoint.step(now_ns)
        stop.wait(monitor.pause_seconds)
    services.stop()
    database.close()
    segment.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

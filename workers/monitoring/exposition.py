"""The venue's metrics for Prometheus, read from shared memory, /proc and the data directory when they are asked for."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version

import msgspec
import numba
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tradsys.configuration import Configuration
from workers.memory import PHASES, VenueMemory
from workers.monitoring import book_metrics, flow_metrics, host_metrics, latency_metrics
from workers.monitoring.board import read_board
from workers.monitoring.host import Host
from workers.monitoring.readiness import readiness
from workers.observation import Observation, observe
from workers.venue import Venue


class VenueCollector(Collector):
    """Everything that is told of one venue."""

    def __init__(self, venue: Venue, memory: VenueMemory, host: Host) -> None:
        self._venue = venue
        self._memory = memory
        self._host = host

    def configure(self, configuration: Configuration) -> None:
        """Tell of a venue that goes by this configuration from now on."""
        assert configuration.topology.shards == self._venue.sizes.shards, "a venue that runs keeps its shards"
        self._venue = msgspec.structs.replace(self._venue, configuration=configuration)

    def collect(self) -> Iterable[Metric]:
        """One reading of every metric."""
        seen = observe(self._venue, self._memory)
        assert len(seen.workers) >= len(self._venue.workers), "every worker is told of"
        assert len(seen.shards) == self._venue.sizes.shards, "every shard is told of"
        yield from _build(self._venue)
        yield from self._state(seen)
        yield from flow_metrics.metrics(seen)
        yield from latency_metrics.metrics(self._memory)
        yield from book_metrics.metrics(seen, self._memory)
        yield from host_metrics.workers(seen, self._venue, self._host)
        yield from host_metrics.storage(self._venue, seen.journaled, self._host)
        if self._venue.configuration.history.enabled:
            yield from host_metrics.history(seen, self._venue)

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry is this collector's own, so no names can clash."""
        return []

    def _state(self, seen: Observation) -> Iterator[Metric]:
        now_ns = time.monotonic_ns()
        silence_ms_max = self._venue.configuration.monitoring.thresholds.heartbeat_ms.enter
        found = readiness(self._memory, [*self._venue.workers, *self._venue.apart], now_ns, silence_ms_max)
        assert seen.phase in PHASES, "a phase that there is"
        yield GaugeMetricFamily("tradsys_ready", "1 when the venue takes orders.", value=found.ready)
        phases = GaugeMetricFamily("tradsys_phase", "1 for the phase that the venue is in.", labels=["phase"])
        for phase in PHASES:
            phases.add_metric([phase], phase == seen.phase)
        yield phases
        started = GaugeMetricFamily("tradsys_start_time_seconds", "When the venue was started, since 1970.")
        started.add_metric([], self._venue.started_ns / 1e9)
        yield started
        trouble = GaugeMetricFamily(
            "tradsys_journal_trouble_seconds", "How long the journal's disk has been in trouble; 0: it is not."
        )
        trouble.add_metric([], seen.journal_trouble.age_ns / 1e9 if seen.journal_trouble else 0)
        yield trouble
        yield from self._probes(now_ns)

    def _probes(self, now_ns: int) -> Iterator[Metric]:
        values = GaugeMetricFamily("tradsys_probe_value", "What a probe read last, in its own unit.", labels=["probe"])
        alarms = GaugeMetricFamily(
            "tradsys_probe_alarm", "1 while a probe's alarm is on.", labels=["probe", "severity"]
        )
        for probe in read_board(self._memory.counters, now_ns):
            if probe.value is not None:
                values.add_metric([probe.name], probe.value)
            alarms.add_metric([probe.name, "unready" if probe.fatal else "warning"], probe.alarm)
        yield values
        yield alarms


def _build(venue: Venue) -> Iterator[Metric]:
    configuration = venue.configuration
    assert venue.sizes.shards == configuration.topology.shards, "a venue has the shards that it was started with"
    told = {
        "version": _version(),
        "python": platform.python_version(),
        "numba": numba.__version__,
        "environment": configuration.environment,
        "journal": configuration.journal.level,
        "shards": str(venue.sizes.shards),
    }
    build = GaugeMetricFamily("tradsys_build_info", "What runs, as labels; always 1.", labels=list(told))
    build.add_metric(list(told.values()), 1)
    yield build


def _version() -> str:
    try:
        return version("tradsys")
    except PackageNotFoundError:
        return "unknown"

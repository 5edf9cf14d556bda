"""What the venue's processes and files take of the host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from workers.journal.segments import list_segments
from workers.monitoring.host import Host
from workers.monitoring.readiness import is_missed, worker_trouble
from workers.observation import Observation
from workers.recorder.database import HistoryError, NoHistoryError
from workers.recorder.needed import progress
from workers.snapshot.files import list_snapshots
from workers.snapshot.housekeeping import snapshots_until
from workers.venue import Venue


def workers(seen: Observation, venue: Venue, host: Host) -> Iterator[Metric]:
    """Each process of the venue."""
    label = ["worker"]
    up = GaugeMetricFamily("tradsys_worker_up", "1 while the worker is ready and beats.", labels=label)
    beat = GaugeMetricFamily("tradsys_worker_heartbeat_age_seconds", "Since the last sign of life.", labels=label)
    restarts = CounterMetricFamily("tradsys_worker_restarts", "How often the worker was started again.", labels=label)
    cycles = CounterMetricFamily("tradsys_worker_cycles", "Duty cycles.", labels=label)
    busy = CounterMetricFamily("tradsys_worker_busy_cycles", "Duty cycles that found work.", labels=label)
    started = GaugeMetricFamily("tradsys_worker_start_time_seconds", "When the process was started.", labels=label)
    cpu = CounterMetricFamily("tradsys_worker_cpu_seconds", "CPU time of the process.", labels=label)
    resident = GaugeMetricFamily("tradsys_worker_resident_memory_bytes", "Resident memory.", labels=label)
    descriptors = GaugeMetricFamily("tradsys_worker_open_fds", "Open file descriptors.", labels=label)
    most = GaugeMetricFamily("tradsys_worker_max_fds", "File descriptors that it may open.", labels=label)
    silence_ms_max = venue.configuration.monitoring.thresholds.heartbeat_ms.enter
    assert silence_ms_max > 0, "every worker is silent for a moment"
    assert len({worker.name for worker in seen.workers}) == len(seen.workers), "every worker has a name of its own"
    for worker in seen.workers:
        name, plan = [worker.name], venue.plan_of(worker.name)
        if is_missed(plan, worker):
            up.add_metric(name, worker_trouble(plan, worker, silence_ms_max) is None)
        if worker.heartbeat_age_ns is not None:
            beat.add_metric(name, worker.heartbeat_age_ns / 1e9)
        restarts.add_metric(name, worker.restarts)
        cycles.add_metric(name, worker.cycles)
        busy.add_metric(name, worker.work_cycles)
        use = host.usage(worker.pid) if worker.pid else None
        if use is not None:
            started.add_metric(name, use.started_seconds)
            cpu.add_metric(name, use.cpu_seconds)
            resident.add_metric(name, use.resident_bytes)
            descriptors.add_metric(name, use.descriptors)
            most.add_metric(name, use.descriptors_max)
    yield from (up, beat, restarts, cycles, busy, started, cpu, resident, descriptors, most)


def storage(venue: Venue, journaled: int, host: Host) -> Iterator[Metric]:
    """The data directory: its disk, the journal's segments and the snapshots. `journaled`: the log's durable end."""
    try:
        disk = host.disk(Path(venue.data_directory))
    except OSError:
        disk = None
    if disk is not None:
        yield GaugeMetricFamily("tradsys_disk_size_bytes", "Of the data directory's disk.", value=disk.bytes)
        yield GaugeMetricFamily("tradsys_disk_free_bytes", "Of the data directory's disk.", value=disk.free_bytes)
        yield GaugeMetricFamily("tradsys_disk_inodes", "Of the data directory's disk.", value=disk.inodes)
        yield GaugeMetricFamily("tradsys_disk_free_inodes", "Of the data directory's disk.", value=disk.free_inodes)
    segments, snapshots = list_segments(venue.journal_directory), list_snapshots(venue.journal_directory)
    yield GaugeMetricFamily("tradsys_journal_segments", "Files of the journal.", value=len(segments))
    yield GaugeMetricFamily("tradsys_journal_size_bytes", "Of the journal's files.", value=_bytes(segments))
    yield GaugeMetricFamily("tradsys_snapshots", "Snapshots that are kept.", value=len(snapshots))
    yield GaugeMetricFamily("tradsys_snapshots_size_bytes", "Of the snapshots' files.", value=_bytes(snapshots))
    reached = snapshots_until(venue.journal_directory, journaled)
    assert reached == sorted(reached), "the newest one is the last"
    if reached:
        yield GaugeMetricFamily(
            "tradsys_snapshot_log_sequence", "What the newest snapshot is of.", value=int(reached[-1].stem)
        )
        yield GaugeMetricFamily(
            "tradsys_snapshot_time_seconds",
            "When the newest snapshot was written, since 1970.",
            value=_written(reached[-1]),
        )


def history(seen: Observation, venue: Venue) -> Iterator[Metric]:
    """How far the recorder's database is behind the journal; nothing while it cannot be read."""
    with suppress(NoHistoryError, HistoryError):
        position = progress(venue.path).position
        assert position >= 0, "records are numbered from 1"
        yield GaugeMetricFamily(
            "tradsys_history_lag_records",
            "Durable records of the log that are not in the history yet.",
            value=max(seen.journaled - position, 0),
        )


def _bytes(paths: list[Path]) -> int:
    return sum(_size(path) for path in paths)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # moved or dropped meanwhile
        return 0


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0

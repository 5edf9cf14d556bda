"""How the venue is doing: what its shared memory says now, and what the monitor has found of the host."""

from __future__ import annotations

import msgspec

from shm import broadcast
from workers.memory import JOURNALED, PHASE, PHASES, VenueMemory
from workers.monitoring.board import ProbeView, read_board
from workers.monitoring.readiness import readiness
from workers.observation import journal_trouble, worker_view
from workers.topology import WorkerPlan


class WorkerHealth(msgspec.Struct):
    """One process of the venue."""

    name: str
    state: str
    heartbeat_age_ms: int | None
    restarts: int


class Health(msgspec.Struct):
    """For everybody. `live`: this gateway answers. `ready`: the venue takes orders; if not, `reasons` say why not.

    `warnings`: what is wrong and keeps no orders out. `journal`: what is wrong with the journal's disk, if anything.
    """

    live: bool
    ready: bool
    reasons: list[str]
    warnings: list[str]
    phase: str
    log_sequence: int
    journaled_sequence: int
    journal: str | None


class Details(Health):
    """What administrators know beyond that. `probes`: what the monitor read last; none where nobody watches."""

    events: list[int]
    workers: list[WorkerHealth]
    probes: list[ProbeView]


def read(
    venue_memory: VenueMemory,
    workers: list[WorkerPlan],
    now_ns: int,
    silence_ms_max: int,
    *,
    is_stopping: bool = False,
) -> Details:
    """All about the venue's health at the monotonic time `now_ns`, from a gateway that may be stopping.

    A worker that has been silent for longer than `silence_ms_max` is not relied on.
    """
    found = readiness(venue_memory, workers, now_ns, silence_ms_max)
    reasons = [*found.reasons, "this gateway is stopping"] if is_stopping else found.reasons
    trouble = journal_trouble(venue_memory, now_ns)
    return Details(
        live=True,
        ready=not reasons,
        reasons=reasons,
        warnings=found.warnings,
        phase=PHASES[int(venue_memory.control[PHASE])],
        log_sequence=int(broadcast.published(venue_memory.log)),
        journaled_sequence=int(venue_memory.control[JOURNALED]),
        journal=None if trouble is None else trouble.why,
        events=[int(broadcast.published(stream)) for stream in venue_memory.events],
        workers=[_worker(venue_memory, worker, now_ns) for worker in workers],
        probes=read_board(venue_memory.counters, now_ns),
    )


def public(details: Details) -> Health:
    """The part of it that everybody may know."""
    return Health(**{name: getattr(details, name) for name in Health.__struct_fields__})


def _worker(venue_memory: VenueMemory, worker: WorkerPlan, now_ns: int) -> WorkerHealth:
    view = worker_view(venue_memory, worker, now_ns)
    age_ns = view.heartbeat_age_ns
    return WorkerHealth(view.name, view.state, None if age_ns is None else age_ns // 1_000_000, view.restarts)

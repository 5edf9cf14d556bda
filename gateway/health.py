"""How the venue is doing, read from its shared memory."""

from __future__ import annotations

import msgspec

from shm import broadcast
from workers import memory
from workers.memory import JOURNALED, PHASE, PHASES, WORKER_STATES, VenueMemory
from workers.observation import journal_trouble, worker_view
from workers.topology import WorkerPlan

HEARTBEAT_NS_MAX = 2_000_000_000
"""A worker that has been silent for longer is not relied on."""


class WorkerHealth(msgspec.Struct):
    """One process of the venue."""

    name: str
    state: str
    heartbeat_age_ms: int | None


class Health(msgspec.Struct):
    """`live`: this gateway answers. `ready`: the venue takes orders. `journal`: what is wrong with it, if anything."""

    live: bool
    ready: bool
    phase: str
    log_sequence: int
    journaled_sequence: int
    journal: str | None
    events: list[int]
    workers: list[WorkerHealth]


def read(venue_memory: VenueMemory, workers: list[WorkerPlan], now_ns: int) -> Health:
    """The venue's health at the monotonic time `now_ns`."""
    phase = int(venue_memory.control[PHASE])
    health = [_worker(venue_memory, worker, now_ns) for worker in workers]
    core_ready = all(
        seen.state == WORKER_STATES[memory.READY]
        and seen.heartbeat_age_ms is not None
        and seen.heartbeat_age_ms * 1_000_000 <= HEARTBEAT_NS_MAX
        for seen, worker in zip(health, workers, strict=True)
        if worker.is_core
    )
    trouble = journal_trouble(venue_memory, now_ns)
    return Health(
        live=True,
        ready=core_ready and phase == memory.RUNNING and trouble is None,
        phase=PHASES[phase],
        log_sequence=int(broadcast.published(venue_memory.log)),
        journaled_sequence=int(venue_memory.control[JOURNALED]),
        journal=None if trouble is None else trouble.why,
        events=[int(broadcast.published(stream)) for stream in venue_memory.events],
        workers=health,
    )


def _worker(venue_memory: VenueMemory, worker: WorkerPlan, now_ns: int) -> WorkerHealth:
    view = worker_view(venue_memory, worker, now_ns)
    age_ns = view.heartbeat_age_ns
    return WorkerHealth(view.name, view.state, None if age_ns is None else age_ns // 1_000_000)

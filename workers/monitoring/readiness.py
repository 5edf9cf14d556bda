"""Whether the venue takes orders, and if not, why not. It fails before damage is done, and recovers by itself."""

from __future__ import annotations

import msgspec

from workers import memory
from workers.memory import PHASE, PHASES, READY, WORKER_STATES, VenueMemory
from workers.monitoring.board import is_watched, read_board
from workers.observation import WorkerView, journal_trouble, worker_view
from workers.topology import WorkerPlan

HEARTBEAT_NS_MAX = 2_000_000_000
"""A worker that has been silent for longer is not relied on."""


class Readiness(msgspec.Struct, frozen=True):
    """`reasons` keep orders out, `warnings` do not; both in words."""

    reasons: list[str]
    warnings: list[str]

    @property
    def ready(self) -> bool:
        """Whether the venue takes orders."""
        return not self.reasons


def readiness(venue_memory: VenueMemory, workers: list[WorkerPlan], now_ns: int) -> Readiness:
    """The venue's readiness at the monotonic time `now_ns`.

    What stops orders at once is looked at here and now; the rest the monitor tells, as long as it lives.
    """
    phase = int(venue_memory.control[PHASE])
    reasons = [] if phase in memory.TAKES_ORDERS else [f"the venue is {PHASES[phase]}"]
    warnings: list[str] = []
    for plan in workers:
        trouble = worker_trouble(worker_view(venue_memory, plan, now_ns))
        if trouble and (plan.is_core or plan.is_gateway or plan.is_standby):
            (reasons if plan.is_core else warnings).append(trouble)
    journal = journal_trouble(venue_memory, now_ns)
    if journal is not None:
        reasons.append(f"the journal is in trouble: {journal.why}")
    watched = is_watched(venue_memory, workers, now_ns)
    if watched:
        for probe in read_board(venue_memory.counters):
            if probe.alarm:
                (reasons if probe.fatal else warnings).append(probe.words)
    elif watched is False:
        warnings.append("the monitor is silent: nobody watches disk, memory, descriptors and clock")
    return Readiness(reasons, warnings)


def worker_trouble(view: WorkerView) -> str | None:
    """What is wrong with a worker that should beat; None when nothing is."""
    if view.state != WORKER_STATES[READY]:
        return f"{view.name} is {view.state}"
    if view.heartbeat_age_ns is None:
        return f"{view.name} has given no sign of life yet"
    if view.heartbeat_age_ns > HEARTBEAT_NS_MAX:
        return f"{view.name} has given no sign of life for {view.heartbeat_age_ns // 1_000_000:,} ms"
    return None

"""Whether the venue takes orders, and if not, why not. It fails before damage is done, and recovers by itself."""

from __future__ import annotations

import msgspec

from workers import memory
from workers.memory import PHASE, PHASES, READY, STOPPED, WORKER_STATES, VenueMemory
from workers.monitoring.board import read_board
from workers.monitoring.probes import MONITOR
from workers.observation import WorkerView, journal_trouble, worker_view
from workers.recorder.database import RECORDER
from workers.topology import WorkerPlan


class Readiness(msgspec.Struct, frozen=True):
    """`reasons` keep orders out, `warnings` do not; both in words."""

    reasons: list[str]
    warnings: list[str]

    @property
    def ready(self) -> bool:
        """Whether the venue takes orders."""
        return not self.reasons


def readiness(venue_memory: VenueMemory, workers: list[WorkerPlan], now_ns: int, silence_ms_max: int) -> Readiness:
    """The venue's readiness at the monotonic time `now_ns`. A worker that is silent for longer is not relied on.

    `workers`: also the gateways that are services of their own.

    What stops orders at once is looked at here and now; the rest the monitor tells, as long as it lives.
    """
    phase = int(venue_memory.control[PHASE])
    assert 0 <= phase < len(PHASES), "a phase that there is"
    assert len({plan.name for plan in workers}) == len(workers), "every worker is looked at once"
    reasons = [] if phase in memory.TAKES_ORDERS else [f"the venue is {PHASES[phase]}"]
    warnings: list[str] = []
    for plan in workers:
        view = worker_view(venue_memory, plan, now_ns)
        trouble = worker_trouble(plan, view, silence_ms_max) if is_missed(plan, view) else None
        if trouble and plan.has(MONITOR):
            warnings.append(f"{trouble}: nobody watches disk, memory, descriptors and clock")
        elif trouble and plan.has(RECORDER):
            warnings.append(f"{trouble}: the history is behind, and goes on from where it is")
        elif trouble and beats(plan):
            (reasons if plan.is_core else warnings).append(trouble)
    journal = journal_trouble(venue_memory, now_ns)
    if journal is not None:
        reasons.append(f"the journal is in trouble: {journal.why}")
    if any(plan.has(MONITOR) for plan in workers):
        for probe in read_board(venue_memory.counters, now_ns):
            if probe.alarm:
                (reasons if probe.fatal else warnings).append(probe.words)
    return Readiness(reasons, warnings)


def is_missed(plan: WorkerPlan, view: WorkerView) -> bool:
    """Whether a worker belongs here now: gateways that are services of their own come and leave as they like."""
    assert plan.name == view.name, "a view of this worker"
    has_never_come = view.pid == 0 and view.heartbeat_age_ns is None
    return not plan.is_gateway or not (has_never_come or view.state == WORKER_STATES[STOPPED])


def beats(plan: WorkerPlan) -> bool:
    """Whether a worker gives signs of life."""
    return plan.is_core or plan.is_gateway or plan.is_standby or plan.has(MONITOR) or plan.has(RECORDER)


def worker_trouble(plan: WorkerPlan, view: WorkerView, silence_ms_max: int) -> str | None:
    """What is wrong with a worker; None when nothing is."""
    assert silence_ms_max > 0, "every worker is silent for a moment"
    assert plan.name == view.name, "a view of this worker"
    if view.state != WORKER_STATES[READY]:
        return f"{view.name} is {view.state}"
    if not beats(plan):
        return None
    if view.heartbeat_age_ns is None:
        return f"{view.name} has given no sign of life yet"
    silent_ms = view.heartbeat_age_ns // 1_000_000
    return f"{view.name} has given no sign of life for {silent_ms:,} ms" if silent_ms > silence_ms_max else None

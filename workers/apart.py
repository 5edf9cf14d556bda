"""Gateways that are services of their own, beside a venue that was started without: how they come and leave."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from shm.segment import Segment, process_start_time
from tradsys.errors import InfrastructureError, OperatingError
from workers import venue as venues
from workers.memory import (
    DRAINING,
    FAILED,
    PHASE,
    PHASES,
    PID,
    READY,
    RECOVERING,
    RESTARTS,
    STATE,
    STOPPING,
    TAKES_ORDERS,
    WORKER_STATES,
)
from workers.memory import VenueMemory as Memory
from workers.topology import WorkerPlan
from workers.venue import Venue, VenueNotRunningError

_POLL_SECONDS = 0.01


class NoGatewayError(OperatingError, InfrastructureError):
    """The venue has no place for this gateway; the message says why."""

    CODE = "gateway_refused"


def find(data_directory: Path, number: int) -> tuple[Venue, WorkerPlan]:
    """The venue that runs in a directory, and the plan of its gateway `number`.

    Raises VenueNotRunningError, NoGatewayError.
    """
    assert number >= 0, "gateways are numbered from 0"
    venue = venues.read(data_directory)
    if not venue.apart:
        raise NoGatewayError(
            f"the venue in {data_directory} starts its gateways itself; to have them apart, start it with --no-gateways"
        )
    if number >= len(venue.apart):
        raise NoGatewayError(
            f"the venue in {data_directory} has room for gateways 0 to {len(venue.apart) - 1}; "
            "raise gateway.count in its configuration"
        )
    return venue, venue.apart[number]


def enter(segment: Segment, memory: Memory, plan: WorkerPlan) -> None:
    """Take the gateway's line. Raises VenueNotRunningError while the venue starts or ends, NoGatewayError."""
    assert plan.is_gateway, "only gateways come by themselves"
    ending = reason_to_leave(segment, memory)
    if ending or memory.control[PHASE] not in TAKES_ORDERS:
        raise VenueNotRunningError(ending or "the venue is still starting")
    line = memory.line(plan.index)
    if is_alive(memory, plan):
        raise NoGatewayError(f"{plan.name} runs already, as process {int(line[PID])}")
    restarts = int(line[RESTARTS]) + bool(line[PID])
    line[:] = 0
    line[PID], line[RESTARTS] = os.getpid(), restarts


def reason_to_leave(segment: Segment, memory: Memory) -> str:
    """Why a gateway of this venue has to end now; empty while it has not."""
    if not segment.alive:
        return "the venue's supervisor is gone"
    phase = int(memory.control[PHASE])
    assert 0 <= phase < len(PHASES), "the supervisor says in which phase the venue is"
    return "the venue stops" if phase in {DRAINING, FAILED} else ""


def is_alive(memory: Memory, plan: WorkerPlan) -> bool:
    """Whether the gateway has come, and has not gone again."""
    line = memory.line(plan.index)
    state = int(line[STATE])
    assert 0 <= state < len(WORKER_STATES), "a worker says in which state it is"
    return state in {RECOVERING, READY, STOPPING} and process_start_time(int(line[PID])) != 0


def await_stopped(
    memory: Memory, plans: Iterable[WorkerPlan], patience_s: Callable[[], float], wait: Callable[[float], None]
) -> None:
    """Until none of these gateways sends any more, or patience is over. They see by themselves that the venue stops."""
    assert memory.control[PHASE] in {DRAINING, FAILED}, "they are waited for when they can see that the venue stops"
    begin = time.monotonic()
    for plan in plans:
        assert plan.is_gateway, "nobody but gateways ends by itself"
        while is_alive(memory, plan) and time.monotonic() - begin < patience_s():
            wait(_POLL_SECONDS)

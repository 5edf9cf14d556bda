"""One look at a running venue: all that `status` and `top` show."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from workers.memory import VenueMemory
from workers.monitoring.board import ProbeView, read_board
from workers.monitoring.readiness import Readiness, readiness
from workers.observation import Observation, observe
from workers.stages import stages
from workers.venue import Venue


class Look(NamedTuple):
    """`stages`: copies of the stages' histograms, for whoever compares two looks."""

    seen: Observation
    stages: dict[str, Any]
    readiness: Readiness
    probes: list[ProbeView]


def look(venue: Venue, memory: VenueMemory) -> Look:
    """Everything, read once."""
    now_ns = time.monotonic_ns()
    silence_ms_max = venue.configuration.monitoring.thresholds.heartbeat_ms.enter
    return Look(
        observe(venue, memory),
        stages(memory),
        readiness(memory, [*venue.workers, *venue.apart], now_ns, silence_ms_max),
        read_board(memory.counters, now_ns),
    )

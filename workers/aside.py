"""How processes that the venue can do without stay out of its way."""

from __future__ import annotations

import os
from contextlib import suppress

from workers.topology import WorkerPlan


def step_aside(workers: list[WorkerPlan], niceness: int) -> None:
    """Leave the cores of the core to it, where there are others, and let whoever is less nice go first on those."""
    assert niceness >= 0, "nobody goes before the core"
    left = os.sched_getaffinity(0) - {plan.core for plan in workers if plan.is_core}
    if left:
        with suppress(OSError):  # taken from us meanwhile
            os.sched_setaffinity(0, left)
    os.nice(niceness)

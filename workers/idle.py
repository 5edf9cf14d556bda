"""What a worker does when a duty cycle found nothing: spin, then yield the core, then sleep on its doorbell."""

from __future__ import annotations

from typing import Any

import numpy as np

from shm import doorbell
from shm.atomics import pause
from shm.clock import yield_core
from shm.jit import kernel

_COUNT, _SPINS, _YIELDS = 0, 1, 2
_NEVER = 1 << 60
PARK_NS = 50_000_000
"""How long a parked worker sleeps at most before it looks around by itself."""

STRATEGIES = {
    # spins with the CPU's pause, then yields of the core, then parking
    "spin": (_NEVER, 0),
    "yield": (100, _NEVER),
    "backoff": (2_000, 200),
    "park": (0, 0),
}


def new_idle(strategy: str) -> Any:
    """The state of an idle strategy. Raises KeyError for an unknown one."""
    spins, yields = STRATEGIES[strategy]
    return np.array([0, spins, yields], np.int64)


@kernel
def busy(idle: Any) -> None:
    """The duty cycle found work."""
    idle[_COUNT] = 0


@kernel
def may_park(idle: Any) -> bool:
    """Spin or yield once; True when it is time to sleep instead."""
    count = idle[_COUNT]
    idle[_COUNT] = count + 1
    if count < idle[_SPINS]:
        pause()
        return False
    if count < idle[_SPINS] + idle[_YIELDS]:
        yield_core()
        return False
    return True


@kernel
def ring_others(bells: Any, descriptors: Any, own: int) -> None:
    """Wake every worker that sleeps, except this one; `descriptors` as for doorbell.ring, by bell."""
    assert len(descriptors) * doorbell.STRIDE <= len(bells), "every worker has a bell"
    for bell in range(len(descriptors)):
        if bell != own:
            doorbell.ring(bells, bell, descriptors[bell])

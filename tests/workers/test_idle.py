"""Idle strategies: how long each spins before it may sleep, and who is woken by whom."""

from __future__ import annotations

import numpy as np
import pytest

from shm import doorbell
from shm.arena import allocate
from shm.doorbell import NO_DESCRIPTOR
from workers.idle import STRATEGIES, busy, may_park, new_idle, ring_others

PATIENCE = 10_000


def turns_before_sleep(idle: np.ndarray) -> int:
    """How many idle turns until sleep is allowed; PATIENCE when it never is."""
    return next((turn for turn in range(PATIENCE) if may_park(idle)), PATIENCE)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_strategy_sleeps_after_its_spins_and_yields_or_never(strategy: str) -> None:
    expected = {"spin": PATIENCE, "yield": PATIENCE, "backoff": 2_200, "park": 0}[strategy]
    assert turns_before_sleep(new_idle(strategy)) == expected


def test_work_makes_it_spin_anew() -> None:
    idle = new_idle("backoff")
    first = turns_before_sleep(idle)
    assert may_park(idle), "once asleep it sleeps again at once"
    busy(idle)
    assert turns_before_sleep(idle) == first


def test_an_unknown_strategy_is_refused() -> None:
    with pytest.raises(KeyError):
        new_idle("doze")


def test_who_has_worked_wakes_all_who_sleep_but_not_itself() -> None:
    bells = allocate(lambda arena: doorbell.lay_out(arena, 4))
    for bell in (0, 1, 3):
        doorbell.prepare_sleep(bells, bell)
    ring_others(bells, np.full(4, NO_DESCRIPTOR, np.int64), 1)
    assert [doorbell.rings(bells, bell) for bell in range(4)] == [1, 0, 0, 1]
    assert not doorbell.wait(bells, 1, 0), "its own bell was not rung"

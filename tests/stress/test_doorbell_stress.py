from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from shm import doorbell
from shm.arena import Arena
from tests.stress import kernels
from tests.stress.processes import Processes

Make = Callable[[str, Callable[[Any], object]], Any]


def lay_out(arena: Arena) -> tuple[Any, Any]:
    return doorbell.lay_out(arena, 2), arena.array(np.int64, 32)


def run(make_segment: Make, processes: Processes, seed: int, total: int, seconds: float) -> None:
    segment = make_segment("bells", lay_out)
    bells, mail = lay_out(segment.arena())
    other = processes.start("hand_off", segment.name, total, seed ^ 0x5555)
    lost = kernels.hand_off(bells, mail, 0, total, seed)
    assert (lost, other.result(seconds)) == (0, 0)
    assert doorbell.rings(bells, 0) + doorbell.rings(bells, 1) > 0


def test_no_wake_up_is_lost_between_two_processes_that_both_park(
    make_segment: Make, processes: Processes, seed: int
) -> None:
    run(make_segment, processes, seed, 200_000, 100)


def test_of_a_sleeper_and_a_ringer_that_meet_one_always_sees_the_other(
    make_segment: Make, processes: Processes, seed: int
) -> None:
    """Without the fences of the doorbell this fails within seconds, also on x86."""

    def lay_out(arena: Arena) -> tuple[Any, Any]:
        return doorbell.lay_out(arena, 1), arena.array(np.int64, 64)

    rounds = 300_000
    segment = make_segment("bells", lay_out)
    bells, mail = lay_out(segment.arena())
    ringer = processes.start("rouse", segment.name, rounds, seed ^ 0x5555)
    assert kernels.fall_asleep(bells, mail, rounds, seed) == 0
    assert 0 < ringer.result(100) < rounds


@pytest.mark.soak
def test_no_wake_up_is_lost_in_ten_million_hand_offs(make_segment: Make, processes: Processes, seed: int) -> None:
    run(make_segment, processes, seed, 10_000_000, 3000)

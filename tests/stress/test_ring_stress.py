from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from shm import ring
from tests.stress import kernels
from tests.stress.kernels import ACCEPTED, DOUBLED, LOST, RESULTS, TORN
from tests.stress.processes import Processes

Make = Callable[[str, Callable[[Any], object]], Any]


def run(make_segment: Make, processes: Processes, capacity: int, total: int, seed: int, seconds: float) -> None:
    segment = make_segment("ring", lambda arena: kernels.lay_out_ring(arena, capacity))
    view = kernels.lay_out_ring(segment.arena(), capacity)
    ring.initialise(view)
    producer = processes.start("produce", segment.name, capacity, total, seed)
    results = np.zeros(RESULTS, np.int64)
    kernels.consume(view, total, results)
    assert producer.result(seconds) == "done"
    assert (results[LOST], results[DOUBLED], results[TORN]) == (0, 0, 0)
    assert results[ACCEPTED] == total
    assert ring.readable(view, 1) == 0


@pytest.mark.parametrize("capacity", [2, 64, 4096])
def test_every_record_passes_between_two_processes_once_in_order_and_whole(
    make_segment: Make, processes: Processes, seed: int, capacity: int
) -> None:
    run(make_segment, processes, capacity, 200_000 if capacity == 2 else 2_000_000, seed, 60)


@pytest.mark.soak
@pytest.mark.parametrize("capacity", [256, 65536])
def test_a_hundred_million_records_pass_once_in_order_and_whole(
    make_segment: Make, processes: Processes, seed: int, capacity: int
) -> None:
    run(make_segment, processes, capacity, 100_000_000, seed, 3000)

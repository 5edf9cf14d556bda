from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from shm import broadcast
from shm.arena import new_array
from tests.stress import kernels
from tests.stress.kernels import ACCEPTED, DOUBLED, LAPS, LOST, RECORD, RESULTS, TORN
from tests.stress.processes import Processes

Make = Callable[[str, Callable[[Any], object]], Any]
SHORT, LONG = 2_000_000, 100_000_000


def gating(
    make_segment: Make, processes: Processes, seed: int, capacity: int, total: int, pauses: list[int], seconds: float
) -> None:
    """One writer, one gating reader in a process of its own for each of `pauses`."""
    segment = make_segment("broadcast", lambda arena: kernels.lay_out_broadcast(arena, capacity))
    view, control = kernels.lay_out_broadcast(segment.arena(), capacity)
    broadcast.initialise(view)
    readers = []
    for slowness in pauses:
        reader, position = broadcast.join(view)
        assert position == 0
        readers.append(processes.start("follow", segment.name, capacity, reader, total, slowness))
    assert kernels.announce(view, control, total, seed) == total
    for process in readers:
        results = process.result(seconds)
        assert (results[LOST], results[DOUBLED], results[TORN]) == (0, 0, 0)
        assert results[ACCEPTED] == total


def glancing(make_segment: Make, processes: Processes, seed: int, capacity: int, target: int, seconds: float) -> None:
    """A writer in a process of its own that never waits, and a reader that does not gate it."""
    segment = make_segment("broadcast", lambda arena: kernels.lay_out_broadcast(arena, capacity))
    view, control = kernels.lay_out_broadcast(segment.arena(), capacity)
    broadcast.initialise(view)
    writer = processes.start("announce", segment.name, capacity, 1 << 60, seed)
    results = np.zeros(RESULTS, np.int64)
    kernels.glance(view, target, new_array(RECORD, max(capacity // 8, 2)), results)
    kernels.store(control, 0, 1)
    assert writer.result(seconds) >= target
    assert (results[LOST], results[DOUBLED], results[TORN]) == (0, 0, 0)
    assert results[ACCEPTED] >= target
    assert results[LAPS] > 0, "the writer never lapped the reader: the test tested nothing"


def test_a_gating_reader_slower_than_the_writer_gets_every_record_once_in_order_and_whole(
    make_segment: Make, processes: Processes, seed: int
) -> None:
    gating(make_segment, processes, seed, 256, SHORT, [50], 60)


def test_two_gating_readers_of_different_speed_both_get_every_record(
    make_segment: Make, processes: Processes, seed: int
) -> None:
    gating(make_segment, processes, seed, 4096, SHORT // 4, [0, 50], 60)


@pytest.mark.parametrize("capacity", [8, 128, 4096])
def test_a_lapped_reader_notices_and_all_it_accepts_is_whole(
    make_segment: Make, processes: Processes, seed: int, capacity: int
) -> None:
    glancing(make_segment, processes, seed, capacity, SHORT // 20 if capacity == 8 else SHORT, 60)


@pytest.mark.soak
def test_a_gating_reader_gets_a_hundred_million_records(make_segment: Make, processes: Processes, seed: int) -> None:
    gating(make_segment, processes, seed, 4096, LONG, [20], 3000)


@pytest.mark.soak
def test_a_lapped_reader_accepts_a_hundred_million_whole_records(
    make_segment: Make, processes: Processes, seed: int
) -> None:
    glancing(make_segment, processes, seed, 4096, LONG, 3000)

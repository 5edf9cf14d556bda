from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shm import ring
from shm.arena import allocate, new_array
from shm.ring import Ring
from tests.stress import kernels
from tests.stress.kernels import RECORD
from tests.stress.processes import Processes


def new_ring(capacity: int) -> Ring:
    view = allocate(lambda arena: kernels.lay_out_ring(arena, capacity))
    ring.initialise(view)
    return view


def records(numbers: list[int]) -> Any:
    made = new_array(RECORD, len(numbers))
    for i, number in enumerate(numbers):
        kernels.fill(made[i], number)
    return made


@given(st.sampled_from([2, 4, 8]), st.lists(st.tuples(st.booleans(), st.integers(0, 10)), max_size=60))
def test_a_ring_is_a_bounded_queue(capacity: int, steps: list[tuple[bool, int]]) -> None:
    view, model, number = new_ring(capacity), deque[int](), 0
    for pushes, count in steps:
        if pushes:
            taken = ring.push(view, records(list(range(number, number + count))))
            assert taken == min(count, capacity - len(model))
            model.extend(range(number, number + taken))
            number += taken
        else:
            out = new_array(RECORD, count)
            given_out = ring.pop(view, out)
            # It may give fewer than there are, but never none: it looks at the producer's cursor only when it must.
            assert min(count, len(model), 1) <= given_out <= min(count, len(model))
            expected = [model.popleft() for _ in range(given_out)]
            assert out["number"][:given_out].tolist() == expected
            assert all(kernels.whole(out[i]) for i in range(given_out))


def test_a_full_ring_takes_nothing_until_something_is_released() -> None:
    view = new_ring(4)
    assert ring.push(view, records([0, 1, 2, 3, 4])) == 4
    assert ring.writable(view, 1) == 0
    assert ring.readable(view, 1) == 4
    ring.release(view, 1)
    assert ring.writable(view, 1) == 1


def test_written_records_are_visible_only_once_published() -> None:
    view = new_ring(4)
    assert ring.writable(view, 2) == 4
    kernels.fill(view.slots[0], 0)
    kernels.fill(view.slots[1], 1)
    assert ring.readable(view, 1) == 0
    ring.publish(view, 1)
    assert ring.readable(view, 1) == 1


@pytest.mark.parametrize("capacity", [0, 1, 3, 12])
def test_a_capacity_that_is_no_power_of_two_is_refused(capacity: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        new_ring(capacity)


def test_a_producer_killed_half_way_through_a_record_leaves_only_whole_ones(
    make_segment: Callable[[str, Callable[[Any], object]], Any], processes: Processes
) -> None:
    segment = make_segment("ring", lambda arena: kernels.lay_out_ring(arena, 8))
    view = kernels.lay_out_ring(segment.arena(), 8)
    ring.initialise(view)
    producer = processes.start("half_write", segment.name, 8)
    assert producer.line() == "half"
    producer.kill()
    out = new_array(RECORD, 8)
    assert ring.pop(view, out) == 1
    assert kernels.whole(out[0])
    # The next producer writes over the torn slot.
    assert ring.push(view, records([1])) == 1
    assert ring.pop(view, out) == 1
    assert (int(out["number"][0]), kernels.whole(out[0])) == (1, True)


def test_two_rings_side_by_side_do_not_mix() -> None:
    first, second = new_ring(4), new_ring(4)
    ring.push(first, records([1, 2]))
    ring.push(second, records([3]))
    out = new_array(RECORD, 4)
    assert ring.pop(first, out) == 2
    assert out["number"][:2].tolist() == [1, 2]
    assert ring.pop(second, out) == 1
    assert np.array(out["number"])[0] == 3

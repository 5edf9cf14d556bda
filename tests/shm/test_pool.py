from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shm import pool
from shm.arena import allocate
from shm.pool import Pool


def new_pool(capacity: int) -> Pool:
    made = allocate(lambda arena: pool.lay_out(arena, capacity))
    pool.initialise(made)
    return made


@given(st.integers(2, 12), st.lists(st.integers(-1, 11), max_size=100))
def test_a_pool_gives_each_slot_once_until_it_comes_back(capacity: int, steps: list[int]) -> None:
    """Each step takes a slot (-1) or gives one of those in use back."""
    slots, used, refused = new_pool(capacity), list[int](), 0
    for step in steps:
        if step == -1:
            slot = pool.take(slots)
            if len(used) == capacity - 1:
                assert slot == 0
                refused += 1
            else:
                assert 0 < slot < capacity
                assert slot not in used
                used.append(slot)
        elif used:
            pool.give(slots, used.pop(step % len(used)))
        assert (pool.in_use(slots), pool.available(slots)) == (len(used), capacity - 1 - len(used))
        assert slots.header[pool.REFUSED] == refused
        pool.check(slots, used)


def test_the_slot_given_back_last_comes_first() -> None:
    slots = new_pool(8)
    taken = [pool.take(slots) for _ in range(4)]
    assert taken == [1, 2, 3, 4]
    pool.give(slots, 2)
    pool.give(slots, 3)
    assert [pool.take(slots) for _ in range(3)] == [3, 2, 5]


@pytest.mark.parametrize(
    ("given_back", "used", "message"),
    [
        ([2, 2], [1, 3], "twice in the free list"),
        ([2], [1, 2, 3], "both free and in use"),
        ([2], [1, 3, 3], "twice in use"),
        ([2], [1], "1 slots are neither"),
        ([9], [1, 2, 3], "outside"),
        ([0], [1, 2, 3], "outside"),
    ],
)
def test_the_check_finds(given_back: list[int], used: list[int], message: str) -> None:
    slots = new_pool(16)
    for _ in range(3):
        pool.take(slots)
    for slot in given_back:  # as a fault would leave it: give() refuses some of this
        slots.free[slots.header[pool.FREED]] = slot
        slots.header[pool.FREED] += 1
    with pytest.raises(AssertionError, match=message):
        pool.check(slots, used)


def test_a_pool_without_a_slot_is_refused() -> None:
    with pytest.raises(ValueError, match="capacity of 2"):
        new_pool(1)

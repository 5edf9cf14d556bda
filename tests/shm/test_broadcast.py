from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shm import broadcast
from shm.arena import allocate, new_array
from shm.broadcast import LAPPED, READERS_MAX, Broadcast
from tests.stress import kernels
from tests.stress.kernels import RECORD


def new_ring(capacity: int, base: int = 0) -> Broadcast:
    view, _ = allocate(lambda arena: kernels.lay_out_broadcast(arena, capacity))
    broadcast.initialise(view, base)
    return view


def write(view: Broadcast, count: int) -> int:
    """Write up to `count` more records and publish them; gives the number of the last."""
    last = int(broadcast.published(view))
    for _ in range(count):
        if broadcast.writable(view, last) <= 0:
            broadcast.publish(view, last)  # no more than half a ring may be unpublished
            if broadcast.writable(view, last) <= 0:
                break
        last += 1
        kernels.fill(view.slots[last & (len(view.slots) - 1)], last)
    broadcast.publish(view, last)
    return last


def read(view: Broadcast, position: int, count_max: int = 64) -> list[int] | None:
    """What `copy_since` gives; None when lapped."""
    out = new_array(RECORD, count_max)
    count = broadcast.copy_since(view, position, out)
    if count == LAPPED:
        return None
    assert all(kernels.whole(out[i]) for i in range(count))
    return [int(number) for number in out["number"][:count]]


@given(st.sampled_from([8, 16]), st.lists(st.tuples(st.integers(0, 2), st.integers(0, 20)), max_size=60))
def test_gating_readers_hold_the_writer_back_and_miss_nothing(capacity: int, steps: list[tuple[int, int]]) -> None:
    view = new_ring(capacity)
    readers = [broadcast.join(view)[0] for _ in range(2)]
    positions, last = [0, 0], 0
    for actor, count in steps:
        if actor == 2:
            last = write(view, count)
            assert last - min(positions) <= capacity
        else:
            target = min(positions[actor] + count, last)
            fresh = read(view, positions[actor], capacity)
            assert fresh == list(range(positions[actor] + 1, last + 1))
            positions[actor] = target
            broadcast.advance(view, readers[actor], target)
    for actor in range(2):
        broadcast.advance(view, readers[actor], last)
    assert write(view, capacity) == last + capacity


@given(st.sampled_from([8, 64]), st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=60))
def test_a_reader_that_does_not_gate_gets_the_next_records_or_learns_that_it_was_lapped(
    capacity: int, steps: list[tuple[bool, int]]
) -> None:
    view = new_ring(capacity)
    position = last = 0
    for writes, count in steps:
        if writes:
            assert write(view, count) == last + count
            last += count
            continue
        got = read(view, position)
        if got is None:
            # The writer claims up to a quarter of the ring beyond what it has published.
            assert last + capacity // 4 - capacity > position
            position = last
        else:
            assert last - capacity <= position
            assert got == list(range(position + 1, last + 1))[:64]
            position += len(got)


def test_records_older_than_the_ring_count_as_lapped() -> None:
    view = new_ring(8, base=100)
    assert broadcast.published(view) == 100
    assert write(view, 2) == 102
    assert read(view, 99) is None
    assert read(view, 100) == [101, 102]
    assert read(view, 102) == []


def test_a_reader_ahead_of_the_writer_gets_nothing() -> None:
    view = new_ring(8)
    write(view, 2)
    assert read(view, 5) == []


def test_a_full_ring_is_back_pressure_until_the_slowest_reader_advances_or_leaves() -> None:
    view = new_ring(8)
    reader, position = broadcast.join(view)
    assert position == 0
    assert write(view, 100) == 8
    assert broadcast.writable(view, 8) == 0
    broadcast.advance(view, reader, 3)
    assert write(view, 100) == 11
    broadcast.leave(view, reader)
    assert write(view, 100) == 111


def test_a_writer_publishes_before_it_is_half_a_ring_ahead_so_that_late_readers_miss_nothing() -> None:
    view = new_ring(64)
    last = 0
    while broadcast.writable(view, last) > 0:
        last += 1
    assert last == 32
    broadcast.publish(view, last)
    assert broadcast.writable(view, last) > 0


def test_who_joins_late_begins_with_the_next_record_and_is_named() -> None:
    view = new_ring(8)
    write(view, 5)
    reader, position = broadcast.join(view)
    assert position == 5
    assert view.header[broadcast.PID + reader * broadcast.READER_STRIDE] == os.getpid()
    write(view, 2)
    assert read(view, position) == [6, 7]


@pytest.mark.parametrize("places", [16, READERS_MAX])
def test_places_for_gating_readers_run_out_and_come_back(places: int) -> None:
    view = new_ring(8)
    broadcast.initialise(view, readers=places)
    readers = [broadcast.join(view)[0] for _ in range(places)]
    assert sorted(readers) == list(range(places))
    with pytest.raises(RuntimeError, match=f"all {places} places"):
        broadcast.join(view)
    write(view, 8)
    for reader in readers[:-1]:
        broadcast.advance(view, reader, 8)
    assert broadcast.passable(view) == 8, "the last one has read nothing"
    broadcast.advance(view, readers[-1], 3)
    assert broadcast.passable(view) == 11
    broadcast.leave(view, 7)
    assert broadcast.join(view)[0] == 7


@pytest.mark.parametrize("capacity", [0, 4, 12])
def test_a_bad_capacity_is_refused(capacity: int) -> None:
    with pytest.raises(ValueError, match="power of two of at least 8"):
        new_ring(capacity)

"""The shard's orders that expire at a time, as a binary heap: the earliest first, of equal ones the lower order id."""

from __future__ import annotations

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.layout import FAR_FUTURE, LINKS, TIMED_LINK, W_NEXT_EXPIRY, W_TIMERS, Shard


@kernel
def _is_before(shard: Shard, one: int, other: int) -> bool:
    time, other_time = shard.extras[one].expires_ns, shard.extras[other].expires_ns
    return time < other_time or (time == other_time and shard.orders[one].order_id < shard.orders[other].order_id)


@kernel
def _put(shard: Shard, place: int, slot: int) -> None:
    shard.timers[place] = slot
    shard.links[LINKS * slot + TIMED_LINK] = place


@kernel
def _rise(shard: Shard, place: int, slot: int) -> int:
    """Move what is later than `slot` down, from `place` upwards; gives the place that is then free."""
    timers = shard.timers
    assert 1 <= place <= shard.words[W_TIMERS], "a place of the heap"
    while place > 1 and _is_before(shard, slot, signed(timers[place >> 1])):
        _put(shard, place, signed(timers[place >> 1]))
        place >>= 1
    return place


@kernel
def _sink(shard: Shard, place: int, slot: int, count: int) -> int:
    """Move what is earlier than `slot` up, from `place` downwards; gives the place that is then free."""
    timers = shard.timers
    assert 1 <= place <= count, "a place of the heap"
    while 2 * place <= count:
        child = 2 * place
        if child < count and _is_before(shard, signed(timers[child + 1]), signed(timers[child])):
            child += 1
        if not _is_before(shard, signed(timers[child]), slot):
            break
        _put(shard, place, signed(timers[child]))
        place = child
    return place


@kernel
def first_timer(shard: Shard) -> int:
    """The slot of the order that expires first; 0 when none does."""
    return signed(shard.timers[1]) if shard.words[W_TIMERS] > 0 else signed(0)


@kernel
def note_first_timer(shard: Shard) -> None:
    """Remember when the first order expires, which every record is compared with."""
    words = shard.words
    words[W_NEXT_EXPIRY] = shard.extras[shard.timers[1]].expires_ns if words[W_TIMERS] > 0 else FAR_FUTURE


@kernel_entry
def start_timer(shard: Shard, slot: int) -> None:
    """The order in `slot` ends at its `expires_ns`."""
    words = shard.words
    count = words[W_TIMERS] + 1
    assert count < len(shard.timers), "there is room for every order"
    assert shard.extras[slot].expires_ns > 0, "who expires knows when"
    words[W_TIMERS] = count
    _put(shard, _rise(shard, count, slot), slot)
    note_first_timer(shard)


@kernel_entry
def stop_timer(shard: Shard, slot: int) -> None:
    """The order in `slot` has ended."""
    words = shard.words
    place = signed(shard.links[LINKS * slot + TIMED_LINK])
    count = words[W_TIMERS] - 1
    assert 1 <= place <= count + 1, "a place of the heap"
    assert shard.timers[place] == slot, "an order with a timer knows its place in the heap"
    words[W_TIMERS] = count
    last = signed(shard.timers[count + 1])
    if last != slot:
        place = _rise(shard, place, last)
        _put(shard, _sink(shard, place, last, count), last)
    note_first_timer(shard)

"""Price levels in a sorted array a side: the best at its end, found by binary search, inserted by moving the better.

Compact, and the touch is always at hand; but a level that comes or goes behind the touch moves all that are better.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from shm.integers import signed
from shm.jit import kernel
from shm.table import addressed, table_of
from tradsys.book.alternatives.queues import join, leave
from tradsys.book.layout import LEVEL

_W_FREE, _W_USED = 0, 1
_W_COUNTS = 2
"""First of two words: how many levels each side has."""


@addressed
class SortedLevels(NamedTuple):
    """Both sides of a book. `indices` and `numbers` hold the sides one behind the other, each in half of the array."""

    table: Any
    words: Any  # int64
    indices: Any  # int32, ascending
    numbers: Any  # uint32: the level of each of them
    levels: Any  # LEVEL by number, from 1
    orders: Any  # ORDER by slot


def carve(take: Callable[[Any, int], Any], levels_max: int, orders: Any) -> SortedLevels:
    """Lay it out in zeroed memory for at most `levels_max` levels a side; `take(dtype, count)` gives each array."""
    fields: dict[str, Any] = {
        "words": take(np.int64, 4),
        "indices": take(np.int32, 2 * levels_max),
        "numbers": take(np.uint32, 2 * levels_max),
        "levels": take(LEVEL, 2 * levels_max + 1),
        "orders": orders,
    }
    return SortedLevels(table_of(fields.values()), **fields)


@kernel
def _start(state: SortedLevels, side: int) -> int:
    return side * (len(state.indices) >> 1)


@kernel
def _place(state: SortedLevels, side: int, index: int) -> int:
    """The first place of the side whose index is not worse than `index`; its end when there is none."""
    low = _start(state, side)
    high = low + state.words[_W_COUNTS + side]
    while low < high:
        middle = (low + high) >> 1
        if state.indices[middle] < index:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _insert(state: SortedLevels, side: int, place: int, index: int) -> int:
    words, indices, numbers = state.words, state.indices, state.numbers
    at = _start(state, side) + words[_W_COUNTS + side]
    assert words[_W_COUNTS + side] < len(indices) >> 1, "there is room for the level"
    while at > place:
        indices[at] = indices[at - 1]
        numbers[at] = numbers[at - 1]
        at -= 1
    words[_W_COUNTS + side] += 1
    number = words[_W_FREE]
    if number != 0:
        words[_W_FREE] = state.levels[number].head
    else:
        number = words[_W_USED] + 1
        words[_W_USED] = number
    indices[place] = index
    numbers[place] = number
    level = state.levels[number]
    level.index = index
    level.count = 0
    level.quantity_lots = 0
    return number


@kernel
def append(state: SortedLevels, side: int, index: int, slot: int) -> None:
    """Put the order in `slot` at the end of the queue at `index`; there must be room for the level."""
    place = _place(state, side, index)
    if place < _start(state, side) + state.words[_W_COUNTS + side] and state.indices[place] == index:
        number = signed(state.numbers[place])
    else:
        number = _insert(state, side, place, index)
    state.orders[slot].level = number
    join(state.levels[number], state.orders, slot)


@kernel
def remove(state: SortedLevels, side: int, slot: int) -> None:
    """Take the order in `slot` out of its queue."""
    words, indices, numbers = state.words, state.indices, state.numbers
    number = signed(state.orders[slot].level)
    level = state.levels[number]
    leave(level, state.orders, slot)
    if level.count != 0:
        return
    place = _place(state, side, signed(level.index))
    count = words[_W_COUNTS + side] - 1
    assert indices[place] == level.index, "the level is found at its price"
    words[_W_COUNTS + side] = count
    for at in range(place, _start(state, side) + count):
        indices[at] = indices[at + 1]
        numbers[at] = numbers[at + 1]
    level.head = words[_W_FREE]
    words[_W_FREE] = number


@kernel
def best_index(state: SortedLevels, side: int) -> int:
    """The best index with orders, -1 when the side is empty."""
    count = state.words[_W_COUNTS + side]
    return signed(state.indices[_start(state, side) + count - 1]) if count != 0 else signed(-1)


@kernel
def best_order(state: SortedLevels, side: int) -> int:
    """The slot of the first order in priority, 0 when the side is empty."""
    count = state.words[_W_COUNTS + side]
    return signed(state.levels[state.numbers[_start(state, side) + count - 1]].head) if count != 0 else signed(0)


@kernel
def first_at(state: SortedLevels, side: int, index: int) -> int:
    """The slot at the head of the queue at `index`, 0 when there is none."""
    place = _place(state, side, index)
    if place == _start(state, side) + state.words[_W_COUNTS + side] or state.indices[place] != index:
        return signed(0)
    return signed(state.levels[state.numbers[place]].head)


@kernel
def next_worse(state: SortedLevels, side: int, index: int) -> int:
    """The nearest index with orders that is worse than `index`, -1 when there is none."""
    place = _place(state, side, index)
    return signed(state.indices[place - 1]) if place > _start(state, side) else signed(-1)

"""Price levels in one array by index, and nothing between them but three layers of 64-way bitmaps.

No pool, no pages, no links: a level comes and goes with a few bits. But whenever the best level empties the next one
must be searched, which nobody can predict, and in a wide range every level is a cache line of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from shm.atomics import leading_zeros
from shm.integers import signed
from shm.jit import kernel
from shm.table import addressed, table_of
from tradsys.book.alternatives.queues import join, leave
from tradsys.book.bitmap import bit
from tradsys.book.layout import LEVEL

INDEX_BITS = 18
"""Three layers: 64 ** 3 indices a side."""
_FIRST_WORDS, _SECOND_WORDS = 1 << (INDEX_BITS - 6), 1 << (INDEX_BITS - 12)
_SECOND = _FIRST_WORDS
_THIRD = _SECOND + _SECOND_WORDS
_SIDE_WORDS = _THIRD + 1


@addressed
class BitmapLevels(NamedTuple):
    """Both sides of a book."""

    table: Any
    best: Any  # int64 by side: the best index, -1 when the side is empty
    bits: Any  # int64: of each side the first layer (a bit for each index), the second, the third
    levels: Any  # LEVEL by side << INDEX_BITS | index
    orders: Any  # ORDER by slot


def carve(take: Callable[[Any, int], Any], orders: Any) -> BitmapLevels:
    """Lay it out in zeroed memory; `take(dtype, count)` gives each array. See initialise()."""
    fields: dict[str, Any] = {
        "best": take(np.int64, 2),
        "bits": take(np.int64, 2 * _SIDE_WORDS),
        "levels": take(LEVEL, 2 << INDEX_BITS),
        "orders": orders,
    }
    return BitmapLevels(table_of(fields.values()), **fields)


def initialise(state: BitmapLevels) -> None:
    """Make zeroed memory an empty book."""
    state.best[:] = -1


@kernel
def append(state: BitmapLevels, side: int, index: int, slot: int) -> None:
    """Put the order in `slot` at the end of the queue at `index`."""
    assert 0 <= index < 1 << INDEX_BITS, "the bitmaps cover the price"
    number = side << INDEX_BITS | index
    level = state.levels[number]
    if level.count == 0:
        bits = state.bits
        base = side * _SIDE_WORDS
        bits[base + (index >> 6)] |= bit(index & 63)
        bits[base + _SECOND + (index >> 12)] |= bit(index >> 6 & 63)
        bits[base + _THIRD] |= bit(index >> 12)
        if index > state.best[side]:
            state.best[side] = index
    state.orders[slot].level = number
    join(level, state.orders, slot)


@kernel
def remove(state: BitmapLevels, side: int, slot: int) -> None:
    """Take the order in `slot` out of its queue."""
    number = signed(state.orders[slot].level)
    level = state.levels[number]
    leave(level, state.orders, slot)
    if level.count != 0:
        return
    index = number & ((1 << INDEX_BITS) - 1)
    bits = state.bits
    base = side * _SIDE_WORDS
    left = bits[base + (index >> 6)] & ~bit(index & 63)
    bits[base + (index >> 6)] = left
    if left == 0:
        left = bits[base + _SECOND + (index >> 12)] & ~bit(index >> 6 & 63)
        bits[base + _SECOND + (index >> 12)] = left
        if left == 0:
            bits[base + _THIRD] &= ~bit(index >> 12)
    if index == state.best[side]:
        state.best[side] = next_worse(state, side, index)


@kernel
def _below(word: int, bit_number: int) -> int:
    """The bits of `word` lower than number `bit_number` (0 to 63)."""
    return word & ~(signed(-1) << signed(bit_number))


@kernel
def _highest(word: int) -> int:
    return 63 - leading_zeros(word)


@kernel
def next_worse(state: BitmapLevels, side: int, index: int) -> int:
    """The nearest index with orders that is worse than `index`, -1 when there is none."""
    bits = state.bits
    base = side * _SIDE_WORDS
    left = _below(bits[base + (index >> 6)], index & 63)
    if left != 0:
        return (index & ~63) + _highest(left)
    left = _below(bits[base + _SECOND + (index >> 12)], index >> 6 & 63)
    block = index >> 12
    if left == 0:
        left = _below(bits[base + _THIRD], block)
        if left == 0:
            return signed(-1)
        block = _highest(left)
        left = bits[base + _SECOND + block]
    word = (block << 6) + _highest(left)
    return (word << 6) + _highest(bits[base + word])


@kernel
def best_index(state: BitmapLevels, side: int) -> int:
    """The best index with orders, -1 when the side is empty."""
    return state.best[side]


@kernel
def best_order(state: BitmapLevels, side: int) -> int:
    """The slot of the first order in priority, 0 when the side is empty."""
    index = state.best[side]
    return signed(state.levels[side << INDEX_BITS | index].head) if index >= 0 else signed(0)


@kernel
def first_at(state: BitmapLevels, side: int, index: int) -> int:
    """The slot at the head of the queue at `index`, 0 when there is none."""
    level = state.levels[side << INDEX_BITS | index]
    return signed(level.head) if level.count != 0 else signed(0)

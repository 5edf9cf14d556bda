"""Asking for the memory that commands ahead will need, in a shard of so many symbols that no cache holds them all.

An order that comes to a book which has not been touched for long waits for its side, directory entry, page, level and
neighbours, each found through the one before: so each is asked for some commands after the one before it. What was
found so far is noted in the shard's hints, a row for each of the commands ahead. It may be out of date when its turn
comes, and then was asked for in vain, but it always names memory that exists.

Kinds of commands follow each other at random, and a branch that depends on one costs more than what it would save: a
command that names no order is treated as if it named the null order, one without a price as if it came to side 0. For
the same reason whatever is chosen from is read first, so that the compiler can choose without a branch.
"""

from __future__ import annotations

from typing import Any

from shm.atomics import prefetch, trailing_zeros
from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.bitmap import above
from tradsys.book.layout import HINT_WORDS, HINTS, Shard
from tradsys.book.levels import entry_of, index_of, place_of
from tradsys.book.orders import ask_for_neighbours, ask_for_order
from tradsys.records import SLOT_MASK, CommandFlag, Kind

_NEW = int(Kind.NEW)
_NEW_PRICE = int(CommandFlag.NEW_PRICE)

MANY_SYMBOLS = 256
"""A shard with more than these asks for everything; with fewer it would cost more than it saves."""
_APART = 5
"""Commands between two stages: what one has asked for has come when the next needs it."""
FURTHEST = 6 * _APART
"""Commands. The first stage is asked for that much ahead."""

# Words of a hint.
_SLOT = 0  # of the order that the command names
_SIDE = 1  # that its price belongs to
_INDEX = 2  # of its price
_ENTRY = 3  # of the directory: the nearest with a better level
_PLACE = 4  # in the pages: of the price's level, or of the better one when there is none
_TAKEN = 5  # the side that it takes from, 0 when it rests
_OWN = 6  # the price's own entry of the directory
_LEFT = 7  # the entry of the level in which the order stands that the command names


@kernel
def _side(shard: Shard, command: Any, slot: int) -> int:
    """The side that a new or repriced order comes to, by number; 0 when it comes to none."""
    symbol = signed(command.symbol)
    if symbol >= len(shard.books):
        return signed(0)
    book = shard.books[symbol]
    price = signed(command.price_ticks)
    is_new = command.kind == _NEW
    side = signed(command.side) if is_new else signed(shard.orders[slot].side)
    has_price = is_new | (command.flags & _NEW_PRICE != 0)
    fits = (price >= book.lowest_ticks) & (price <= book.highest_ticks) & (book.defined != 0)
    return (2 * symbol + (side & 1)) * signed(has_price & fits)


@kernel
def _ask_for_place(shard: Shard, side: Any, level: Any) -> None:
    """Where a level stands in the pages; nowhere, when it has meanwhile been freed or gone to another side."""
    entry = entry_of(side, signed(level.index))
    if 0 <= entry < len(shard.directory):
        prefetch(shard.pages, place_of(shard.directory[entry], signed(level.index)))


@kernel
def _ask_first(shard: Shard, command: Any) -> None:
    """The order that a command names, its book and its sides."""
    ask_for_order(shard, command.order_id)
    prefetch(shard.books, signed(command.symbol))
    prefetch(shard.sides, 2 * signed(command.symbol))


@kernel
def _ask_second(shard: Shard, command: Any, hint: int) -> None:
    """A named order's level and neighbours; the directory entry of a price; the touch, if taken or bettered."""
    hints = shard.hints
    ask_for_neighbours(shard, command.order_id)
    slot = command.order_id & SLOT_MASK
    if slot >= len(shard.orders):
        slot = signed(0)
    number = _side(shard, command, slot)
    price = signed(command.price_ticks)
    side = shard.sides[number]
    opposite = shard.sides[number ^ 1]
    index = index_of(side, price) * signed(number != 0)
    takes = (number != 0) & (opposite.best_index >= index_of(opposite, price))
    hints[hint + _SLOT] = slot
    hints[hint + _SIDE] = number
    hints[hint + _INDEX] = index
    hints[hint + _TAKEN] = (number ^ 1) * signed(takes)
    own = entry_of(side, index)
    assert 0 <= own < len(shard.directory), "the directory has an entry for every price"
    hints[hint + _OWN] = own
    prefetch(shard.directory, own)
    taken, behind = signed(opposite.best_level), signed(side.best_level) * signed(index > side.best_index)
    prefetch(shard.levels, taken if takes else behind)


@kernel
def _ask_third(shard: Shard, hint: int) -> None:
    """Of a named order its level's neighbours, needed if it is alone; of a price its place and what is better.

    The summaries are few and often used: they are not worth asking for.
    """
    hints = shard.hints
    assert 0 <= hints[hint + _SLOT] < len(shard.orders), "a hint names a slot that there is"
    assert 0 <= hints[hint + _SIDE] < len(shard.sides), "a hint names a side that there is"
    order = shard.orders[hints[hint + _SLOT]]
    level = shard.levels[order.level]
    prefetch(shard.levels, level.better)
    prefetch(shard.levels, level.worse)
    left = entry_of(shard.sides[2 * signed(order.symbol) + signed(order.side)], signed(level.index))
    # The level may meanwhile be of another side.
    hints[hint + _LEFT] = left if (left >= 0) & (left < len(shard.directory)) else signed(0)
    prefetch(shard.directory, left)

    side = shard.sides[hints[hint + _SIDE]]
    index = hints[hint + _INDEX]
    page = index >> 6
    entry = hints[hint + _OWN]
    place = place_of(shard.directory[entry], index)
    hints[hint + _PLACE] = place
    prefetch(shard.pages, place)
    bits = above(shard.summary[signed(side.words) + (page >> 6)], page & 63)
    other = signed(side.directory) + (page & ~63) + trailing_zeros(bits)
    better = entry if (above(shard.directory[entry].occupancy, index & 63) != 0) | (bits == 0) else other
    hints[hint + _ENTRY] = better
    prefetch(shard.directory, better)
    taken = hints[hint + _TAKEN]
    if taken != 0:
        touch = shard.sides[taken]
        best = shard.levels[touch.best_level]
        prefetch(shard.orders, best.head)
        prefetch(shard.levels, best.worse)
        prefetch(shard.directory, entry_of(touch, signed(touch.best_index)))


@kernel
def _ask_fourth(shard: Shard, hint: int) -> None:
    """A named order's place in its page, and a price's better one; the order behind the touch's first."""
    hints = shard.hints
    level = shard.levels[shard.orders[hints[hint + _SLOT]].level]
    prefetch(shard.pages, place_of(shard.directory[hints[hint + _LEFT]], signed(level.index)))

    index = hints[hint + _INDEX]
    own = hints[hint + _OWN]
    is_there = (signed(shard.directory[own].occupancy) >> (index & 63)) & 1
    entry = hints[hint + _ENTRY]
    occupied = signed(shard.directory[entry].occupancy)
    better = above(occupied, index & 63)
    bits = better if entry == own else occupied
    place, other = hints[hint + _PLACE], place_of(shard.directory[entry], trailing_zeros(bits) & 63)
    place = place if (is_there != 0) | (bits == 0) else other
    hints[hint + _PLACE] = place
    prefetch(shard.pages, place)
    taken = hints[hint + _TAKEN]
    if taken != 0:
        touch = shard.sides[taken]
        best = shard.levels[touch.best_level]
        second = shard.levels[best.worse]
        prefetch(shard.orders, shard.orders[best.head].next)
        prefetch(shard.orders, second.head)
        prefetch(shard.directory, entry_of(touch, signed(second.index)))
        _ask_for_place(shard, touch, best)


@kernel
def _ask_fifth(shard: Shard, hint: int) -> None:
    """The level of a price, or the better one; what removing the level behind the touch needs."""
    hints = shard.hints
    assert 0 <= hints[hint + _PLACE] < len(shard.pages), "a hint names a place that there is"
    prefetch(shard.levels, shard.pages[hints[hint + _PLACE]])
    taken = hints[hint + _TAKEN]
    if taken != 0:
        touch = shard.sides[taken]
        second = shard.levels[shard.levels[touch.best_level].worse]
        prefetch(shard.levels, second.worse)
        _ask_for_place(shard, touch, second)


@kernel
def _ask_sixth(shard: Shard, hint: int) -> None:
    """The order that another one queues behind, or the worse neighbour of a level that will be new."""
    hints = shard.hints
    level = shard.levels[shard.pages[hints[hint + _PLACE]]]
    is_new = level.index != hints[hint + _INDEX]
    prefetch(shard.orders, signed(0) if is_new else signed(level.tail))
    prefetch(shard.levels, signed(level.worse) if is_new else signed(0))
    taken = hints[hint + _TAKEN]
    if taken != 0:
        second = shard.levels[shard.levels[shard.sides[taken].best_level].worse]
        prefetch(shard.orders, shard.levels[second.worse].head)


@kernel
def _hint(at: int) -> int:
    """Where the hints have the row of the command at `at`."""
    return (at & (HINTS - 1)) * HINT_WORDS


@kernel_entry
def ask_ahead(shard: Shard, commands: Any, at: int, mask: int) -> None:
    """One stage for each of six commands behind the one at `at`; there must be FURTHEST of them."""
    _ask_first(shard, commands[(at + FURTHEST) & mask])
    second = at + FURTHEST - _APART
    _ask_second(shard, commands[second & mask], _hint(second))
    _ask_third(shard, _hint(second - _APART))
    _ask_fourth(shard, _hint(second - 2 * _APART))
    _ask_fifth(shard, _hint(second - 3 * _APART))
    _ask_sixth(shard, _hint(second - 4 * _APART))

"""Asking for the memory that commands ahead will need, in a shard of so many symbols that no cache holds them all.

A new order in a book that has not been touched for long waits for its side, directory entry, page, level and the
order it queues behind, each found through the one before: so each is asked for some commands after the one before it.
"""

from __future__ import annotations

from typing import Any

from shm.atomics import prefetch, trailing_zeros
from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.bitmap import above
from tradsys.book.layout import Shard
from tradsys.book.levels import index_of
from tradsys.records import SLOT_MASK, Kind, TimeInForce

_NEW = int(Kind.NEW)
_IOC = int(TimeInForce.IOC)

MANY_SYMBOLS = 256
"""A shard with more than these asks for everything; with fewer it would cost more than it saves."""
LONGEST = 16
"""Commands. The first stage is asked for that much ahead."""
_SECOND, _THIRD, _FOURTH, _FIFTH, _SIXTH = 13, 10, 7, 4, 2


@kernel
def _entry(shard: Shard, side: Any, index: int) -> int:
    """Where the directory has the page of an index."""
    return signed(side.directory) + (index >> 6)


@kernel
def _index(shard: Shard, command: Any) -> int:
    """The index of a new order's price, -1 when it is none of its symbol."""
    symbol = signed(command.symbol)
    if symbol >= len(shard.books) or command.side > 1:
        return signed(-1)
    book = shard.books[symbol]
    price = signed(command.price_ticks)
    if book.defined == 0 or price < book.lowest_ticks or price > book.highest_ticks:
        return signed(-1)
    return index_of(shard.sides[2 * symbol + signed(command.side)], price)


@kernel
def _ask_for_book(shard: Shard, command: Any) -> None:
    """The symbol's book and side."""
    symbol = signed(command.symbol)
    prefetch(shard.books, symbol)
    prefetch(shard.sides, 2 * symbol)


@kernel
def _ask_second(shard: Shard, command: Any) -> None:
    """A new order's directory entry and summary; a resting one's level and neighbours."""
    if command.kind == _NEW:
        index = _index(shard, command)
        if index >= 0:
            side = shard.sides[2 * signed(command.symbol) + signed(command.side)]
            prefetch(shard.directory, _entry(shard, side, index))
            prefetch(shard.summary, side.words)
            prefetch(shard.levels, side.best_level)
            other = shard.sides[2 * signed(command.symbol) + 1 - signed(command.side)]
            prefetch(shard.levels, other.best_level)
        return
    slot = command.order_id & SLOT_MASK
    if slot < len(shard.orders):
        order = shard.orders[slot]
        prefetch(shard.levels, order.level)
        prefetch(shard.orders, order.prev)
        prefetch(shard.orders, order.next)


@kernel
def _ask_third(shard: Shard, command: Any) -> None:
    """A new order's place in its page; the neighbours and the directory entry of a resting one's level."""
    if command.kind == _NEW:
        index = _index(shard, command)
        if index >= 0:
            side = shard.sides[2 * signed(command.symbol) + signed(command.side)]
            page = signed(shard.directory[_entry(shard, side, index)])
            prefetch(shard.pages, (page << 6) + (index & 63))
            prefetch(shard.occupancy, page)
            if command.time_in_force == _IOC:
                other = shard.sides[2 * signed(command.symbol) + 1 - signed(command.side)]
                prefetch(shard.orders, shard.levels[other.best_level].head)
        return
    slot = command.order_id & SLOT_MASK
    symbol = signed(command.symbol)
    if slot < len(shard.orders) and symbol < len(shard.books):
        order = shard.orders[slot]
        level = shard.levels[order.level]
        prefetch(shard.levels, level.better)
        prefetch(shard.levels, level.worse)
        side = shard.sides[2 * symbol + (signed(order.side) & 1)]
        prefetch(shard.directory, _entry(shard, side, signed(level.index)))
        prefetch(shard.summary, side.words)


@kernel
def _ask_fourth(shard: Shard, command: Any) -> None:
    """A new order's level, or the place of the better one; a resting order's place in its page."""
    if command.kind == _NEW:
        index = _index(shard, command)
        if index < 0:
            return
        side = shard.sides[2 * signed(command.symbol) + signed(command.side)]
        page = signed(shard.directory[_entry(shard, side, index)])
        number = signed(shard.pages[(page << 6) + (index & 63)])
        if number != 0:
            prefetch(shard.levels, number)
            return
        bits = above(shard.occupancy[page], index & 63)
        if bits != 0:
            prefetch(shard.pages, (page << 6) + trailing_zeros(bits))
        return
    slot = command.order_id & SLOT_MASK
    symbol = signed(command.symbol)
    if slot < len(shard.orders) and symbol < len(shard.books):
        order = shard.orders[slot]
        index = signed(shard.levels[order.level].index)
        side = shard.sides[2 * symbol + (signed(order.side) & 1)]
        entry = _entry(shard, side, index)
        if index >= 0 and entry < len(shard.directory):
            page = signed(shard.directory[entry])
            prefetch(shard.pages, (page << 6) + (index & 63))
            prefetch(shard.occupancy, page)


@kernel
def _ask_fifth(shard: Shard, command: Any) -> None:
    """The order that a new one queues behind, or the better level."""
    if command.kind != _NEW:
        return
    index = _index(shard, command)
    if index < 0:
        return
    side = shard.sides[2 * signed(command.symbol) + signed(command.side)]
    page = signed(shard.directory[_entry(shard, side, index)])
    number = signed(shard.pages[(page << 6) + (index & 63)])
    if number != 0:
        prefetch(shard.orders, shard.levels[number].tail)
        return
    bits = above(shard.occupancy[page], index & 63)
    if bits != 0:
        prefetch(shard.levels, shard.pages[(page << 6) + trailing_zeros(bits)])


@kernel
def _ask_sixth(shard: Shard, command: Any) -> None:
    """The level that is worse than a new order's."""
    if command.kind != _NEW:
        return
    index = _index(shard, command)
    if index < 0:
        return
    side = shard.sides[2 * signed(command.symbol) + signed(command.side)]
    page = signed(shard.directory[_entry(shard, side, index)])
    number = signed(shard.pages[(page << 6) + (index & 63)])
    if number != 0:
        return
    bits = above(shard.occupancy[page], index & 63)
    if bits != 0:
        better = signed(shard.pages[(page << 6) + trailing_zeros(bits)])
        prefetch(shard.levels, shard.levels[better].worse)


@kernel_entry
def ask_ahead(shard: Shard, commands: Any, at: int, mask: int) -> None:
    """One stage for each of six commands behind the one at `at`; there must be LONGEST of them."""
    _ask_for_book(shard, commands[(at + LONGEST) & mask])
    _ask_second(shard, commands[(at + _SECOND) & mask])
    _ask_third(shard, commands[(at + _THIRD) & mask])
    _ask_fourth(shard, commands[(at + _FOURTH) & mask])
    _ask_fifth(shard, commands[(at + _FIFTH) & mask])
    _ask_sixth(shard, commands[(at + _SIXTH) & mask])

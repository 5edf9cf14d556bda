"""Price levels: found by direct index, linked to their neighbours, each a queue of orders in time priority.

Removing the best level finds the next through its link, without a search. Only a level that is inserted behind
the best one looks its better neighbour up in the bitmaps.
"""

from __future__ import annotations

from typing import Any

from shm.atomics import trailing_zeros
from shm.integers import signed
from shm.jit import kernel
from tradsys.book.bitmap import PAGES_MAX, above, bit, clear, mark, next_page, words_needed
from tradsys.book.layout import (
    W_FREE_LEVEL,
    W_USED_DIRECTORY,
    W_USED_LEVELS,
    W_USED_PAGES,
    W_USED_SUMMARY,
    Shard,
)


@kernel
def index_of(side: Any, price_ticks: int) -> int:
    """A price as an index of this side: the higher, the better."""
    return side.offset + (price_ticks ^ side.mask)


@kernel
def price_of(side: Any, index: int) -> int:
    """The price in ticks of an index of this side."""
    return (index - side.offset) ^ side.mask


@kernel
def open_sides(shard: Shard, symbol: int, lowest_ticks: int, highest_ticks: int) -> bool:
    """Give a new symbol its directories; False when the shard has no room for such a range."""
    words = shard.words
    pages = (highest_ticks - lowest_ticks + 64) >> 6
    needed = words_needed(pages)
    directory = words[W_USED_DIRECTORY]
    summary = words[W_USED_SUMMARY]
    if pages > PAGES_MAX or directory + 2 * pages > len(shard.directory) or summary + 2 * needed > len(shard.summary):
        return False
    words[W_USED_DIRECTORY] = directory + 2 * pages
    words[W_USED_SUMMARY] = summary + 2 * needed
    for number in range(2):
        side = shard.sides[2 * symbol + number]
        side.best_index = -1
        side.best_level = 0
        side.mask = -number
        side.offset = 64 * pages + lowest_ticks if number else -lowest_ticks
        side.directory = directory + number * pages
        side.words = summary + number * needed
        side.pages = pages
    return True


@kernel
def has_level(shard: Shard, side: Any, index: int) -> bool:
    """Whether an order could rest at `index`: its page exists or one is free."""
    assert 0 <= index < signed(side.pages) << 6, "a price within the symbol's range"
    if shard.directory[entry_of(side, index)].page != 0:
        return True
    return (shard.words[W_USED_PAGES] + 2) << 6 <= len(shard.pages)


@kernel
def entry_of(side: Any, index: int) -> int:
    """Where the directory has the entry of an index."""
    return signed(side.directory) + (index >> 6)


@kernel
def place_of(entry: Any, index: int) -> int:
    """Where an entry's page has the level of an index."""
    return (signed(entry.page) << 6) + (index & 63)


@kernel
def better_place(shard: Shard, side: Any, index: int) -> int:
    """Where the pages have the level of the nearest occupied index higher than `index`. There must be one."""
    entry = shard.directory[entry_of(side, index)]
    bits = above(entry.occupancy, index & 63)
    if bits == 0:
        page = next_page(shard.summary, side.words, side.pages, index >> 6)
        entry = shard.directory[signed(side.directory) + page]
        bits = signed(entry.occupancy)
    assert bits != 0, "a page that the summaries name holds a level"
    return place_of(entry, trailing_zeros(bits))


@kernel
def _new_page(shard: Shard, entry: Any) -> None:
    page = shard.words[W_USED_PAGES] + 1
    assert (page + 1) << 6 <= len(shard.pages), "has_level() was asked before"
    shard.words[W_USED_PAGES] = page
    entry.page = page


@kernel
def _take_level(shard: Shard) -> int:
    """A level from the pool. There is one for every order, so it cannot be empty."""
    words = shard.words
    number = words[W_FREE_LEVEL]
    if number != 0:
        assert shard.levels[number].count == 0, "a level in the pool holds no orders"
        words[W_FREE_LEVEL] = shard.levels[number].head
        return number
    number = words[W_USED_LEVELS] + 1
    assert number < len(shard.levels), "there is a level for every order"
    words[W_USED_LEVELS] = number
    return number


@kernel
def _insert_level(shard: Shard, side: Any, index: int, entry: Any) -> int:
    """Link a level from the pool in between its neighbours at `index`, which `entry` covers; gives its number."""
    levels = shard.levels
    number = _take_level(shard)
    if index > side.best_index:
        better = 0
        worse = signed(side.best_level)
        side.best_index = index
        side.best_level = number
    else:
        better = signed(shard.pages[better_place(shard, side, index)])
        worse = signed(levels[better].worse)
        levels[better].worse = number
    assert better == 0 or levels[better].index > index, "the better neighbour has a better price"
    assert levels[worse].index < index, "the worse neighbour has a worse price"
    levels[worse].better = number
    level = levels[number]
    level.better = better
    level.worse = worse
    level.index = index
    shard.pages[place_of(entry, index)] = number
    occupied = signed(entry.occupancy)
    assert occupied & bit(index & 63) == 0, "where a level comes there was none"
    entry.occupancy = occupied | bit(index & 63)
    if occupied == 0:
        mark(shard.summary, side.words, side.pages, index >> 6)
    return number


@kernel
def _remove_level(shard: Shard, side: Any, number: int) -> None:
    """Unlink an empty level and give it back to the pool."""
    levels = shard.levels
    level = levels[number]
    better = signed(level.better)
    worse = signed(level.worse)
    index = signed(level.index)
    assert better == 0 or levels[better].worse == number, "the better neighbour knows the level"
    assert worse == 0 or levels[worse].better == number, "the worse neighbour knows the level"
    assert (better == 0) == (number == side.best_level), "the best level, and no other, has none that is better"
    levels[better].worse = worse
    levels[worse].better = better
    if better == 0:
        side.best_level = worse
        side.best_index = levels[worse].index
    level.head = shard.words[W_FREE_LEVEL]
    shard.words[W_FREE_LEVEL] = number
    entry = shard.directory[entry_of(side, index)]
    assert shard.pages[place_of(entry, index)] == number, "the directory finds the level"
    assert entry.occupancy & bit(index & 63) != 0, "the bitmap says that the level is there"
    shard.pages[place_of(entry, index)] = 0
    left = entry.occupancy & ~bit(index & 63)
    entry.occupancy = left
    if left == 0:
        clear(shard.summary, side.words, side.pages, index >> 6)


@kernel
def append(shard: Shard, side: Any, index: int, slot: int) -> None:
    """Put the order in `slot` at the end of the queue at `index`; has_level() must hold."""
    entry = shard.directory[entry_of(side, index)]
    if entry.page == 0:
        _new_page(shard, entry)
    number = signed(shard.pages[place_of(entry, index)])
    order = shard.orders[slot]
    assert 0 <= index < signed(side.pages) << 6, "a price within the symbol's range"
    assert order.leaves_lots > 0, "who rests has something left"
    order.next = 0
    if number == 0:
        number = _insert_level(shard, side, index, entry)
        level = shard.levels[number]
        level.head = slot
        level.count = 1
        level.quantity_lots = order.leaves_lots
        order.prev = 0
    else:
        level = shard.levels[number]
        assert level.index == index, "the directory finds the level of the price"
        assert level.count > 0, "a level that is found holds an order"
        tail = level.tail
        order.prev = tail
        shard.orders[tail].next = slot
        level.count += 1
        level.quantity_lots += order.leaves_lots
    order.level = number
    level.tail = slot


@kernel
def remove(shard: Shard, side: Any, slot: int) -> None:
    """Take the order in `slot` out of its queue, with what it has left."""
    orders = shard.orders
    order = orders[slot]
    number = signed(order.level)
    level = shard.levels[number]
    count = signed(level.count) - 1
    assert count >= 0, "a level that is left held an order"
    assert shard.pages[place_of(shard.directory[entry_of(side, signed(level.index))], signed(level.index))] == number, (
        "the order stands on this side"
    )
    level.count = count
    if count == 0:
        assert level.quantity_lots == order.leaves_lots, "a level holds what its only order has left"
        assert level.head == slot, "the only order is the first"
        assert level.tail == slot, "the only order is the last"
        _remove_level(shard, side, number)
        return
    level.quantity_lots -= order.leaves_lots
    after = signed(order.next)
    before = signed(order.prev)
    assert level.quantity_lots > 0, "the orders that stay have something left"
    assert slot == (level.head if before == 0 else orders[before].next), "the order before this one leads to it"
    assert slot == (level.tail if after == 0 else orders[after].prev), "the order behind this one leads back to it"
    if before == 0:
        level.head = after
    else:
        orders[before].next = after
    if after == 0:
        level.tail = before
    else:
        orders[after].prev = before

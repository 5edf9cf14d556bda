"""Hidden orders and waiting triggers: sides of a symbol that look like those of its book, opened when first needed.

Triggers above the market are kept like offers, the lowest first, those below like bids; the price of such a level is
the trigger.
"""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.bitmap import words_needed
from tradsys.book.layout import ABOVE, BELOW, W_USED_DIRECTORY, W_USED_SUMMARY, Shard
from tradsys.book.levels import price_of
from tradsys.records import PRICE_MAX, PRICE_MIN

NO_TRIGGER_ABOVE = PRICE_MAX + 1
NO_TRIGGER_BELOW = PRICE_MIN - 1


@kernel
def rare_side(shard: Shard, symbol: int, number: int) -> Any:
    """The symbol's rare side: HIDDEN_SIDES + the side of its orders, ABOVE or BELOW."""
    return shard.rare_sides[4 * symbol + number]


@kernel
def close_rare_sides(shard: Shard, symbol: int) -> None:
    """A new symbol has no rare orders."""
    for number in range(4):
        side = rare_side(shard, symbol, number)
        side.best_index = -1
        side.best_level = 0
        side.pages = 0
    book = shard.books[symbol]
    book.next_above = NO_TRIGGER_ABOVE
    book.next_below = NO_TRIGGER_BELOW
    forget_seen(book)


@kernel_entry
def open_rare_side(shard: Shard, symbol: int, number: int) -> bool:
    """Give a rare side its directory, if it has none yet; False when the shard has no room for it."""
    side = rare_side(shard, symbol, number)
    if side.pages != 0:
        return True
    like_offers = number == ABOVE or number == 1
    model = shard.sides[2 * symbol + signed(like_offers)]
    words = shard.words
    pages = signed(model.pages)
    assert pages > 0, "the symbol's own sides are open"
    needed = words_needed(pages)
    directory = words[W_USED_DIRECTORY]
    summary = words[W_USED_SUMMARY]
    if directory + pages > len(shard.directory) or summary + needed > len(shard.summary):
        return False
    words[W_USED_DIRECTORY] = directory + pages
    words[W_USED_SUMMARY] = summary + needed
    side.mask = model.mask
    side.offset = model.offset
    side.directory = directory
    side.words = summary
    side.pages = pages
    return True


@kernel
def note_triggers(shard: Shard, symbol: int) -> None:
    """Remember the first triggers above and below the market, which every trade is compared with."""
    book = shard.books[symbol]
    above = rare_side(shard, symbol, ABOVE)
    below = rare_side(shard, symbol, BELOW)
    book.next_above = price_of(above, above.best_index) if above.best_index >= 0 else NO_TRIGGER_ABOVE
    book.next_below = price_of(below, below.best_index) if below.best_index >= 0 else NO_TRIGGER_BELOW


@kernel
def forget_seen(book: Any) -> None:
    """What triggers have seen counts no more: only the price that there is."""
    book.seen_high = NO_TRIGGER_BELOW
    book.seen_low = NO_TRIGGER_ABOVE

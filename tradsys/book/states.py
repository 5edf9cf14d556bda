"""A symbol's market state, and what entering another one brings with it."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel
from tradsys.book.events import emit
from tradsys.book.layout import D_END_DAY, D_ENTER_CLOSE, W_AUCTIONS, W_SYMBOLS, Shard
from tradsys.book.rare_sides import forget_seen
from tradsys.book.rules import refresh_special
from tradsys.records import EventKind, MarketState

_PRE_OPEN = int(MarketState.PRE_OPEN)
_OPENING = int(MarketState.OPENING_AUCTION)
_CONTINUOUS = int(MarketState.CONTINUOUS)
_HALT = int(MarketState.HALT)
_CLOSING = int(MarketState.CLOSING_AUCTION)
_CLOSED = int(MarketState.CLOSED)
_FROZEN = int(MarketState.FROZEN)
_STATE = int(EventKind.STATE)


@kernel
def is_collecting(state: int) -> bool:
    """Whether orders rest without matching, and the state's end uncrosses them."""
    return state != _CONTINUOUS and state != _HALT and state != _CLOSED


@kernel
def is_indicating(state: int) -> bool:
    """Whether indicative prices are published in this market state."""
    return state == _OPENING or state == _CLOSING or state == _FROZEN


@kernel
def takes_orders(state: int) -> bool:
    """Whether orders can be entered and amended."""
    return state != _HALT and state != _CLOSED and state != _FROZEN


@kernel
def enter_state(
    shard: Shard, command: Any, symbol: int, state: int, price_ticks: int, quantity_lots: int, reason: int
) -> None:
    """Set the market state and tell it, with the price and volume of the auction that led here (0, 0: none)."""
    book = shard.books[symbol]
    before = signed(book.state)
    state = signed(state)
    assert book.defined != 0, "a symbol that there is"
    assert 0 <= state <= _FROZEN, "a state that there is"
    shard.words[W_AUCTIONS] += signed(is_indicating(state)) - signed(is_indicating(before))
    assert 0 <= shard.words[W_AUCTIONS] <= shard.words[W_SYMBOLS], "each symbol in an auction counts once"
    book.state = state
    if state == _CLOSING:
        book.auction = _CLOSING
        if before != _CLOSING:
            book.duties = signed(book.duties) | D_ENTER_CLOSE
    elif state == _PRE_OPEN or state == _OPENING or (state == _FROZEN and not is_collecting(before)):
        book.auction = _OPENING
    if state == _CLOSED:
        book.duties = signed(book.duties) | D_END_DAY
    book.repeg = 1
    forget_seen(book)
    book.indicated_price_ticks = 0
    book.indicated_lots = 0
    book.indicated_surplus_lots = 0
    refresh_special(shard, symbol)
    emit(shard, command, _STATE, 0, reason, symbol, price_ticks, quantity_lots, 0, 0, state, 0)

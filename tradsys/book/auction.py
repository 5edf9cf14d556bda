"""Call auctions: the indicative price, and the uncrossing.

The price is the one of the greatest executable volume; among those the one of the smallest surplus; among those
the one nearest to the reference price, the lower of two equally near. Orders are then paired in price-time order
of both sides, all at that price.
"""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel
from tradsys.book.events import AUCTION, COUNTER_DONE, LAST, ORDER_DONE, emit, end_phase, has_room
from tradsys.book.layout import (
    P_INDICATE,
    P_NONE,
    P_UNCROSS,
    W_PENDING,
    W_PENDING_A,
    W_PENDING_B,
    W_PENDING_C,
    W_SYMBOLS,
    W_TRADES,
    Shard,
)
from tradsys.book.levels import price_of, remove
from tradsys.book.orders import free_slot
from tradsys.records import EventKind, MarketState

_OPENING = int(MarketState.OPENING_AUCTION)
_CLOSING = int(MarketState.CLOSING_AUCTION)
_TRADE = int(EventKind.TRADE)
_STATE = int(EventKind.STATE)
_INDICATION = int(EventKind.INDICATION)
_FAR = 1 << 40


@kernel
def is_indicating(state: int) -> bool:
    """Whether indicative prices are published in this market state."""
    return state == _OPENING or state == _CLOSING


@kernel
def indicative(shard: Shard, symbol: int) -> tuple[int, int, int]:
    """Price in ticks, executable volume and signed surplus in lots of an uncrossing now; (0, 0, 0) without a cross.

    Walks the crossed prices from the highest down. Between two neighbouring price levels nothing changes, so each
    such stretch of ticks is judged once, at its tick nearest to the reference price.
    """
    levels = shard.levels
    bids = shard.sides[2 * symbol]
    asks = shard.sides[2 * symbol + 1]
    if bids.best_index < 0 or asks.best_index < 0:
        return signed(0), signed(0), signed(0)
    high = price_of(bids, bids.best_index)
    lowest_ask = price_of(asks, asks.best_index)
    if high < lowest_ask:
        return signed(0), signed(0), signed(0)
    reference = signed(shard.books[symbol].reference_ticks)

    # Sellers at or below the highest bid; `ask` is the highest priced level among them.
    ask = signed(asks.best_level)
    sell = signed(levels[ask].quantity_lots)
    while levels[ask].worse != 0 and price_of(asks, levels[levels[ask].worse].index) <= high:
        ask = signed(levels[ask].worse)
        sell += levels[ask].quantity_lots
    # Buyers at or above `high`; `bid` is the lowest priced level among them.
    bid = signed(bids.best_level)
    buy = signed(levels[bid].quantity_lots)

    best_price, best_volume, best_surplus = signed(0), signed(0), signed(0)
    while high >= lowest_ask:
        ask_price = price_of(asks, levels[ask].index)
        next_bid = signed(levels[bid].worse)
        next_bid_price = price_of(bids, levels[next_bid].index) if next_bid != 0 else -_FAR
        low = max(ask_price, next_bid_price + 1)
        price = min(max(reference, low), high)
        volume = min(buy, sell)
        surplus = buy - sell
        gain = volume - best_volume
        if gain == 0:
            gain = abs(best_surplus) - abs(surplus)
        if gain == 0:
            gain = abs(best_price - reference) - abs(price - reference)
        if gain > 0 or (gain == 0 and price < best_price):
            best_price, best_volume, best_surplus = price, volume, surplus
        high = low - 1
        if low == ask_price:
            sell -= levels[ask].quantity_lots
            ask = signed(levels[ask].better)
        if high == next_bid_price:
            bid = next_bid
            buy += levels[bid].quantity_lots
    return best_price, best_volume, best_surplus


@kernel
def _trade_pair(shard: Shard, command: Any, symbol: int, price_ticks: int, left_lots: int) -> int:
    """Pair the first buyer with the first seller; gives the traded quantity."""
    orders = shard.orders
    bids = shard.sides[2 * symbol]
    asks = shard.sides[2 * symbol + 1]
    buyer_slot = signed(shard.levels[bids.best_level].head)
    seller_slot = signed(shard.levels[asks.best_level].head)
    buyer = orders[buyer_slot]
    seller = orders[seller_slot]
    quantity = min(left_lots, min(buyer.leaves_lots, seller.leaves_lots))
    buyer_done = quantity == buyer.leaves_lots
    seller_done = quantity == seller.leaves_lots
    flags = AUCTION
    if buyer_done:
        flags |= ORDER_DONE
    if seller_done:
        flags |= COUNTER_DONE
    shard.words[W_TRADES] += 1
    emit(
        shard,
        command,
        _TRADE,
        flags,
        0,
        symbol,
        price_ticks,
        quantity,
        buyer.order_id,
        buyer.account,
        seller.account,
        seller.order_id,
    )
    _reduce(shard, bids, buyer_slot, quantity, buyer_done)
    _reduce(shard, asks, seller_slot, quantity, seller_done)
    return quantity


@kernel
def _reduce(shard: Shard, side: Any, slot: int, quantity_lots: int, done: bool) -> None:
    order = shard.orders[slot]
    if done:
        remove(shard, side, slot)
        free_slot(shard, slot)
        return
    order.leaves_lots -= quantity_lots
    order.filled_lots += quantity_lots
    shard.levels[order.level].quantity_lots -= quantity_lots


@kernel
def uncross(shard: Shard, command: Any) -> bool:
    """Trade the book of the command's symbol at the auction price, then enter the market state it asks for.

    False when it waits for room in the event ring; called again with the same command, it goes on.
    """
    words = shard.words
    symbol = signed(command.symbol)
    book = shard.books[symbol]
    if words[W_PENDING] == P_NONE:
        price, volume, _surplus = indicative(shard, symbol)
        words[W_PENDING] = P_UNCROSS
        words[W_PENDING_A] = price
        words[W_PENDING_B] = volume
        words[W_PENDING_C] = volume  # still to be traded
    price = words[W_PENDING_A]
    while words[W_PENDING_C] > 0:
        if not has_room(shard):
            return False
        words[W_PENDING_C] -= _trade_pair(shard, command, symbol, price, words[W_PENDING_C])
    if not has_room(shard):
        return False
    if words[W_PENDING_B] > 0:
        book.reference_ticks = price
    enter_state(shard, command, price, words[W_PENDING_B])
    end_phase(shard)
    return True


@kernel
def enter_state(shard: Shard, command: Any, price_ticks: int, quantity_lots: int) -> None:
    """Set the market state and tell it, with the price and volume of the auction that led here (0, 0: none)."""
    book = shard.books[command.symbol]
    book.state = command.order_type
    book.indicated_price_ticks = 0
    book.indicated_lots = 0
    book.indicated_surplus_lots = 0
    emit(
        shard,
        command,
        _STATE,
        LAST,
        0,
        command.symbol,
        price_ticks,
        quantity_lots,
        0,
        0,
        command.order_type,
        0,
    )


@kernel
def _has_changed(shard: Shard, symbol: int) -> bool:
    """Whether the symbol's indication differs from the one remembered, which it now is."""
    book = shard.books[symbol]
    price, volume, surplus = indicative(shard, symbol)
    if price == book.indicated_price_ticks and volume == book.indicated_lots and surplus == book.indicated_surplus_lots:
        return False
    book.indicated_price_ticks = price
    book.indicated_lots = volume
    book.indicated_surplus_lots = surplus
    return True


@kernel
def _tell_indication(shard: Shard, command: Any, symbol: int, flags: int) -> None:
    book = shard.books[symbol]
    price = book.indicated_price_ticks
    surplus = book.indicated_surplus_lots
    emit(shard, command, _INDICATION, flags, 0, symbol, price, book.indicated_lots, surplus, 0, 0, 0)


@kernel
def indicate(shard: Shard, command: Any) -> bool:
    """At a clock tick: tell each auction's indicative price where it has changed.

    False when it waits for room in the event ring; called again with the same command, it goes on.
    """
    words = shard.words
    if words[W_PENDING] == P_NONE:
        words[W_PENDING] = P_INDICATE
        words[W_PENDING_A] = 1  # the next symbol to look at
        words[W_PENDING_B] = 0  # a symbol still to be told: held back until it is known whether it is the last
    while words[W_PENDING_A] <= words[W_SYMBOLS]:
        symbol = words[W_PENDING_A]
        if is_indicating(shard.books[symbol].state):
            if not has_room(shard):
                return False
            if _has_changed(shard, symbol):
                if words[W_PENDING_B] != 0:
                    _tell_indication(shard, command, words[W_PENDING_B], 0)
                words[W_PENDING_B] = symbol
        words[W_PENDING_A] += 1
    if words[W_PENDING_B] != 0:
        if not has_room(shard):
            return False
        _tell_indication(shard, command, words[W_PENDING_B], LAST)
    end_phase(shard)
    return True

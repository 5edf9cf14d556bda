"""Call auctions: the indicative price, and the uncrossing.

The price is the one of the greatest executable volume; among those the one of the smallest surplus; among those
the one nearest to the reference price, the lower of two equally near. Orders are then paired in price-time order
of both sides, all at that price.
"""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.crossing import best_index, best_order, fill_resting, is_crossed, whole_lots
from tradsys.book.ending import cancel_any
from tradsys.book.events import AUCTION, COUNTER_DONE, LAST, ORDER_DONE, emit, has_room, tell_pair
from tradsys.book.layout import (
    D_END_CLOSE,
    D_END_OPEN,
    F_LINKED,
    HIDDEN_SIDES,
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
from tradsys.book.levels import index_of, price_of
from tradsys.book.pending import end_phase
from tradsys.book.rare_sides import rare_side
from tradsys.book.states import enter_state, is_indicating
from tradsys.reasons import Reason
from tradsys.records import EventKind, MarketState

_CLOSING = int(MarketState.CLOSING_AUCTION)
_TRADE = int(EventKind.TRADE)
_INDICATION = int(EventKind.INDICATION)
_LINKED_ORDER = int(Reason.LINKED_ORDER)
_FAR = 1 << 40


@kernel
def _lots(shard: Shard, number: int) -> int:
    """What stands in a level, reserves of icebergs included; 0 for the null level."""
    return shard.levels[number].quantity_lots + shard.reserves[number]


@kernel
def _sellers(shard: Shard, side: Any, high: int) -> tuple[int, int]:
    """The highest priced level of offers that is not above `high`, 0 when there is none, and what stands up to it."""
    levels = shard.levels
    number, sum_lots = signed(0), signed(0)
    after = signed(side.best_level)
    while after != 0 and price_of(side, signed(levels[after].index)) <= high:
        number = after
        sum_lots += _lots(shard, number)
        after = signed(levels[number].worse)
    return number, sum_lots


@kernel
def _merit(price: int, volume: int, surplus: int, best: tuple[int, int, int], reference: int) -> int:
    """Above 0 when an uncrossing at `price` is better than at the best price so far; 0 when they are equally good."""
    gain = volume - best[1]
    if gain == 0:
        gain = abs(best[2]) - abs(surplus)
    if gain == 0:
        gain = abs(best[0] - reference) - abs(price - reference)
    return gain


@kernel_entry
def indicative(shard: Shard, symbol: int) -> tuple[int, int, int]:
    """Price in ticks, executable volume and signed surplus in lots of an uncrossing now; (0, 0, 0) without a cross.

    Walks the crossed prices from the highest down, displayed and hidden orders side by side. Between two neighbouring
    price levels nothing changes, so each such stretch of ticks is judged once, at its tick nearest to the reference
    price.
    """
    levels = shard.levels
    bids = shard.sides[2 * symbol]
    asks = shard.sides[2 * symbol + 1]
    hidden_bids = rare_side(shard, symbol, HIDDEN_SIDES)
    hidden_asks = rare_side(shard, symbol, HIDDEN_SIDES + 1)
    best_bid, best_ask = best_index(shard, symbol, 0), best_index(shard, symbol, 1)
    if best_bid < 0 or best_ask < 0:
        return signed(0), signed(0), signed(0)
    high = price_of(bids, best_bid)
    lowest_ask = price_of(asks, best_ask)
    if high < lowest_ask:
        return signed(0), signed(0), signed(0)
    reference = signed(shard.books[symbol].reference_ticks)

    # The sellers of the stretch, and the levels that the next lower one will be without.
    ask, sell = _sellers(shard, asks, high)
    hidden_ask, hidden_sell = _sellers(shard, hidden_asks, high)
    sell += hidden_sell
    # The buyers of the stretch, and the levels that the next lower one will have too.
    bid, hidden_bid = signed(bids.best_level), signed(hidden_bids.best_level)
    next_bid_price = high
    buy = signed(0)

    best = (signed(0), signed(0), signed(0))
    while high >= lowest_ask:
        if high == next_bid_price:
            index = max(signed(levels[bid].index), signed(levels[hidden_bid].index))
            if levels[bid].index == index:
                buy += _lots(shard, bid)
                bid = signed(levels[bid].worse)
            if levels[hidden_bid].index == index:
                buy += _lots(shard, hidden_bid)
                hidden_bid = signed(levels[hidden_bid].worse)
            index = max(signed(levels[bid].index), signed(levels[hidden_bid].index))
            next_bid_price = price_of(bids, index) if index >= 0 else -_FAR
        ask_price, hidden_ask_price = -_FAR, -_FAR
        if ask != 0:
            ask_price = price_of(asks, signed(levels[ask].index))
        if hidden_ask != 0:
            hidden_ask_price = price_of(asks, signed(levels[hidden_ask].index))
        low = max(max(ask_price, hidden_ask_price), next_bid_price + 1)
        price = min(max(reference, low), high)
        volume = min(buy, sell)
        surplus = buy - sell
        gain = _merit(price, volume, surplus, best, reference)
        if gain > 0 or (gain == 0 and price < best[0]):
            best = (price, volume, surplus)
        high = low - 1
        if low == ask_price:
            sell -= _lots(shard, ask)
            ask = signed(levels[ask].better)
        if low == hidden_ask_price:
            sell -= _lots(shard, hidden_ask)
            hidden_ask = signed(levels[hidden_ask].better)
        assert sell >= 0, "no seller is taken off twice"
    return best


@kernel_entry
def _trade_pair(shard: Shard, command: Any, symbol: int, price_ticks: int, left_lots: int) -> int:
    """Pair the first buyer with the first seller; gives the traded quantity."""
    buyer_slot = best_order(shard, symbol, 0)
    seller_slot = best_order(shard, symbol, 1)
    buyer = shard.orders[buyer_slot]
    seller = shard.orders[seller_slot]
    quantity = min(left_lots, min(buyer.leaves_lots, seller.leaves_lots))
    assert quantity > 0, "who stands in the book has something left"
    assert seller.price_ticks <= price_ticks <= buyer.price_ticks, "both accept the auction's price"
    flags = AUCTION
    if quantity == whole_lots(shard, buyer_slot):
        flags |= ORDER_DONE
    if quantity == whole_lots(shard, seller_slot):
        flags |= COUNTER_DONE
    shard.words[W_TRADES] += 1
    tell_pair(shard, command, buyer, seller, _TRADE, flags, price_ticks, quantity)
    shard.books[symbol].last_ticks = price_ticks
    are_partners = signed(buyer.flags) & F_LINKED != 0 and shard.extras[buyer_slot].partner == seller_slot
    if are_partners:
        shard.extras[buyer_slot].partner = 0
        shard.extras[seller_slot].partner = 0
    fill_resting(shard, command, buyer_slot, quantity)
    fill_resting(shard, command, seller_slot, quantity)
    if are_partners:
        if flags & ORDER_DONE == 0:
            cancel_any(shard, command, buyer_slot, _LINKED_ORDER)
        if flags & COUNTER_DONE == 0:
            cancel_any(shard, command, seller_slot, _LINKED_ORDER)
    return quantity


@kernel
def _meet_at(shard: Shard, symbol: int, price_ticks: int) -> bool:
    """Whether both sides have an order that accepts the price."""
    bids, asks = shard.sides[2 * symbol], shard.sides[2 * symbol + 1]
    return best_index(shard, symbol, 0) >= max(index_of(bids, price_ticks), 0) and best_index(shard, symbol, 1) >= max(
        index_of(asks, price_ticks), 0
    )


@kernel_entry
def uncross(shard: Shard, command: Any, symbol: int, state: int, reason: int) -> bool:
    """Trade the symbol's book at the auction price, then enter the market state for `reason`.

    False when it waits for room in the event ring; called again with the same command, it goes on.
    """
    words = shard.words
    book = shard.books[symbol]
    if words[W_PENDING] == P_NONE:
        words[W_PENDING] = P_UNCROSS
        words[W_PENDING_A] = 0  # the price
        words[W_PENDING_B] = 0  # traded so far
        words[W_PENDING_C] = 0  # still to be traded at that price
    assert words[W_PENDING] == P_UNCROSS, "what goes on has begun"
    while True:
        if not has_room(shard):
            return False
        if words[W_PENDING_C] == 0:
            # Once is enough, unless orders that cancel each other have taken away what was counted.
            price, volume, _surplus = indicative(shard, symbol)
            if volume == 0:
                break
            words[W_PENDING_A] = price
            words[W_PENDING_C] = volume
            book.reference_ticks = price
        if not _meet_at(shard, symbol, words[W_PENDING_A]):
            words[W_PENDING_C] = 0
            continue
        lots = _trade_pair(shard, command, symbol, words[W_PENDING_A], words[W_PENDING_C])
        words[W_PENDING_B] += lots
        words[W_PENDING_C] -= lots
        assert words[W_PENDING_C] >= 0, "no more trades than the auction found"
    assert not is_crossed(shard, symbol), "after its auction a book is not crossed"
    book.duties = signed(book.duties) | (D_END_CLOSE if book.auction == _CLOSING else D_END_OPEN)
    enter_state(shard, command, symbol, state, words[W_PENDING_A], words[W_PENDING_B], reason)
    end_phase(shard)
    return True


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
    assert words[W_PENDING] == P_INDICATE, "what goes on has begun"
    while words[W_PENDING_A] <= words[W_SYMBOLS]:
        symbol = words[W_PENDING_A]
        if is_indicating(signed(shard.books[symbol].state)):
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

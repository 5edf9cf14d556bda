"""The careful sweep: an order trades against a book in which anything may be met.

It does what matching.sweep() does, and everything rare besides: hidden orders and icebergs, self-trade prevention,
budgets, price bands, linked orders.
"""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.ending import cancel_any, cancel_partner, end_order
from tradsys.book.events import (
    COUNTER_DONE,
    KEPT_PRIORITY,
    ORDER_DONE,
    RESTING,
    WAS_RESTING,
    begin_unmarked,
    has_room,
    hidden_flag,
    tell,
    tell_amended,
    tell_pair,
)
from tradsys.book.layout import (
    F_EXTRA,
    F_ICEBERG,
    F_LINKED,
    HIDDEN_SIDES,
    W_TRADES,
    Shard,
)
from tradsys.book.levels import index_of, price_of, remove
from tradsys.book.placing import can_rest, may_rest, put_in_book, refresh_slice, take_from_place
from tradsys.book.rare_sides import rare_side
from tradsys.book.rules import breaches_band
from tradsys.book.states import enter_state, is_collecting
from tradsys.book.validation import stays
from tradsys.options import self_trade_mode
from tradsys.reasons import Reason
from tradsys.records import (
    CommandFlag,
    EventKind,
    MarketState,
    OrderType,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerSource,
)

_CONTINUOUS = int(MarketState.CONTINUOUS)
_TOUCH = int(TriggerSource.TOUCH)
_MARKET = int(OrderType.MARKET)
_BUY = int(Side.BUY)
_AT_OPEN = int(TimeInForce.AT_OPEN)
_BUDGET = int(CommandFlag.BUDGET)
_GROUP = int(CommandFlag.GROUP)
_CANCEL_TAKER = int(SelfTrade.CANCEL_TAKER)
_CANCEL_MAKER = int(SelfTrade.CANCEL_MAKER)
_CANCEL_BOTH = int(SelfTrade.CANCEL_BOTH)
_DECREMENT = int(SelfTrade.DECREMENT)
_TRADE = int(EventKind.TRADE)
_PREVENTED = int(EventKind.PREVENTED)
_CANCELLED = int(EventKind.CANCELLED)
_RESTED = int(EventKind.RESTED)
_SELF_TRADE = int(Reason.SELF_TRADE)
_BUDGET_REST = int(Reason.BUDGET_REST)
_MARKET_REST = int(Reason.MARKET_REST)
_IMMEDIATE_REST = int(Reason.IMMEDIATE_REST)
_VOLATILITY = int(Reason.VOLATILITY)
_LEVEL_POOL_FULL = int(Reason.LEVEL_POOL_FULL)

NEVER = 1 << 40
"""An index that no best price reaches: an order with this limit does not match."""


@kernel
def group_of(shard: Shard, account: int) -> int:
    """The account's trade group; 0: none."""
    return signed(shard.groups[account]) if account < len(shard.groups) else signed(0)


@kernel
def is_own(shard: Shard, options: int, account: int, maker: Any) -> bool:
    """Whether the maker is of the account, or with the flag GROUP of its trade group."""
    other = signed(maker.account)
    if other == account:
        return True
    if options & _GROUP == 0:
        return False
    group = group_of(shard, account)
    return group != 0 and group == group_of(shard, other)


@kernel
def best_index(shard: Shard, symbol: int, side: int) -> int:
    """The best index of a side, displayed or hidden; -1 when it is empty."""
    return max(
        signed(shard.sides[2 * symbol + side].best_index),
        signed(rare_side(shard, symbol, HIDDEN_SIDES + side).best_index),
    )


@kernel
def best_order(shard: Shard, symbol: int, side: int) -> int:
    """The slot of the first order in priority of a side that is not empty."""
    shown = shard.sides[2 * symbol + side]
    hidden = rare_side(shard, symbol, HIDDEN_SIDES + side)
    best = signed(hidden.best_level) if hidden.best_index > shown.best_index else signed(shown.best_level)
    slot = signed(shard.levels[best].head)
    assert slot != 0, "a side that is not empty has a first order"
    return slot


@kernel
def is_crossed(shard: Shard, symbol: int) -> bool:
    """Whether a bid, displayed or hidden, is as high as an offer."""
    bids, asks = shard.sides[2 * symbol], shard.sides[2 * symbol + 1]
    bid, ask = best_index(shard, symbol, 0), best_index(shard, symbol, 1)
    return bid >= 0 and ask >= 0 and price_of(bids, bid) >= price_of(asks, ask)


@kernel
def sweep_limit(shard: Shard, asked: Any, price_ticks: int) -> int:
    """The worst index of the other side that an order, or what a NEW asks for, may trade at with this price.

    NEVER outside continuous trading.
    """
    symbol = signed(asked.symbol)
    if shard.books[symbol].state != _CONTINUOUS:
        return NEVER
    if asked.order_type == _MARKET and asked.time_in_force < _AT_OPEN:
        return signed(0)
    limit = index_of(shard.sides[2 * symbol + 1 - signed(asked.side)], price_ticks)
    assert limit >= 0, "the symbol has the price"
    return limit


@kernel
def remember_price(book: Any, price_ticks: int) -> None:
    """A trade has printed at this price."""
    assert book.lowest_ticks <= price_ticks <= book.highest_ticks, "nobody trades at a price that the symbol has not"
    book.last_ticks = price_ticks
    if book.trigger_source == _TOUCH:
        return
    book.seen_high = max(signed(book.seen_high), price_ticks)
    book.seen_low = min(signed(book.seen_low), price_ticks)


@kernel
def whole_lots(shard: Shard, slot: int) -> int:
    """What is left of an order in the book, an iceberg's reserve included."""
    order = shard.orders[slot]
    if signed(order.flags) & F_ICEBERG:
        return order.leaves_lots + shard.extras[slot].reserve_lots
    return order.leaves_lots


@kernel_entry
def fill_resting(shard: Shard, command: Any, slot: int, quantity_lots: int) -> None:
    """After the trade's event: take its quantity off an order in the book, with all that follows for that order."""
    order = shard.orders[slot]
    flags = signed(order.flags)
    assert 0 < quantity_lots <= order.leaves_lots, "no more trades than is left"
    if flags & F_EXTRA == 0 and quantity_lots == order.leaves_lots:
        # As in matching.sweep(): what the slot of an order that has ended holds must not depend on the way.
        remove(shard, shard.sides[2 * signed(order.symbol) + signed(order.side)], slot)
        end_order(shard, command, slot)
        return
    order.filled_lots += quantity_lots
    if quantity_lots < order.leaves_lots:
        order.leaves_lots -= quantity_lots
        shard.levels[order.level].quantity_lots -= quantity_lots
        assert shard.levels[order.level].quantity_lots >= order.leaves_lots, "a level holds what its orders have left"
    elif flags & F_ICEBERG and shard.extras[slot].reserve_lots > 0:
        shard.levels[order.level].quantity_lots -= quantity_lots
        refresh_slice(shard, command, slot)
    else:
        take_from_place(shard, slot)
        order.leaves_lots = 0
        end_order(shard, command, slot)
        return
    if flags & F_LINKED:
        cancel_partner(shard, command, slot)


@kernel
def _decrement_maker(shard: Shard, command: Any, slot: int, quantity_lots: int) -> None:
    """Take a prevented quantity off the maker."""
    maker = shard.orders[slot]
    assert 0 < quantity_lots <= maker.leaves_lots, "no more is taken off than is left"
    if quantity_lots == whole_lots(shard, slot):
        cancel_any(shard, command, slot, _SELF_TRADE)
        return
    shard.levels[maker.level].quantity_lots -= quantity_lots
    if quantity_lots == maker.leaves_lots:
        refresh_slice(shard, command, slot)
        return
    previous = whole_lots(shard, slot)
    maker.leaves_lots -= quantity_lots
    assert shard.levels[maker.level].quantity_lots >= maker.leaves_lots, "a level holds what its orders have left"
    flags = RESTING | WAS_RESTING | KEPT_PRIORITY | hidden_flag(maker)
    price = maker.price_ticks
    tell_amended(shard, command, maker, flags, price, previous - quantity_lots, price, previous)


@kernel_entry
def _prevent(shard: Shard, command: Any, slot: int, maker_slot: int, mode: int, quantity: int) -> bool:
    """The order met one of its own account; gives whether the sweep is over and the order has ended.

    `quantity`: the smaller of what the two could have traded.
    """
    order = shard.orders[slot]
    maker = shard.orders[maker_slot]
    assert _CANCEL_TAKER <= mode <= _DECREMENT, "a mode in which they do not trade"
    tell_pair(shard, command, order, maker, _PREVENTED, 0, maker.price_ticks, quantity)
    if mode == _CANCEL_MAKER or mode == _CANCEL_BOTH:
        cancel_any(shard, command, maker_slot, _SELF_TRADE)
    elif mode != _CANCEL_TAKER:
        _decrement_maker(shard, command, maker_slot, quantity)
        if quantity == order.leaves_lots:
            _end_taker(shard, command, slot, _SELF_TRADE)
            return True
        order.leaves_lots -= quantity
        return False
    if mode == _CANCEL_MAKER:
        return False
    _end_taker(shard, command, slot, _SELF_TRADE)
    return True


@kernel_entry
def _end_taker(shard: Shard, command: Any, slot: int, reason: int) -> None:
    """What is left of an order that is sweeping is cancelled."""
    order = shard.orders[slot]
    if signed(order.flags) & F_EXTRA and signed(shard.extras[slot].options) & _BUDGET:
        order.leaves_lots = shard.extras[slot].budget
    assert order.leaves_lots > 0, "who is cancelled has something left"
    tell(shard, command, order, _CANCELLED, hidden_flag(order), reason)
    end_order(shard, command, slot)


@kernel_entry
def _trade(shard: Shard, command: Any, slot: int, maker_slot: int, quantity_lots: int) -> None:
    """The order in `slot` trades with one in the book, at that one's price."""
    order = shard.orders[slot]
    maker = shard.orders[maker_slot]
    price = signed(maker.price_ticks)
    assert order.order_type == _MARKET or (
        price <= order.price_ticks if order.side == _BUY else price >= order.price_ticks
    ), "nobody trades beyond its limit"
    flags = signed(0)
    order.filled_lots += quantity_lots
    has_extra = signed(order.flags) & F_EXTRA != 0
    if has_extra and signed(shard.extras[slot].options) & _BUDGET:
        extra = shard.extras[slot]
        extra.budget -= price * quantity_lots
        assert extra.budget >= 0, "no more is spent than the budget"
        if extra.budget == 0:
            order.leaves_lots = 0
    else:
        order.leaves_lots -= quantity_lots
    assert order.leaves_lots >= 0, "no more trades than is left"
    if order.leaves_lots == 0:
        flags |= ORDER_DONE
    if quantity_lots == whole_lots(shard, maker_slot):
        flags |= COUNTER_DONE
    shard.words[W_TRADES] += 1
    tell_pair(shard, command, order, maker, _TRADE, flags, price, quantity_lots)
    remember_price(shard.books[order.symbol], price)
    fill_resting(shard, command, maker_slot, quantity_lots)
    if has_extra and signed(order.flags) & F_LINKED:
        cancel_partner(shard, command, slot)


@kernel_entry
def _interrupt(shard: Shard, command: Any, slot: int) -> None:
    """The order's next trade would leave the price band: it rests or ends, and the symbol changes its state."""
    order = shard.orders[slot]
    symbol = signed(order.symbol)
    assert shard.books[symbol].state == _CONTINUOUS, "bands interrupt continuous trading"
    state = signed(shard.books[symbol].breach_state)
    assert state != _CONTINUOUS, "a breach leads to another state"
    rests = is_collecting(state) and order.order_type != _MARKET and stays(signed(order.time_in_force))
    if rests and can_rest(shard, slot):
        tell(shard, command, order, _RESTED, RESTING | hidden_flag(order), 0)
        put_in_book(shard, command, slot)
    else:
        _end_taker(shard, command, slot, _VOLATILITY)
    enter_state(shard, command, symbol, state, 0, 0, _VOLATILITY)


@kernel_entry
def careful_sweep(shard: Shard, command: Any, slot: int, limit: int) -> bool:
    """Trade the order in `slot` against the other side down to index `limit`, then rest or end what is left.

    False when the event ring is full: called again, it goes on.
    """
    begin_unmarked(shard, command)
    order = shard.orders[slot]
    symbol, side = signed(order.symbol), signed(order.side)
    opposite = 1 - side
    account = signed(order.account)
    options = signed(shard.extras[slot].options) if signed(order.flags) & F_EXTRA else signed(0)
    mode = self_trade_mode(options)
    book = shard.books[symbol]
    while order.leaves_lots > 0 and best_index(shard, symbol, opposite) >= limit:
        if not has_room(shard):
            return False
        maker_slot = best_order(shard, symbol, opposite)
        maker = shard.orders[maker_slot]
        assert maker_slot != slot, "who trades stands in no book"
        if signed(order.flags) & F_LINKED and shard.extras[slot].partner == maker_slot:
            cancel_partner(shard, command, slot)  # an order does not trade with the one that it cancels
            continue
        quantity = min(order.leaves_lots, maker.leaves_lots)
        price = signed(maker.price_ticks)
        if options & _BUDGET:
            assert price > 0, "a budget buys nothing that costs nothing"
            quantity = min(quantity, shard.extras[slot].budget // price)
        if mode != 0 and is_own(shard, options, account, maker):
            if _prevent(shard, command, slot, maker_slot, mode, quantity):
                return True
            continue
        if quantity == 0:
            _end_taker(shard, command, slot, _BUDGET_REST)
            return True
        if breaches_band(book, price, signed(book.last_ticks)):
            _interrupt(shard, command, slot)
            return True
        _trade(shard, command, slot, maker_slot, quantity)
    if not has_room(shard):
        return False
    if order.leaves_lots == 0:
        end_order(shard, command, slot)
    elif order.order_type == _MARKET and order.time_in_force < _AT_OPEN:
        _end_taker(shard, command, slot, _MARKET_REST)
    elif not may_rest(signed(order.time_in_force)):
        _end_taker(shard, command, slot, _IMMEDIATE_REST)
    elif not can_rest(shard, slot):
        _end_taker(shard, command, slot, _LEVEL_POOL_FULL)
    else:
        tell(shard, command, order, _RESTED, RESTING | hidden_flag(order), 0)
        put_in_book(shard, command, slot)
    return True


@kernel
def _own_first(shard: Shard, number: int, options: int, account: int) -> tuple[bool, int]:
    """Whether the level has an own order, and the quantity that stands before the first, reserves left out."""
    slot = signed(shard.levels[number].head)
    before = signed(0)
    while slot != 0:
        order = shard.orders[slot]
        if is_own(shard, options, account, order):
            return True, before
        before += order.leaves_lots
        slot = signed(order.next)
    return False, before


@kernel
def _others(shard: Shard, number: int, options: int, account: int) -> int:
    """The quantity of the level's orders that are not the account's own, with reserves."""
    slot = signed(shard.levels[number].head)
    found = signed(0)
    while slot != 0:
        order = shard.orders[slot]
        if not is_own(shard, options, account, order):
            found += whole_lots(shard, slot)
        slot = signed(order.next)
    return found


@kernel
def _takeable(shard: Shard, number: int, options: int, account: int) -> tuple[bool, int]:
    """Whether an order of these options would have to stop in the level, and what it could trade there."""
    mode = self_trade_mode(options)
    if number == 0:
        return False, signed(0)
    if mode == _CANCEL_MAKER:
        return False, _others(shard, number, options, account)
    if mode != 0:
        stops, before = _own_first(shard, number, options, account)
        if stops:
            return True, before
    return False, shard.levels[number].quantity_lots + shard.reserves[number]


@kernel_entry
def tradeable_lots(
    shard: Shard, symbol: int, side: int, limit: int, needed_lots: int, options: int, account: int
) -> int:
    """How much an order would trade at once down to index `limit` of the other side, counted up to `needed_lots`."""
    levels = shard.levels
    book = shard.books[symbol]
    own = shard.sides[2 * symbol + 1 - side]
    shown = signed(own.best_level)
    hidden = signed(rare_side(shard, symbol, HIDDEN_SIDES + 1 - side).best_level)
    found = signed(0)
    last = signed(book.last_ticks)
    while found < needed_lots:
        index = max(signed(levels[shown].index), signed(levels[hidden].index))
        if index < max(limit, 0):
            break
        price = price_of(own, index)
        at_shown = shown if levels[shown].index == index else 0
        at_hidden = hidden if levels[hidden].index == index else 0
        stops, lots = _takeable(shard, at_shown, options, account)
        if not stops:
            stops, more = _takeable(shard, at_hidden, options, account)
            lots += more
        if lots > 0:
            if breaches_band(book, price, last):
                break
            found += lots
            last = price
        if stops:
            break
        if at_shown != 0:
            shown = signed(levels[shown].worse)
        if at_hidden != 0:
            hidden = signed(levels[hidden].worse)
    return found

"""A new order that is not a plain limit order, or that comes to a book that is not plain.

matching.new_order() leaves to this whatever fails its one test.
"""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.admission import entry_price, has_room_in_book, refusal
from tradsys.book.counts import add_extra, count_in
from tradsys.book.crossing import best_index, sweep_limit
from tradsys.book.events import HIDDEN, RESTING, begin_unmarked, emit, reject
from tradsys.book.layout import (
    F_EXTRA,
    F_HIDDEN,
    F_ICEBERG,
    F_LINKED,
    F_POST_ONLY,
    F_TIMED,
    PEGS,
    TIMED,
    TRAILING,
    W_LIVE_ORDERS,
    WAITING,
    Shard,
)
from tradsys.book.lists import join_list
from tradsys.book.orders import take_slot, write_order
from tradsys.book.placing import has_trigger, may_rest, put_in_book, put_in_queue
from tradsys.book.prelude import prelude_of, trigger_of
from tradsys.book.rules import refresh_special
from tradsys.book.settling import act
from tradsys.book.timers import start_timer
from tradsys.book.triggers import trailing_trigger
from tradsys.options import has_limit, link_of
from tradsys.reasons import Reason
from tradsys.records import (
    QUANTITY_MAX,
    CommandFlag,
    EventKind,
    Link,
    MarketState,
    OrderType,
    TimeInForce,
)

_CLOSING = int(MarketState.CLOSING_AUCTION)
_MARKET = int(OrderType.MARKET)
_TRAILING = int(OrderType.TRAILING_STOP)
_PEGGED = int(OrderType.PEGGED)
_FOK = int(TimeInForce.FOK)
_DAY = int(TimeInForce.DAY)
_GTD = int(TimeInForce.GTD)
_AT_OPEN = int(TimeInForce.AT_OPEN)
_AT_CLOSE = int(TimeInForce.AT_CLOSE)
_POST_ONLY = int(CommandFlag.POST_ONLY)
_SLIDE = int(CommandFlag.SLIDE)
_HIDDEN = int(CommandFlag.HIDDEN)
_BUDGET = int(CommandFlag.BUDGET)
_OCO = int(Link.ONE_CANCELS_OTHER)
_ACCEPTED = int(EventKind.ACCEPTED)
_TERMS = int(EventKind.TERMS)
_LEVEL_POOL_FULL = int(Reason.LEVEL_POOL_FULL)
_ORDER_POOL_FULL = int(Reason.ORDER_POOL_FULL)


@kernel_entry
def _set_terms(shard: Shard, slot: int, asked: Any, extensions: int, is_leg: bool) -> None:
    """Fill in the EXTRA record of a new order."""
    order = shard.orders[slot]
    extra = shard.extras[slot]
    assert signed(order.flags) & F_EXTRA != 0, "a plain order has no terms"
    symbol, order_type = signed(order.symbol), signed(order.order_type)
    flags = signed(asked.flags)
    if extensions == 1:
        extension = shard.extensions[0]
        if order.time_in_force == _GTD:
            extra.expires_ns = extension.expires_ns
        if not is_leg and extension.display_lots < asked.quantity_lots:
            extra.display_lots = extension.display_lots
    assert order.time_in_force != _GTD or extra.expires_ns > 0, "who expires knows when"
    if extra.display_lots > 0:
        order.flags = signed(order.flags) | F_ICEBERG
    if flags & _HIDDEN or order_type == _PEGGED:
        order.flags = signed(order.flags) | F_HIDDEN
    if flags & _BUDGET:
        extra.budget = asked.quantity_lots
        order.leaves_lots = QUANTITY_MAX
    if order_type == _PEGGED:
        extra.limit_ticks = order.price_ticks
        join_list(shard, symbol, PEGS, slot)
        refresh_special(shard, symbol)
    elif order_type == _TRAILING:
        extra.distance = asked.price_ticks
        assert extra.distance > 0, "who follows the market keeps a distance"
        _there, trigger = trailing_trigger(shard, slot)
        extra.trigger_ticks = trigger
        join_list(shard, symbol, TRAILING, slot)
        refresh_special(shard, symbol)
    elif has_trigger(order_type):
        extra.trigger_ticks = trigger_of(asked)


@kernel_entry
def _create(shard: Shard, asked: Any, command: Any, price_ticks: int, extensions: int, is_leg: bool) -> int:
    """Make the order that a NEW or LEG asks for, in no place yet; gives its slot, 0 when there is none free."""
    slot = take_slot(shard)
    if slot == 0:
        return 0
    symbol = signed(command.symbol)
    flags = signed(asked.flags)
    order_type, time_in_force = signed(asked.order_type), signed(asked.time_in_force)
    write_order(shard, slot, command, asked, price_ticks)
    order = shard.orders[slot]
    if flags & _POST_ONLY:
        order.flags = F_POST_ONLY
    needs_extra = (
        flags & ~(_POST_ONLY | _SLIDE) != 0
        or order_type > _MARKET
        or time_in_force > _FOK
        or is_leg
        or shard.books[symbol].orders_max != 0
    )
    if not needs_extra:
        return slot
    add_extra(shard, slot, flags)
    _set_terms(shard, slot, asked, extensions, is_leg)
    if time_in_force == _GTD:
        order.flags = signed(order.flags) | F_TIMED
        start_timer(shard, slot)
    elif time_in_force == _DAY or time_in_force >= _AT_OPEN:
        order.flags = signed(order.flags) | F_TIMED
        join_list(shard, symbol, TIMED, slot)
    if shard.books[symbol].orders_max != 0:
        count_in(shard, slot)
    return slot


@kernel_entry
def _tell_accepted(shard: Shard, command: Any, slot: int, asked: Any, event_flags: int) -> None:
    order = shard.orders[slot]
    codes = signed(asked.order_type) | signed(asked.time_in_force) << 8 | signed(asked.flags) << 16
    emit(
        shard,
        command,
        _ACCEPTED,
        event_flags | signed(order.side),
        0,
        order.symbol,
        order.price_ticks,
        asked.quantity_lots,
        order.order_id,
        order.account,
        codes,
        order.client_order_id,
    )
    order_type = signed(order.order_type)
    is_iceberg = signed(order.flags) & F_ICEBERG != 0
    if has_trigger(order_type) or is_iceberg or order.time_in_force == _GTD:
        tell_terms(shard, command, slot)


@kernel_entry
def tell_terms(shard: Shard, command: Any, slot: int) -> None:
    """Tell what an order with an EXTRA record waits for, shows, and lasts."""
    order = shard.orders[slot]
    extra = shard.extras[slot]
    assert signed(order.flags) & F_EXTRA != 0, "a plain order has no terms"
    emit(
        shard,
        command,
        _TERMS,
        signed(order.side),
        0,
        order.symbol,
        extra.trigger_ticks,
        extra.display_lots,
        order.order_id,
        order.account,
        signed(extra.distance),
        extra.expires_ns,
    )


@kernel
def _link_orders(shard: Shard, link: int, slot: int, leg_1: int, leg_2: int) -> None:
    orders, extras = shard.orders, shard.extras
    assert leg_1 != 0, "linked orders are two at least"
    assert leg_2 == 0 or link != _OCO, "of three orders one waits for another's end"
    assert orders[slot].symbol == orders[leg_1].symbol, "linked orders are of one symbol"
    orders[slot].flags = signed(orders[slot].flags) | F_LINKED
    orders[leg_1].flags = signed(orders[leg_1].flags) | F_LINKED
    if link == _OCO:
        extras[slot].partner = leg_1
        extras[leg_1].partner = slot
        return
    extras[slot].leg_1 = leg_1
    extras[leg_1].parent = slot
    extras[leg_1].place = WAITING
    if leg_2 != 0:
        orders[leg_2].flags = signed(orders[leg_2].flags) | F_LINKED
        extras[slot].leg_2 = leg_2
        extras[leg_2].parent = slot
        extras[leg_2].place = WAITING
        extras[leg_1].partner = leg_2
        extras[leg_2].partner = leg_1


@kernel_entry
def careful_new(shard: Shard, command: Any) -> None:
    """Carry out any NEW of a known symbol, but for what it trades, and what follows from it."""
    symbol = signed(command.symbol)
    extensions, legs = prelude_of(shard, command)
    reason = refusal(shard, command, symbol, extensions, legs)
    price = signed(0)
    if reason == 0:
        price = entry_price(shard, command, symbol)
        if not has_room_in_book(shard, command, symbol, price):
            reason = _LEVEL_POOL_FULL
        elif shard.words[W_LIVE_ORDERS] + 1 + legs >= len(shard.orders):
            reason = _ORDER_POOL_FULL
    if reason != 0:
        reject(shard, command, reason)
        return
    begin_unmarked(shard, command)
    link = link_of(signed(command.flags))
    slot = _create(shard, command, command, price, extensions, False)
    assert slot != 0, "there is a slot for the order and its legs"
    leg_1, leg_2 = signed(0), signed(0)
    if legs > 0:
        leg_1 = _create_leg(shard, command, 0, extensions)
    if legs > 1:
        leg_2 = _create_leg(shard, command, 1, extensions)
    if link != 0:
        _link_orders(shard, link, slot, leg_1, leg_2)
    rests = _rests_at_once(shard, slot)
    order = shard.orders[slot]
    flags = signed(0)
    if rests:
        flags = RESTING | (HIDDEN if signed(order.flags) & (F_HIDDEN | F_ICEBERG) else 0)
    _tell_accepted(shard, command, slot, command, flags)
    if leg_1 != 0:
        _tell_accepted(shard, command, leg_1, shard.legs[0], 0)
    if leg_2 != 0:
        _tell_accepted(shard, command, leg_2, shard.legs[1], 0)
    if link == _OCO:
        put_in_queue(shard, leg_1)
    if rests:
        put_in_book(shard, command, slot)
    else:
        act(shard, command, slot)


@kernel_entry
def _create_leg(shard: Shard, command: Any, number: int, extensions: int) -> int:
    assert 0 <= number < len(shard.legs), "a prelude holds so many legs"
    leg = shard.legs[number]
    price = signed(leg.price_ticks) if has_limit(signed(leg.order_type)) else signed(0)
    return _create(shard, leg, command, price, extensions, True)


@kernel
def _rests_at_once(shard: Shard, slot: int) -> bool:
    """Whether the order goes into the book without trading first."""
    order = shard.orders[slot]
    symbol, side = signed(order.symbol), signed(order.side)
    state = signed(shard.books[symbol].state)
    order_type, time_in_force = signed(order.order_type), signed(order.time_in_force)
    if order_type > _MARKET or not may_rest(time_in_force):
        return False
    if time_in_force == _AT_OPEN:
        return True
    if time_in_force == _AT_CLOSE:
        return state == _CLOSING
    if order_type == _MARKET:
        return False
    return best_index(shard, symbol, 1 - side) < sweep_limit(shard, order, signed(order.price_ticks))

"""Cancelling and amending an order of any kind, in any market state."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.crossing import best_index, sweep_limit, whole_lots
from tradsys.book.ending import cancel_any
from tradsys.book.entry import tell_terms
from tradsys.book.events import (
    KEPT_PRIORITY,
    RESTING,
    WAS_RESTING,
    begin_unmarked,
    hidden_flag,
    reject,
    tell_amended,
)
from tradsys.book.layout import (
    AT_HAND,
    F_EXTRA,
    F_HIDDEN,
    F_ICEBERG,
    F_POST_ONLY,
    IN_ABOVE,
    IN_BELOW,
    IN_BOOK,
    IN_HIDDEN,
    Shard,
)
from tradsys.book.levels import remove
from tradsys.book.pending import let_act, let_settle
from tradsys.book.placing import (
    can_rest_at,
    can_wait_at,
    has_trigger,
    put_at_trigger,
    put_in_book,
    take_from_place,
)
from tradsys.book.rules import breaches_collar
from tradsys.book.validation import is_in_range, is_notional_too_large
from tradsys.options import has_limit
from tradsys.reasons import Reason
from tradsys.records import QUANTITY_MAX, CommandFlag, MarketState, OrderType

_HALT = int(MarketState.HALT)
_CLOSED = int(MarketState.CLOSED)
_FROZEN = int(MarketState.FROZEN)
_TRAILING = int(OrderType.TRAILING_STOP)
_PEGGED = int(OrderType.PEGGED)
_NEW_PRICE = int(CommandFlag.NEW_PRICE)
_NEW_QUANTITY = int(CommandFlag.NEW_QUANTITY)
_NEW_TRIGGER = int(CommandFlag.NEW_TRIGGER)
_IS_LEAVES = int(CommandFlag.QUANTITY_IS_LEAVES)
_LOSE_PRIORITY = int(CommandFlag.LOSE_PRIORITY)

_AUCTION_FROZEN = int(Reason.AUCTION_FROZEN)
_NOT_AMENDABLE = int(Reason.NOT_AMENDABLE)
_SYMBOL_NOT_OPEN = int(Reason.SYMBOL_NOT_OPEN)
_INVALID_QUANTITY = int(Reason.INVALID_QUANTITY)
_PRICE_OUT_OF_RANGE = int(Reason.PRICE_OUT_OF_RANGE)
_PRICE_COLLAR = int(Reason.PRICE_COLLAR)
_NOTIONAL_TOO_LARGE = int(Reason.NOTIONAL_TOO_LARGE)
_LEVEL_POOL_FULL = int(Reason.LEVEL_POOL_FULL)
_WOULD_CROSS = int(Reason.WOULD_CROSS)
_BY_CLIENT = int(Reason.CANCELLED_BY_CLIENT)
_BELOW_FILLED = int(Reason.AMENDED_BELOW_FILLED)


@kernel_entry
def careful_cancel(shard: Shard, command: Any, slot: int) -> bool:
    """End a live order, wherever it stands; False when what follows waits for room in the event ring."""
    symbol = signed(shard.orders[slot].symbol)
    assert shard.orders[slot].order_id == command.order_id, "the order that is named"
    if shard.books[symbol].state == _FROZEN:
        reject(shard, command, _AUCTION_FROZEN)
        return True
    begin_unmarked(shard, command)
    cancel_any(shard, command, slot, _BY_CLIENT)
    return let_settle(shard, symbol, symbol)


@kernel
def _place_of(shard: Shard, slot: int) -> int:
    """Where the order stands; a plain one stands in the book."""
    return signed(shard.extras[slot].place) if signed(shard.orders[slot].flags) & F_EXTRA else IN_BOOK


@kernel_entry
def _refusal(shard: Shard, command: Any, slot: int) -> int:
    order = shard.orders[slot]
    order_type = signed(order.order_type)
    book = shard.books[order.symbol]
    flags = signed(command.flags)
    price = signed(command.price_ticks)
    if book.state == _HALT or book.state == _CLOSED:
        return _SYMBOL_NOT_OPEN
    if book.state == _FROZEN:
        return _AUCTION_FROZEN
    if flags & _NEW_PRICE and (flags & _NEW_TRIGGER or not has_limit(order_type) or order_type == _PEGGED):
        return _NOT_AMENDABLE
    if flags & _NEW_TRIGGER and (not has_trigger(order_type) or order_type == _TRAILING):
        return _NOT_AMENDABLE
    if flags & _NEW_QUANTITY and (command.quantity_lots < 1 or command.quantity_lots > QUANTITY_MAX):
        return _INVALID_QUANTITY
    if flags & (_NEW_PRICE | _NEW_TRIGGER) and not is_in_range(book, price):
        return _PRICE_OUT_OF_RANGE
    if flags & _NEW_PRICE and breaches_collar(book, price):
        return _PRICE_COLLAR
    return 0


@kernel_entry
def _decrease(shard: Shard, command: Any, slot: int, lots: int, before_lots: int) -> None:
    """An order in the book keeps its place with less; an iceberg loses it from its reserve first."""
    order = shard.orders[slot]
    assert 0 < lots <= before_lots, "who keeps its place has something left, and not more than before"
    flags = KEPT_PRIORITY | RESTING | WAS_RESTING | hidden_flag(order)
    tell_amended(shard, command, order, flags, order.price_ticks, lots, order.price_ticks, before_lots)
    shown = min(order.leaves_lots, lots)
    shard.levels[order.level].quantity_lots -= order.leaves_lots - shown
    order.leaves_lots = shown
    if signed(order.flags) & F_ICEBERG:
        extra = shard.extras[slot]
        shard.reserves[order.level] -= extra.reserve_lots - (lots - shown)
        extra.reserve_lots = lots - shown
        assert shard.reserves[order.level] >= extra.reserve_lots, "the level counts the reserve of each iceberg"
    assert shard.levels[order.level].quantity_lots >= shown, "a level holds what each of its orders shows"


@kernel_entry
def _replace(shard: Shard, command: Any, slot: int, price_ticks: int, lots: int, before_lots: int) -> None:
    """An order in the book goes to the end of a queue, or where it crosses trades next."""
    order = shard.orders[slot]
    symbol, side = signed(order.symbol), signed(order.side)
    flags = signed(order.flags)
    crosses = best_index(shard, symbol, 1 - side) >= sweep_limit(shard, order, price_ticks)
    if crosses and flags & F_POST_ONLY:
        reject(shard, command, _WOULD_CROSS)
        return
    if not can_rest_at(shard, symbol, side, flags & F_HIDDEN != 0, price_ticks):
        reject(shard, command, _LEVEL_POOL_FULL)
        return
    event_flags = WAS_RESTING | hidden_flag(order) | (0 if crosses else RESTING)
    tell_amended(shard, command, order, event_flags, price_ticks, lots, order.price_ticks, before_lots)
    if flags & F_EXTRA:
        take_from_place(shard, slot)
    else:
        remove(shard, shard.sides[2 * symbol + side], slot)
    order.price_ticks = price_ticks
    order.leaves_lots = lots
    if crosses:
        let_act(shard, slot)
    else:
        put_in_book(shard, command, slot)


@kernel_entry
def _change_waiting(shard: Shard, command: Any, slot: int, price_ticks: int, lots: int) -> None:
    """An order outside the book takes its new price, quantity and trigger."""
    order = shard.orders[slot]
    extra = shard.extras[slot]
    place = signed(extra.place)
    assert signed(order.flags) & F_EXTRA != 0, "a plain order waits nowhere"
    assert place != AT_HAND, "between two commands nobody is about to act"
    is_armed = place == IN_ABOVE or place == IN_BELOW
    trigger = signed(command.price_ticks)
    new_trigger = signed(command.flags) & _NEW_TRIGGER != 0
    if new_trigger and is_armed and not can_wait_at(shard, order, trigger):
        reject(shard, command, _LEVEL_POOL_FULL)
        return
    flags = KEPT_PRIORITY | hidden_flag(order)
    tell_amended(shard, command, order, flags, price_ticks, lots, order.price_ticks, order.leaves_lots)
    if is_armed:
        shard.levels[order.level].quantity_lots += lots - order.leaves_lots
        assert shard.levels[order.level].quantity_lots >= lots, "a level holds what each of its orders has left"
    order.price_ticks = price_ticks
    order.leaves_lots = lots
    if not new_trigger:
        return
    if is_armed:
        take_from_place(shard, slot)
    extra.trigger_ticks = trigger
    if is_armed:
        put_at_trigger(shard, slot)
    tell_terms(shard, command, slot)


@kernel
def _limit_of(shard: Shard, slot: int, price_ticks: int) -> int:
    """The limit of an order that is to have this price: a pegged order's does not change."""
    if shard.orders[slot].order_type == _PEGGED:
        return signed(shard.extras[slot].limit_ticks)
    return price_ticks


@kernel_entry
def careful_amend(shard: Shard, command: Any, slot: int) -> bool:
    """Change an order that is the account's; False when it waits for room in the event ring."""
    assert shard.orders[slot].account == command.account, "an order of who amends it"
    reason = _refusal(shard, command, slot)
    if reason != 0:
        reject(shard, command, reason)
        return True
    order = shard.orders[slot]
    symbol = signed(order.symbol)
    place = _place_of(shard, slot)
    in_book = place == IN_BOOK or place == IN_HIDDEN
    before = whole_lots(shard, slot) if in_book else order.leaves_lots
    assert before > 0, "a live order has something left"
    flags = signed(command.flags)
    price = signed(command.price_ticks) if flags & _NEW_PRICE else signed(order.price_ticks)
    lots = before
    if flags & _NEW_QUANTITY:
        lots = command.quantity_lots
        if flags & _IS_LEAVES == 0:
            lots -= order.filled_lots
    begin_unmarked(shard, command)
    if lots <= 0:
        cancel_any(shard, command, slot, _BELOW_FILLED)
    elif has_limit(signed(order.order_type)) and is_notional_too_large(_limit_of(shard, slot, price), lots):
        reject(shard, command, _NOTIONAL_TOO_LARGE)
    elif not in_book:
        _change_waiting(shard, command, slot, price, lots)
    elif price == order.price_ticks and lots <= before and flags & _LOSE_PRIORITY == 0:
        _decrease(shard, command, slot, lots, before)
    else:
        _replace(shard, command, slot, price, lots, before)
    return let_settle(shard, symbol, symbol)

"""What follows a command: the symbols that it changed come to rest, one step after the other.

docs/orders.md, "What follows a command", says which step comes when. Every step asks for room in the event ring first,
so that a cascade of any length can wait and go on.
"""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.crossing import careful_sweep, is_crossed, sweep_limit
from tradsys.book.ending import cancel_any, cancel_partner
from tradsys.book.events import RESTING, begin_unmarked, has_room, tell
from tradsys.book.layout import (
    AT_HAND,
    D_END_CLOSE,
    D_END_DAY,
    D_END_OPEN,
    D_ENTER_CLOSE,
    F_EXTRA,
    F_TIMED,
    FOR_AUCTION,
    P_SETTLE,
    PARKED,
    PEGS,
    QUEUE,
    QUEUED,
    TIMED,
    TRAILING,
    UNPRICED,
    W_ACTING,
    W_CURSOR,
    W_PENDING,
    W_SETTLE_LAST,
    W_SETTLING,
    Shard,
)
from tradsys.book.lists import first_of, following, join_list, leave_list
from tradsys.book.pegs import follow_touch
from tradsys.book.pending import let_act
from tradsys.book.placing import can_rest, has_trigger, put_at_trigger, put_in_book, take_from_place
from tradsys.book.rare_sides import NO_TRIGGER_BELOW, forget_seen
from tradsys.book.rules import refresh_special
from tradsys.book.states import takes_orders
from tradsys.book.triggers import can_arm, follow, reached, trailing_trigger
from tradsys.reasons import Reason
from tradsys.records import EventKind, MarketState, OrderType, TimeInForce

_CONTINUOUS = int(MarketState.CONTINUOUS)
_CLOSING = int(MarketState.CLOSING_AUCTION)
_LIMIT = int(OrderType.LIMIT)
_MARKET = int(OrderType.MARKET)
_STOP_LIMIT = int(OrderType.STOP_LIMIT)
_TRAILING = int(OrderType.TRAILING_STOP)
_TAKE_PROFIT_LIMIT = int(OrderType.TAKE_PROFIT_LIMIT)
_PEGGED = int(OrderType.PEGGED)
_AT_OPEN = int(TimeInForce.AT_OPEN)
_AT_CLOSE = int(TimeInForce.AT_CLOSE)
_TRIGGERED = int(EventKind.TRIGGERED)
_RESTED = int(EventKind.RESTED)
_AUCTION_REST = int(Reason.AUCTION_REST)
_DAY_ENDED = int(Reason.DAY_ENDED)
_LEVEL_POOL_FULL = int(Reason.LEVEL_POOL_FULL)


@kernel_entry
def act(shard: Shard, command: Any, slot: int) -> None:
    """An accepted order that is at hand begins: it waits for what it waits for, or trades next."""
    order = shard.orders[slot]
    extra = shard.extras[slot]
    assert signed(order.flags) & F_EXTRA == 0 or extra.place == AT_HAND, "who begins stands nowhere yet"
    symbol = signed(order.symbol)
    if has_trigger(signed(order.order_type)):
        if order.order_type == _TRAILING:
            _there, trigger = trailing_trigger(shard, slot)
            extra.trigger_ticks = trigger
        if can_arm(shard, slot):
            put_at_trigger(shard, slot)
        else:
            cancel_any(shard, command, slot, _LEVEL_POOL_FULL)
    elif order.order_type == _PEGGED:
        extra.place = UNPRICED
        shard.books[symbol].repeg = 1
    elif order.time_in_force == _AT_CLOSE and shard.books[symbol].state != _CLOSING:
        extra.place = FOR_AUCTION
        join_list(shard, symbol, PARKED, slot)
    else:
        let_act(shard, slot)


@kernel_entry
def _end_timed(shard: Shard, command: Any, symbol: int, time_in_force: int, reason: int) -> bool:
    """End the first of the symbol's timed orders with this time in force (0: with any); False when there is none."""
    words = shard.words
    slot = first_of(shard, symbol, TIMED)
    if time_in_force != 0:
        # Nothing is linked to these orders, so the walk can go on where it was.
        slot = words[W_CURSOR] if words[W_CURSOR] != 0 else slot
        while slot != 0 and shard.orders[slot].time_in_force != time_in_force:
            slot = following(shard, TIMED, slot)
        words[W_CURSOR] = following(shard, TIMED, slot) if slot != 0 else 0
    if slot == 0:
        return False
    assert signed(shard.orders[slot].flags) & F_TIMED != 0, "only orders with a time end with it"
    assert shard.orders[slot].symbol == symbol, "the walk stays among the symbol's orders"
    cancel_any(shard, command, slot, reason)
    return True


@kernel_entry
def _enter_auction(shard: Shard, command: Any, symbol: int) -> bool:
    """Put the first order that waits for the closing auction into the book; False when there is none."""
    assert shard.books[symbol].state == _CLOSING, "who waits for the closing auction comes into it"
    slot = first_of(shard, symbol, PARKED)
    if slot == 0:
        return False
    take_from_place(shard, slot)
    if can_rest(shard, slot):
        tell(shard, command, shard.orders[slot], _RESTED, RESTING, 0)
        put_in_book(shard, command, slot)
    else:
        cancel_any(shard, command, slot, _LEVEL_POOL_FULL)
    return True


@kernel_entry
def _do_duty(shard: Shard, command: Any, symbol: int) -> None:
    """One step of what the new state has left to do; the duty is done with when there is no step left."""
    book = shard.books[symbol]
    duties = signed(book.duties)
    if duties & D_END_OPEN:
        duty, found = D_END_OPEN, _end_timed(shard, command, symbol, _AT_OPEN, _AUCTION_REST)
    elif duties & D_END_CLOSE:
        duty, found = D_END_CLOSE, _end_timed(shard, command, symbol, _AT_CLOSE, _AUCTION_REST)
    elif duties & D_END_DAY:
        duty, found = D_END_DAY, _end_timed(shard, command, symbol, 0, _DAY_ENDED)
    else:
        assert duties == D_ENTER_CLOSE, "nothing else is a duty"
        duty, found = D_ENTER_CLOSE, _enter_auction(shard, command, symbol)
    if not found:
        book.duties = duties & ~duty


@kernel_entry
def _fire(shard: Shard, command: Any, slot: int) -> None:
    """The order's trigger has been reached: it is an ordinary order from now on, and trades next."""
    assert has_trigger(signed(shard.orders[slot].order_type)), "who fires has waited for a price"
    take_from_place(shard, slot)
    order = shard.orders[slot]
    if order.order_type == _TRAILING:
        symbol = signed(order.symbol)
        leave_list(shard, symbol, TRAILING, slot)
        refresh_special(shard, symbol)
    is_limit = order.order_type == _STOP_LIMIT or order.order_type == _TAKE_PROFIT_LIMIT
    order.order_type = _LIMIT if is_limit else _MARKET
    tell(shard, command, order, _TRIGGERED, 0, 0)
    cancel_partner(shard, command, slot)
    let_act(shard, slot)


@kernel_entry
def _act_next(shard: Shard, command: Any, symbol: int) -> None:
    """The head of the symbol's queue acts."""
    slot = first_of(shard, symbol, QUEUE)
    assert shard.extras[slot].place == QUEUED, "whose turn it is stands in the queue"
    take_from_place(shard, slot)
    act(shard, command, slot)


@kernel_entry
def _settle_symbol(shard: Shard, command: Any, symbol: int) -> bool:
    """Bring one symbol to rest; False when it waits for room."""
    words = shard.words
    book = shard.books[symbol]
    while True:
        if not has_room(shard):
            return False
        if words[W_ACTING] != 0:
            slot = words[W_ACTING]
            order = shard.orders[slot]
            assert order.order_id != 0, "an order that acts is alive"
            assert order.symbol == symbol, "it is of the symbol that comes to rest"
            if not careful_sweep(shard, command, slot, sweep_limit(shard, order, signed(order.price_ticks))):
                return False
            words[W_ACTING] = 0
            continue
        if book.duties != 0:
            _do_duty(shard, command, symbol)
            continue
        if book.state == _CONTINUOUS:
            slot = reached(shard, symbol)
            if slot != 0:
                _fire(shard, command, slot)
                continue
            forget_seen(book)
            if first_of(shard, symbol, TRAILING) != 0:
                follow(shard, symbol)
        if first_of(shard, symbol, QUEUE) != 0 and takes_orders(signed(book.state)):
            _act_next(shard, command, symbol)
            continue
        if first_of(shard, symbol, PEGS) != 0 and follow_touch(shard, command, symbol):
            continue
        words[W_CURSOR] = 0  # the walk may have lost its last orders
        assert book.state != _CONTINUOUS or not is_crossed(shard, symbol), "a book that trades is not crossed at rest"
        return True


@kernel
def is_at_rest(book: Any) -> bool:
    """Whether no step can apply to the symbol."""
    return (
        book.special == 0
        and book.duties == 0
        and book.seen_high == NO_TRIGGER_BELOW
        and book.next_above > book.last_ticks
        and book.next_below < book.last_ticks
    )


@kernel_entry
def settle(shard: Shard, command: Any) -> bool:
    """Bring the symbols from W_SETTLING to W_SETTLE_LAST to rest; False when that waits for room."""
    words = shard.words
    assert words[W_PENDING] == P_SETTLE, "all else of the command is done"
    begin_unmarked(shard, command)
    while words[W_SETTLING] != 0:
        symbol = words[W_SETTLING]
        at_rest = words[W_ACTING] == 0 and is_at_rest(shard.books[symbol])
        if not at_rest and not _settle_symbol(shard, command, symbol):
            return False
        words[W_SETTLING] = symbol + 1 if symbol < words[W_SETTLE_LAST] else 0
    words[W_SETTLE_LAST] = 0
    return True

"""The end of many orders at once: a CANCEL_ALL, or a kill switch that is put on."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.crossing import group_of
from tradsys.book.ending import cancel_any
from tradsys.book.events import begin_unmarked, emit, has_room, reject
from tradsys.book.layout import (
    P_MASS_CANCEL,
    P_NONE,
    W_PENDING,
    W_PENDING_A,
    W_PENDING_B,
    W_SYMBOLS,
    W_USED_ORDERS,
    Shard,
)
from tradsys.book.pending import let_settle
from tradsys.book.prelude import session_of
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, EventKind, Kind, MarketState
from tradsys.risk.terms import Scope

_KILL = int(Kind.KILL)
_FROZEN = int(MarketState.FROZEN)
_ONE_SIDE = int(CommandFlag.ONE_SIDE)
_VENUE = int(Scope.VENUE)
_GROUP = int(Scope.GROUP)
_ACCOUNT = int(Scope.ACCOUNT)
_SYMBOL = int(Scope.SYMBOL)
_MASS_CANCELLED = int(EventKind.MASS_CANCELLED)
_AUCTION_FROZEN = int(Reason.AUCTION_FROZEN)
_BY_MASS_CANCEL = int(Reason.CANCELLED_BY_MASS_CANCEL)
_KILLED = int(Reason.KILLED)


@kernel
def _is_asked_for(command: Any, order: Any) -> bool:
    """Whether a CANCEL_ALL means this order."""
    session = session_of(command)
    return (
        (command.account == 0 or order.account == command.account)
        and (session == 0 or order.session == session)
        and (signed(command.flags) & _ONE_SIDE == 0 or order.side == command.side)
    )


@kernel
def _is_in_scope(shard: Shard, kill: Any, order: Any) -> bool:
    """Whether a KILL means this order."""
    scope = signed(kill.scope)
    if scope == _GROUP:
        return kill.group != 0 and group_of(shard, signed(order.account)) == kill.group
    if scope == _ACCOUNT:
        return order.account == kill.account
    return scope == _VENUE or (scope == _SYMBOL and kill.symbol != 0)


@kernel
def _is_meant(shard: Shard, command: Any, details: Any, order: Any) -> bool:
    if command.symbol != 0 and order.symbol != command.symbol:
        return False
    if shard.books[order.symbol].state == _FROZEN:
        return False
    return _is_in_scope(shard, details, order) if command.kind == _KILL else _is_asked_for(command, order)


@kernel_entry
def cancel_all(shard: Shard, command: Any, details: Any) -> bool:
    """End the live orders that a CANCEL_ALL, or a KILL that is on, means, in slot order.

    False when it waits for room in the event ring; called again with the same command, it goes on.
    """
    words = shard.words
    symbol = signed(command.symbol)
    is_known = symbol < len(shard.books) and shard.books[symbol].defined != 0
    is_kill = command.kind == _KILL
    if words[W_PENDING] == P_NONE:
        if is_known and not is_kill and shard.books[symbol].state == _FROZEN:
            reject(shard, command, _AUCTION_FROZEN)
            return True
        begin_unmarked(shard, command)
        words[W_PENDING] = P_MASS_CANCEL
        words[W_PENDING_A] = 1  # the next slot to look at
        words[W_PENDING_B] = 0  # orders cancelled so far
    assert words[W_PENDING] == P_MASS_CANCEL, "what goes on has begun"
    reason = _KILLED if is_kill else _BY_MASS_CANCEL
    while words[W_PENDING_A] <= words[W_USED_ORDERS]:
        slot = words[W_PENDING_A]
        order = shard.orders[slot]
        if order.order_id != 0 and _is_meant(shard, command, details, order):
            if not has_room(shard):
                return False
            cancel_any(shard, command, slot, reason)
            words[W_PENDING_B] += 1
        words[W_PENDING_A] += 1
        assert words[W_PENDING_B] < words[W_PENDING_A], "no more orders end than were looked at"
    if not has_room(shard):
        return False
    emit(shard, command, _MASS_CANCELLED, 0, 0, command.symbol, 0, words[W_PENDING_B], 0, command.account, 0, 0)
    if symbol == 0:
        return let_settle(shard, 1, words[W_SYMBOLS])
    return let_settle(shard, symbol if is_known else 0, symbol)

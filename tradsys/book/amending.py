"""Cancelling and amending orders that rest in the book."""

from __future__ import annotations

from typing import Any

import numpy as np

from shm.integers import signed
from shm.jit import kernel
from tradsys.book.events import (
    KEPT_PRIORITY,
    LAST,
    RESTING,
    WAS_RESTING,
    emit,
    end_phase,
    has_room,
    reject,
)
from tradsys.book.layout import (
    P_MASS_CANCEL,
    P_NONE,
    W_PENDING,
    W_PENDING_A,
    W_PENDING_B,
    W_USED_ORDERS,
    Shard,
)
from tradsys.book.levels import append, has_level, index_of, remove
from tradsys.book.matching import limit_index, sweep, take_out
from tradsys.book.orders import find
from tradsys.reasons import Reason
from tradsys.records import QUANTITY_MAX, CommandFlag, EventKind, MarketState

_HALT = int(MarketState.HALT)
_CLOSED = int(MarketState.CLOSED)
_NEW_PRICE = int(CommandFlag.NEW_PRICE)
_NEW_QUANTITY = int(CommandFlag.NEW_QUANTITY)
_IS_LEAVES = int(CommandFlag.QUANTITY_IS_LEAVES)
_LOSE_PRIORITY = int(CommandFlag.LOSE_PRIORITY)
_POST_ONLY = int(CommandFlag.POST_ONLY)
_AMENDED = int(EventKind.AMENDED)
_MASS_CANCELLED = int(EventKind.MASS_CANCELLED)

_UNKNOWN_ORDER = int(Reason.UNKNOWN_ORDER)
_NOT_YOUR_ORDER = int(Reason.NOT_YOUR_ORDER)
_NOTHING_TO_AMEND = int(Reason.NOTHING_TO_AMEND)
_SYMBOL_NOT_OPEN = int(Reason.SYMBOL_NOT_OPEN)
_INVALID_QUANTITY = int(Reason.INVALID_QUANTITY)
_PRICE_OUT_OF_RANGE = int(Reason.PRICE_OUT_OF_RANGE)
_LEVEL_POOL_FULL = int(Reason.LEVEL_POOL_FULL)
_WOULD_CROSS = int(Reason.WOULD_CROSS)
_BY_CLIENT = int(Reason.CANCELLED_BY_CLIENT)
_BY_MASS_CANCEL = int(Reason.CANCELLED_BY_MASS_CANCEL)
_BELOW_FILLED = int(Reason.AMENDED_BELOW_FILLED)


@kernel
def cancel_order(shard: Shard, command: Any) -> bool:
    """Take one order out of the book, or say why not."""
    slot = find(shard, command.order_id)
    order = shard.orders[slot]
    if slot == 0 or order.symbol != command.symbol:
        reject(shard, command, _UNKNOWN_ORDER)
    elif order.account != command.account:
        reject(shard, command, _NOT_YOUR_ORDER)
    else:
        take_out(shard, command, slot, LAST, _BY_CLIENT)
    return True


@kernel
def _amend_refusal(shard: Shard, command: Any, slot: int) -> int:
    order = shard.orders[slot]
    if slot == 0 or order.symbol != command.symbol:
        return _UNKNOWN_ORDER
    if order.account != command.account:
        return _NOT_YOUR_ORDER
    if command.flags & (_NEW_PRICE | _NEW_QUANTITY) == 0:
        return _NOTHING_TO_AMEND
    book = shard.books[order.symbol]
    if book.state == _HALT or book.state == _CLOSED:
        return _SYMBOL_NOT_OPEN
    if command.flags & _NEW_QUANTITY and (command.quantity_lots < 1 or command.quantity_lots > QUANTITY_MAX):
        return _INVALID_QUANTITY
    if command.flags & _NEW_PRICE and (
        command.price_ticks < book.lowest_ticks or command.price_ticks > book.highest_ticks
    ):
        return _PRICE_OUT_OF_RANGE
    return 0


@kernel
def _amended(shard: Shard, command: Any, slot: int, price_ticks: int, leaves_lots: int, flags: int) -> None:
    order = shard.orders[slot]
    emit(
        shard,
        command,
        _AMENDED,
        flags | WAS_RESTING | order.side,
        0,
        order.symbol,
        price_ticks,
        leaves_lots,
        order.order_id,
        order.account,
        np.uint32(order.price_ticks),
        order.leaves_lots,
    )


@kernel
def amend_order(shard: Shard, command: Any) -> bool:
    """Change price or quantity of a resting order; False when it trades and waits for room in the event ring.

    A pure decrease keeps time priority; anything else goes to the end of its queue, and may trade first.
    """
    slot = find(shard, command.order_id)
    reason = _amend_refusal(shard, command, slot)
    if reason != 0:
        reject(shard, command, reason)
        return True
    order = shard.orders[slot]
    symbol = signed(order.symbol)
    side = signed(order.side)
    price = signed(order.price_ticks)
    if command.flags & _NEW_PRICE:
        price = signed(command.price_ticks)
    leaves = signed(order.leaves_lots)
    if command.flags & _NEW_QUANTITY:
        leaves = signed(command.quantity_lots)
        if command.flags & _IS_LEAVES == 0:
            leaves -= order.filled_lots
    if leaves <= 0:
        take_out(shard, command, slot, LAST, _BELOW_FILLED)
        return True
    own = shard.sides[2 * symbol + side]
    if price == order.price_ticks and leaves <= order.leaves_lots and command.flags & _LOSE_PRIORITY == 0:
        _amended(shard, command, slot, price, leaves, KEPT_PRIORITY | RESTING | LAST)
        shard.levels[order.level].quantity_lots -= order.leaves_lots - leaves
        order.leaves_lots = leaves
        return True

    limit = limit_index(shard, symbol, side, price, False)
    crosses = shard.sides[2 * symbol + 1 - side].best_index >= limit
    if crosses and order.flags & _POST_ONLY:
        reject(shard, command, _WOULD_CROSS)
        return True
    index = index_of(own, price)
    if not has_level(shard, own, index):
        reject(shard, command, _LEVEL_POOL_FULL)
        return True
    _amended(shard, command, slot, price, leaves, 0 if crosses else RESTING | LAST)
    remove(shard, own, slot)
    order.price_ticks = price
    order.leaves_lots = leaves
    if crosses:
        return sweep(shard, command, slot, limit)
    append(shard, own, index, slot)
    return True


@kernel
def cancel_all(shard: Shard, command: Any) -> bool:
    """Cancel the orders of an account (0: of all) in a symbol (0: in all), in slot order.

    False when it waits for room in the event ring; called again with the same command, it goes on.
    """
    words = shard.words
    account = signed(command.account)
    symbol = signed(command.symbol)
    if words[W_PENDING] == P_NONE:
        words[W_PENDING] = P_MASS_CANCEL
        words[W_PENDING_A] = 1  # the next slot to look at
        words[W_PENDING_B] = 0  # orders cancelled so far
    while words[W_PENDING_A] <= words[W_USED_ORDERS]:
        slot = words[W_PENDING_A]
        order = shard.orders[slot]
        if (
            order.order_id != 0
            and (account == 0 or order.account == account)
            and (symbol == 0 or order.symbol == symbol)
        ):
            if not has_room(shard):
                return False
            take_out(shard, command, slot, 0, _BY_MASS_CANCEL)
            words[W_PENDING_B] += 1
        words[W_PENDING_A] += 1
    if not has_room(shard):
        return False
    emit(shard, command, _MASS_CANCELLED, LAST, 0, command.symbol, 0, words[W_PENDING_B], 0, command.account, 0, 0)
    end_phase(shard)
    return True

"""Cancelling and amending plain orders of a plain book; everything else goes the careful way.

A pure decrease of quantity keeps time priority; anything else goes to the end of its queue, and may trade first.
"""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel
from tradsys.book.careful_amending import careful_amend, careful_cancel
from tradsys.book.events import KEPT_PRIORITY, LAST, RESTING, WAS_RESTING, reject, tell_amended
from tradsys.book.layout import F_EXTRA, F_POST_ONLY, Shard
from tradsys.book.levels import append, has_level, index_of, remove
from tradsys.book.matching import sweep, take_out
from tradsys.book.orders import find
from tradsys.reasons import Reason
from tradsys.records import CommandFlag

_NEW_PRICE = int(CommandFlag.NEW_PRICE)
_NEW_QUANTITY = int(CommandFlag.NEW_QUANTITY)
_NEW_TRIGGER = int(CommandFlag.NEW_TRIGGER)
_IS_LEAVES = int(CommandFlag.QUANTITY_IS_LEAVES)
_LOSE_PRIORITY = int(CommandFlag.LOSE_PRIORITY)

_UNKNOWN_ORDER = int(Reason.UNKNOWN_ORDER)
_NOT_YOUR_ORDER = int(Reason.NOT_YOUR_ORDER)
_NOTHING_TO_AMEND = int(Reason.NOTHING_TO_AMEND)
_INVALID_QUANTITY = int(Reason.INVALID_QUANTITY)
_PRICE_OUT_OF_RANGE = int(Reason.PRICE_OUT_OF_RANGE)
_LEVEL_POOL_FULL = int(Reason.LEVEL_POOL_FULL)
_BY_CLIENT = int(Reason.CANCELLED_BY_CLIENT)
_BELOW_FILLED = int(Reason.AMENDED_BELOW_FILLED)


@kernel
def _is_rare(shard: Shard, order: Any) -> bool:
    return signed(order.flags) & F_EXTRA | shard.books[order.symbol].special != 0


@kernel
def cancel_order(shard: Shard, command: Any) -> bool:
    """Take one order out of the book, or say why not; False when what follows waits for room in the event ring."""
    slot = find(shard, command.order_id)
    order = shard.orders[slot]
    if slot == 0 or order.symbol != command.symbol:
        reject(shard, command, _UNKNOWN_ORDER)
    elif order.account != command.account:
        reject(shard, command, _NOT_YOUR_ORDER)
    elif _is_rare(shard, order):
        return careful_cancel(shard, command, slot)
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
    if command.flags & (_NEW_PRICE | _NEW_QUANTITY | _NEW_TRIGGER) == 0:
        return _NOTHING_TO_AMEND
    return 0


@kernel
def _plain_refusal(book: Any, command: Any) -> int:
    if command.flags & _NEW_QUANTITY and command.quantity_lots < 1:
        return _INVALID_QUANTITY
    if command.flags & _NEW_PRICE and (
        command.price_ticks < book.lowest_ticks or command.price_ticks > book.highest_ticks
    ):
        return _PRICE_OUT_OF_RANGE
    return 0


@kernel
def amend_order(shard: Shard, command: Any) -> bool:
    """Change price or quantity of an order; False when it waits for room in the event ring."""
    slot = find(shard, command.order_id)
    reason = _amend_refusal(shard, command, slot)
    if reason != 0:
        reject(shard, command, reason)
        return True
    order = shard.orders[slot]
    assert order.order_id == command.order_id, "the order that is named"
    symbol = signed(order.symbol)
    side = signed(order.side)
    book = shard.books[symbol]
    price = signed(order.price_ticks)
    if command.flags & _NEW_PRICE:
        price = signed(command.price_ticks)
    leaves = signed(order.leaves_lots)
    new_quantity = command.flags & _NEW_QUANTITY
    if new_quantity:
        leaves = signed(command.quantity_lots)
    # The one test for everything rare: what is asked, the order, its book, a quantity that may overflow.
    rare = (signed(order.flags) & (F_EXTRA | F_POST_ONLY)) | book.special | (command.flags & _NEW_TRIGGER)
    if rare != 0 or leaves > book.safe_lots:
        return careful_amend(shard, command, slot)
    reason = _plain_refusal(book, command)
    if reason != 0:
        reject(shard, command, reason)
        return True
    if new_quantity and command.flags & _IS_LEAVES == 0:
        leaves -= order.filled_lots
    if leaves <= 0:
        take_out(shard, command, slot, LAST, _BELOW_FILLED)
        return True
    own = shard.sides[2 * symbol + side]
    if price == order.price_ticks and leaves <= order.leaves_lots and command.flags & _LOSE_PRIORITY == 0:
        flags = KEPT_PRIORITY | RESTING | WAS_RESTING | LAST
        tell_amended(shard, command, order, flags, price, leaves, order.price_ticks, order.leaves_lots)
        shard.levels[order.level].quantity_lots -= order.leaves_lots - leaves
        order.leaves_lots = leaves
        assert shard.levels[order.level].quantity_lots >= leaves, "a level holds what each of its orders has left"
        return True

    opposite = shard.sides[2 * symbol + 1 - side]
    limit = index_of(opposite, price)
    crosses = opposite.best_index >= limit
    assert limit >= 0, "the other side has the price as well"
    index = index_of(own, price)
    if not has_level(shard, own, index):
        reject(shard, command, _LEVEL_POOL_FULL)
        return True
    flags = WAS_RESTING | (0 if crosses else RESTING | LAST)
    tell_amended(shard, command, order, flags, price, leaves, order.price_ticks, order.leaves_lots)
    remove(shard, own, slot)
    order.price_ticks = price
    order.leaves_lots = leaves
    if crosses:
        return sweep(shard, command, slot, limit)
    append(shard, own, index, slot)
    return True

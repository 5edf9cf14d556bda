"""The end of an order, and what it means for the orders that are linked to it."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.counts import count_out
from tradsys.book.events import WAS_RESTING, hidden_flag, tell
from tradsys.book.layout import F_COUNTED, F_EXTRA, F_TIMED, PEGS, TIMED, TRAILING, Shard
from tradsys.book.levels import remove
from tradsys.book.lists import leave_list
from tradsys.book.orders import free_slot
from tradsys.book.placing import put_in_queue, take_from_place
from tradsys.book.rules import refresh_special
from tradsys.book.timers import stop_timer
from tradsys.reasons import Reason
from tradsys.records import EventKind, OrderType, TimeInForce

_CANCELLED = int(EventKind.CANCELLED)
_TRIGGERED = int(EventKind.TRIGGERED)
_PEGGED = int(OrderType.PEGGED)
_TRAILING = int(OrderType.TRAILING_STOP)
_GTD = int(TimeInForce.GTD)
_LINKED_ORDER = int(Reason.LINKED_ORDER)


@kernel_entry
def _forget(shard: Shard, slot: int) -> None:
    """Take an order that stands nowhere any more out of every list, and free its slot."""
    order = shard.orders[slot]
    extra = shard.extras[slot]
    symbol = signed(order.symbol)
    flags = signed(order.flags)
    if flags & F_TIMED:
        if order.time_in_force == _GTD:
            stop_timer(shard, slot)
        else:
            leave_list(shard, symbol, TIMED, slot)
    if flags & F_COUNTED:
        count_out(shard, slot)
    if order.order_type == _TRAILING:
        leave_list(shard, symbol, TRAILING, slot)
        refresh_special(shard, symbol)
    elif order.order_type == _PEGGED:
        leave_list(shard, symbol, PEGS, slot)
        shard.books[symbol].repeg = 1  # whoever walks the list begins anew
        refresh_special(shard, symbol)
    parent = signed(extra.parent)
    if parent != 0:
        assert shard.extras[parent].leg_1 == slot or shard.extras[parent].leg_2 == slot, "who is waited for knows it"
        if shard.extras[parent].leg_1 == slot:
            shard.extras[parent].leg_1 = 0
        else:
            shard.extras[parent].leg_2 = 0
    free_slot(shard, slot)


@kernel_entry
def cancel_linked(shard: Shard, command: Any, slot: int) -> None:
    """The order in `slot` has become void; what it was linked to has been cut off."""
    was_resting = take_from_place(shard, slot)
    order = shard.orders[slot]
    tell(shard, command, order, _CANCELLED, hidden_flag(order) | (WAS_RESTING if was_resting else 0), _LINKED_ORDER)
    _forget(shard, slot)


@kernel_entry
def cancel_partner(shard: Shard, command: Any, slot: int) -> None:
    """The order in `slot` has traded or fired: the one that it cancels ends."""
    partner = signed(shard.extras[slot].partner)
    if partner != 0:
        assert shard.extras[partner].partner == slot, "each of two partners knows the other"
        shard.extras[slot].partner = 0
        shard.extras[partner].partner = 0
        cancel_linked(shard, command, partner)


@kernel_entry
def _release(shard: Shard, command: Any, slot: int, filled_lots: int) -> None:
    """The order that this one waited for has ended: its turn has come, for what filled of the other."""
    order = shard.orders[slot]
    shard.extras[slot].parent = 0
    order.leaves_lots = min(order.leaves_lots, filled_lots)
    assert order.order_id != 0, "an order whose turn comes is alive"
    assert order.leaves_lots > 0, "an order whose turn comes has something to trade"
    tell(shard, command, order, _TRIGGERED, 0, 0)
    put_in_queue(shard, slot)


@kernel_entry
def end_rare(shard: Shard, command: Any, slot: int) -> None:
    """An order with an EXTRA record has ended, has been told so, and stands nowhere any more."""
    assert shard.orders[slot].order_id != 0, "an order ends once"
    extra = shard.extras[slot]
    partner = signed(extra.partner)
    leg_1, leg_2 = signed(extra.leg_1), signed(extra.leg_2)
    filled = shard.orders[slot].filled_lots
    _forget(shard, slot)
    if partner != 0:
        shard.extras[partner].partner = 0
        cancel_linked(shard, command, partner)
    if filled > 0:
        if leg_1 != 0:
            _release(shard, command, leg_1, filled)
        if leg_2 != 0:
            _release(shard, command, leg_2, filled)
        return
    if leg_1 != 0:
        shard.extras[leg_1].parent = 0
        shard.extras[leg_1].partner = 0
    if leg_2 != 0:
        shard.extras[leg_2].parent = 0
        shard.extras[leg_2].partner = 0
    if leg_1 != 0:
        cancel_linked(shard, command, leg_1)
    if leg_2 != 0:
        cancel_linked(shard, command, leg_2)


@kernel
def end_order(shard: Shard, command: Any, slot: int) -> None:
    """The order in `slot` has ended, has been told so, and stands nowhere any more."""
    if signed(shard.orders[slot].flags) & F_EXTRA:
        end_rare(shard, command, slot)
    else:
        free_slot(shard, slot)


@kernel_entry
def cancel_any(shard: Shard, command: Any, slot: int, reason: int) -> None:
    """End a live order, wherever it stands, for `reason`."""
    assert shard.orders[slot].order_id != 0, "an order ends once"
    order = shard.orders[slot]
    if signed(order.flags) & F_EXTRA:
        was_resting = take_from_place(shard, slot)
    else:
        remove(shard, shard.sides[2 * signed(order.symbol) + signed(order.side)], slot)
        was_resting = True
    tell(shard, command, order, _CANCELLED, hidden_flag(order) | (WAS_RESTING if was_resting else 0), reason)
    end_order(shard, command, slot)

"""Linked orders: two that cancel each other hold together, and what a buy brings in goes to a sell that waits for it.

The rule: docs/ledger.md, Linked orders.
"""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.holds import TOO_LARGE, describe, drop, enter, is_waiting, needs, pending_of, row_of, take_for
from tradsys.ledger.layout import FOR_ENTRY, FOR_TURN, NOTHING, Ledger
from tradsys.options import link_of
from tradsys.reasons import Reason
from tradsys.records import Link, Side
from tradsys.risk.client_ids import remember
from tradsys.risk.usage import count_new, count_two

_BUY = int(Side.BUY)
_ONE_TRIGGERS_OTHER = int(Link.ONE_TRIGGERS_OTHER)
_NONE = int(Reason.NONE)
_NOTIONAL_TOO_LARGE = int(Reason.NOTIONAL_TOO_LARGE)
_LEDGER_FULL = int(Reason.LEDGER_FULL)


@kernel
def _take_for_two(ledger: Ledger, one: Any, need: int, other: Any, other_need: int) -> int:
    """Of one side they hold the greater need together, of different sides each its own."""
    assert min(need, other_need) >= 0, "both needs are amounts"
    if one.side == other.side:
        return take_for(ledger, one, max(need, other_need))
    reason = take_for(ledger, one, need)
    return reason if reason != _NONE else take_for(ledger, other, other_need)


@kernel
def _need_of_leg(ledger: Ledger, new: Any, leg: Any, has_to_wait: bool) -> int:
    """What a leg holds at first: a sell that waits for a buy gets what that one brings in."""
    if has_to_wait and leg.side != _BUY and new.side == _BUY:
        return signed(0)
    return needs(ledger, leg)


@kernel_entry
def decide_linked(ledger: Ledger, position: int, command: Any, first_leg: Any, second_leg: Any) -> int:
    """Take the holds of a NEW and of the legs it announces, of which there is at least one; gives a reason, or 0."""
    have_to_wait = link_of(signed(command.flags)) == _ONE_TRIGGERS_OTHER
    has_second = have_to_wait and second_leg.sequence != 0
    account, symbol = signed(command.account), signed(command.symbol)
    assert 0 < first_leg.sequence < command.sequence, "a leg stands before its order"
    assert first_leg.symbol == command.symbol, "the matcher of the order sees the leg"
    assert not has_second or first_leg.sequence < second_leg.sequence < command.sequence, (
        "the second leg behind the first"
    )
    new = pending_of(ledger, signed(command.sequence))
    first = pending_of(ledger, signed(first_leg.sequence))
    second = pending_of(ledger, signed(second_leg.sequence) if has_second else signed(first_leg.sequence))
    if is_waiting(new) or is_waiting(first) or is_waiting(second):
        return _LEDGER_FULL
    describe(ledger, new, command, account, symbol, position)
    describe(ledger, first, first_leg, account, symbol, position)
    new.partner = command.sequence - first_leg.sequence
    own, one, two = needs(ledger, new), _need_of_leg(ledger, new, first, have_to_wait), signed(0)
    if has_second:
        describe(ledger, second, second_leg, account, symbol, position)
        new.linked = command.sequence - second_leg.sequence
        two = _need_of_leg(ledger, new, second, have_to_wait)
    if own == TOO_LARGE or one == TOO_LARGE or two == TOO_LARGE:
        reason = _NOTIONAL_TOO_LARGE
    elif not have_to_wait:
        reason = _take_for_two(ledger, new, own, first, one)
    else:
        reason = take_for(ledger, new, own)
        if reason == _NONE:
            reason = _take_for_two(ledger, first, one, second, two) if has_second else take_for(ledger, first, one)
    if have_to_wait:
        first.waits = FOR_TURN
        second.waits = FOR_TURN
    if reason != _NONE:
        drop_linked(ledger, new)
        return reason
    if have_to_wait:
        count_new(ledger, new)
        count_new(ledger, first)
        if has_second:
            count_new(ledger, second)
            remember(ledger, account, signed(second.client_order_id))
    else:
        count_two(ledger, new, first)
    remember(ledger, account, signed(new.client_order_id))
    remember(ledger, account, signed(first.client_order_id))
    return reason


@kernel_entry
def drop_linked(ledger: Ledger, new: Any) -> None:
    """A NEW with legs is refused: what they hold is available again."""
    assert new.partner != 0, "an order with legs knows where the first one stands"
    assert new.linked < new.partner, "the second leg stands behind the first"
    sequence = signed(new.sequence)
    drop(ledger, pending_of(ledger, sequence - signed(new.partner)))
    if new.linked != 0:
        drop(ledger, pending_of(ledger, sequence - signed(new.linked)))
    drop(ledger, new)


@kernel
def _share(ledger: Ledger, one: int, other: int) -> None:
    """Two that cancel each other: of one side they share their hold."""
    assert one != other, "no order shares its hold with itself"
    assert ledger.holds[one].partner == 0, "no order shares its hold with two"
    assert ledger.holds[other].partner == 0, "no order shares its hold with two"
    if ledger.holds[one].side == ledger.holds[other].side:
        ledger.holds[one].partner = other
        ledger.holds[other].partner = one


@kernel
def _wait_for(ledger: Ledger, row: int, leg: int) -> None:
    """The order in row `leg` waits for that in `row`, which has to know where what it buys goes: to a sell."""
    assert row != leg, "no order waits for itself"
    assert ledger.holds[leg].waits == NOTHING, "an order waits for one other"
    assert ledger.holds[row].account == ledger.holds[leg].account, "an order waits for one of its own account"
    ledger.holds[leg].waits = FOR_TURN
    ledger.holds[leg].linked = row
    if ledger.holds[row].linked == 0 or ledger.holds[leg].side != _BUY:
        ledger.holds[row].linked = leg


@kernel_entry
def enter_linked(ledger: Ledger, new: Any, order_id: int, shard: int, shards: int) -> None:
    """The next of linked orders is accepted: first the NEW's, then its legs in their order; the last one links all.

    Until then their records stay pending, so that no later command takes their places.
    """
    sequence = signed(new.sequence)
    assert new.waits == FOR_ENTRY, "the record of the order stays until its last leg is accepted"
    assert new.linked < new.partner, "the second leg stands behind the first"
    has_second = new.linked != 0
    first = pending_of(ledger, sequence - signed(new.partner))
    second = pending_of(ledger, sequence - (signed(new.linked) if has_second else signed(new.partner)))
    if new.order_id == 0:
        enter(ledger, new, order_id, shard, shards)
        return
    if has_second and first.order_id == 0:
        enter(ledger, first, order_id, shard, shards)
        return
    assert second.order_id == 0, "a leg is accepted once"
    last = enter(ledger, second, order_id, shard, shards)
    row = row_of(ledger, shard, shards, signed(new.order_id))
    leg = row_of(ledger, shard, shards, signed(first.order_id))
    assert row != 0, "the order lives until its legs are accepted"
    assert leg != 0, "the first leg lives until the last is accepted"
    if first.waits != FOR_TURN:
        _share(ledger, row, leg)
    else:
        _wait_for(ledger, row, leg)
        if has_second:
            _wait_for(ledger, row, last)
            _share(ledger, leg, last)
    new.waits = NOTHING
    first.waits = NOTHING
    second.waits = NOTHING

"""Whether an account may do what it asks and can pay for it: the decision on a command, and the hold.

The rules: docs/risk.md, Checks; docs/ledger.md, Holds.
"""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.holds import (
    TOO_LARGE,
    amended_leaves,
    ask_for_pending,
    counted_leaves,
    describe,
    is_waiting,
    needed,
    needs,
    pending_of,
    row_of,
    take_for,
    worst_of,
)
from tradsys.ledger.layout import FOR_AMENDMENT, FOR_TURN, NOTHING, Ledger
from tradsys.ledger.links import decide_linked
from tradsys.ledger.positions import NO_ROOM, position_row
from tradsys.ledger.volumes import see_time
from tradsys.options import link_of
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, Kind, Link
from tradsys.risk.checks import first_refusal, place_of_command, take_token, unknown_refusal
from tradsys.risk.client_ids import remember
from tradsys.risk.figures import Place
from tradsys.risk.terms import REASON_MASK
from tradsys.risk.usage import count, count_new, counted_with

_NEW = int(Kind.NEW)
_AMEND = int(Kind.AMEND)
_CANCEL = int(Kind.CANCEL)
_ONE_CANCELS_OTHER = int(Link.ONE_CANCELS_OTHER)
_ONE_TRIGGERS_OTHER = int(Link.ONE_TRIGGERS_OTHER)
_NEW_PRICE = int(CommandFlag.NEW_PRICE)
_NEW_QUANTITY = int(CommandFlag.NEW_QUANTITY)

_AHEAD = 8
"""Commands."""
_NONE = int(Reason.NONE)
_NOTIONAL_TOO_LARGE = int(Reason.NOTIONAL_TOO_LARGE)
_LEDGER_FULL = int(Reason.LEDGER_FULL)


@kernel
def _decide_single(ledger: Ledger, position: int, command: Any) -> int:
    hold = pending_of(ledger, signed(command.sequence))
    if is_waiting(hold):
        return _LEDGER_FULL
    describe(ledger, hold, command, signed(command.account), signed(command.symbol), position)
    reason = take_for(ledger, hold, needs(ledger, hold))
    if reason != _NONE:
        hold.waits = NOTHING
        return reason
    count_new(ledger, hold)
    remember(ledger, signed(hold.account), signed(hold.client_order_id))
    return reason


@kernel
def _decide_new(ledger: Ledger, place: Place, command: Any, first_leg: Any, second_leg: Any) -> int:
    if place.symbol >= len(ledger.contracts):
        return _NONE
    contract = ledger.contracts[place.symbol]
    if contract.base == 0:
        contract.used = 1
        return _NONE
    assert contract.quote != 0, "a settled symbol has two assets"
    assert contract.notional_max > 0, "one lot at one tick is an amount"
    link = link_of(signed(command.flags))
    position = place.position
    if position == 0:
        position = position_row(ledger, place.account, place.symbol)
    if position == NO_ROOM:
        return _LEDGER_FULL
    # Without its leg the book refuses the order.
    if (link == _ONE_CANCELS_OTHER or link == _ONE_TRIGGERS_OTHER) and first_leg.sequence != 0:
        reason = decide_linked(ledger, position, command, first_leg, second_leg)
    else:
        reason = _decide_single(ledger, position, command)
    if reason == _NONE:
        contract.used = 1
    return reason


@kernel_entry
def _decide_amend(ledger: Ledger, command: Any, shards: int) -> int:
    symbol = signed(command.symbol)
    if symbol >= len(ledger.contracts) or ledger.contracts[symbol].base == 0:
        return _NONE
    row = row_of(ledger, symbol % shards, shards, command.order_id)
    hold = ledger.holds[row]
    assert row == 0 or hold.order_id == command.order_id, "the row is that of the order"
    if row == 0 or hold.account != command.account or hold.symbol != command.symbol:
        return _NONE
    assert hold.waits == NOTHING or hold.waits == FOR_TURN, "what has a row has been accepted by the book"
    worst = signed(hold.worst_ticks)
    contract = ledger.contracts[symbol]
    leaves = amended_leaves(hold, signed(command.flags), signed(command.quantity_lots))
    if command.flags & _NEW_PRICE and hold.limited != 0:
        worst = worst_of(contract, True, signed(command.price_ticks))
    if hold.waits == FOR_TURN and command.flags & _NEW_QUANTITY == 0:
        leaves = counted_leaves(ledger, hold)
    need = needed(contract, hold, leaves, worst)
    if need == TOO_LARGE:
        return _NOTIONAL_TOO_LARGE
    more = need - hold.held
    if hold.partner != 0:
        partner = ledger.holds[hold.partner]
        assert partner.partner == row, "each of two orders that share a hold knows the other"
        more = max(need, needs(ledger, partner)) - hold.held - partner.held
    amendment = pending_of(ledger, signed(command.sequence))
    if is_waiting(amendment):
        return _LEDGER_FULL
    amendment.sequence = command.sequence
    amendment.order_id = command.order_id
    amendment.account = command.account
    amendment.symbol = command.symbol
    amendment.side = hold.side
    amendment.worst_ticks = worst
    amendment.leaves = command.quantity_lots
    amendment.options = command.flags
    amendment.held = 0
    amendment.partner = 0
    amendment.linked = 0
    amendment.waits = FOR_AMENDMENT
    amendment.counts = 0
    amendment.position = hold.position
    amendment.counted_lots = 0
    amendment.counted_notional = 0
    amendment.price_ticks = hold.price_ticks
    if command.flags & _NEW_PRICE and hold.limited != 0:
        amendment.price_ticks = worst
    reason = take_for(ledger, amendment, more) if more > 0 else _NONE
    if reason != _NONE:
        amendment.waits = NOTHING
        return reason
    lots, notional = counted_with(ledger, hold, leaves, signed(amendment.price_ticks))
    count(ledger, amendment, signed(0), max(lots, signed(0)), max(notional, signed(0)))
    return reason


@kernel_entry
def decide(ledger: Ledger, command: Any, first_leg: Any, second_leg: Any, shards: int) -> int:
    """Whether a command passes the risk checks and its account can pay for it; gives a reason, or 0.

    With 0 what it costs has been taken from what is available.

    `command` (COMMAND) is stamped with its log sequence and time; `first_leg` and `second_leg` are the LEGs before a
    NEW, in their order, their sequence 0 when there is none. One of another symbol must not be given: the NEW's matcher
    may never see it. `shards`: a symbol's shard is its number modulo that. All events of commands before must have been
    settled when an AMEND is decided, so that what it needs beyond what is held is known exactly.
    """
    ask_for_pending(ledger, signed(command.sequence) + _AHEAD)
    assert command.sequence > 0, "a command is stamped before it is decided"
    assert shards > 0, "a symbol has a shard"
    see_time(ledger, signed(command.timestamp_ns))
    kind = command.kind
    if kind != _NEW and kind != _AMEND and kind != _CANCEL:
        return _NONE
    refused = unknown_refusal(ledger, command)
    if refused:
        return refused & REASON_MASK
    place = place_of_command(ledger, command)
    refused = first_refusal(ledger, place, command, first_leg, second_leg, shards, signed(0))
    if refused:
        return refused & REASON_MASK
    take_token(ledger, place, command)
    if kind == _NEW:
        return _decide_new(ledger, place, command, first_leg, second_leg)
    return _decide_amend(ledger, command, shards) if kind == _AMEND else _NONE

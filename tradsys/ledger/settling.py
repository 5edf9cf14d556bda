"""Settling: what each event of a matcher moves between balances, and what it leaves held.

The rule: docs/ledger.md, Settlement.
"""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.amounts import up
from tradsys.ledger.conservation import own
from tradsys.ledger.contracts import rounded_down
from tradsys.ledger.holds import amended_leaves, drop, enter, free, is_waiting, needs, pending_of, row_of, waits
from tradsys.ledger.layout import FOR_AMENDMENT, FOR_ENTRY, FOR_TURN, NOTHING, W_FAULTS, Ledger
from tradsys.ledger.links import drop_linked, enter_linked
from tradsys.ledger.positions import trade
from tradsys.ledger.volumes import see_time
from tradsys.records import SLOT_BITS, CommandFlag, EventFlag, EventKind, Side
from tradsys.risk.alerts import watch_account
from tradsys.risk.breakers import reset
from tradsys.risk.client_ids import retire
from tradsys.risk.days import add_to_today
from tradsys.risk.marks import mark, tell_of
from tradsys.risk.open_positions import keep_open
from tradsys.risk.usage import recount, take_over, uncount
from tradsys.risk.windows import watch_trade

_ACCEPTED = int(EventKind.ACCEPTED)
_REJECTED = int(EventKind.REJECTED)
_TRADE = int(EventKind.TRADE)
_CANCELLED = int(EventKind.CANCELLED)
_AMENDED = int(EventKind.AMENDED)
_PREVENTED = int(EventKind.PREVENTED)
_STATE = int(EventKind.STATE)
_SYMBOL = int(EventKind.SYMBOL)
_TRIGGERED = int(EventKind.TRIGGERED)
_ORDER_DONE = int(EventFlag.ORDER_DONE)
_COUNTER_DONE = int(EventFlag.COUNTER_DONE)
_AUCTION = int(EventFlag.AUCTION)
_BUY = int(Side.BUY)
_NEW_PRICE = int(CommandFlag.NEW_PRICE)


@kernel
def _end(ledger: Ledger, row: int) -> None:
    """An order is done: it holds nothing any more; one that it shared its hold with has its own."""
    hold = ledger.holds[row]
    assert hold.order_id != 0, "an order ends once"
    if hold.partner != 0:
        partner = ledger.holds[hold.partner]
        assert partner.partner == row, "each of two orders that share a hold knows the other"
        partner.held += hold.held
        hold.held = 0
        partner.partner = 0
        hold.partner = 0
        free(ledger, partner, partner.held - needs(ledger, partner))
        take_over(partner, hold)
        recount(ledger, partner)
    if hold.waits == FOR_TURN:
        ledger.holds[hold.linked].linked = 0  # the end of another that waits with it follows
        hold.waits = NOTHING
    free(ledger, hold, signed(hold.held))
    uncount(ledger, hold)
    retire(ledger, signed(hold.account), signed(hold.client_order_id))
    assert hold.held == 0, "an order that has ended holds nothing"
    assert hold.counted_lots == 0, "an order that has ended counts nothing"
    hold.order_id = 0


@kernel
def _keep_needed(ledger: Ledger, row: int) -> None:
    """An order holds what it needs now and no more; two that share a hold both together."""
    hold = ledger.holds[row]
    assert hold.order_id != 0, "an order that has ended needs nothing"
    need = needs(ledger, hold)
    if hold.partner != 0:
        partner = ledger.holds[hold.partner]
        assert partner.partner == row, "each of two orders that share a hold knows the other"
        hold.held += partner.held
        partner.held = 0
        need = max(need, needs(ledger, partner))
    free(ledger, hold, hold.held - need)
    assert hold.held == need, "an order holds what it needs"
    recount(ledger, hold)


@kernel
def _accepted(ledger: Ledger, event: Any, shard: int, shards: int) -> None:
    """An order, and after it those that are linked to it: all have the log sequence of the NEW in their ids."""
    sequence = event.order_id >> SLOT_BITS
    pending = pending_of(ledger, sequence)
    if not waits(pending, sequence, FOR_ENTRY):
        ledger.words[W_FAULTS] += 1
        return
    assert pending.account == event.account, "the order is its account's"
    assert pending.symbol == event.symbol, "the order is in its symbol"
    if pending.partner != 0:
        enter_linked(ledger, pending, signed(event.order_id), shard, shards)
    else:
        enter(ledger, pending, signed(event.order_id), shard, shards)
        pending.waits = NOTHING


@kernel
def _rejected(ledger: Ledger, event: Any) -> None:
    sequence = event.log_sequence
    pending = pending_of(ledger, sequence)
    if pending.sequence != sequence or not is_waiting(pending):
        return
    if pending.partner != 0:
        drop_linked(ledger, pending)
    else:
        drop(ledger, pending)


@kernel_entry
def _bring_in(ledger: Ledger, row: int) -> None:
    """The order that the one in `row` waits for has traded: what that brings in goes to it as far as it needs it."""
    assert ledger.holds[row].waits == FOR_TURN, "what comes in goes to an order whose turn has not come"
    _keep_needed(ledger, row)


@kernel
def _fee_so_far(hold: Any) -> int:
    """The rule: docs/ledger.md, Fees."""
    traded = signed(hold.taker_traded)
    rate = signed(hold.taker_rate)
    fee = up(traded, rate)
    if rate > 0:
        fee = min(max(fee, hold.minimum), traded)
    assert fee <= traded, "a fee takes no more than what the order has traded"
    return up(signed(hold.maker_traded), signed(hold.maker_rate)) + fee


@kernel_entry
def _settle_side(ledger: Ledger, row: int, lots: int, notional: int, spent: int, is_maker: bool, done: bool) -> None:
    """One order's side of a trade; `spent` is the trade in ticks times lots."""
    hold = ledger.holds[row]
    contract = ledger.contracts[hold.symbol]
    account = signed(hold.account)
    assert hold.waits == NOTHING, "an order trades when its turn has come"
    if hold.partner != 0:
        partner = ledger.holds[hold.partner]
        assert partner.partner == row, "each of two orders that share a hold knows the other"
        hold.held += partner.held
        partner.held = 0
        take_over(hold, partner)
        partner.partner = 0
        partner.leaves = 0  # its end follows
        hold.partner = 0
    if is_maker:
        hold.maker_traded += notional
    else:
        hold.taker_traded += notional
    so_far = _fee_so_far(hold)
    fee = so_far - hold.charged
    assert lots > 0, "a trade moves something"
    assert fee <= notional + max(signed(hold.minimum), signed(0)), "a fee takes no more than the trade and the minimum"
    hold.charged = so_far
    hold.filled_lots += lots
    hold.leaves -= spent if hold.budget != 0 else lots
    assert hold.leaves >= 0, "no more trades than is left"
    assert not done or hold.leaves == 0 or hold.budget != 0, "of an order that is filled nothing is left"
    quote, base, none = signed(contract.quote), signed(contract.base), signed(0)
    value = lots * contract.lot_value
    if hold.side == _BUY:
        hold.held -= notional + fee
        own(ledger, account, quote, none, -(notional + fee))
        own(ledger, account, base, value, none)
    else:
        hold.held -= value
        own(ledger, account, base, none, -value)
        own(ledger, account, quote, notional - fee, none)
    own(ledger, signed(contract.fee_account), quote, fee, none)
    assert hold.held >= 0, "a trade takes no more than the order holds"
    position = ledger.positions[hold.position]
    was_open, realised = position.quantity != 0, signed(position.realised)
    trade(position, hold.side == _BUY, lots, notional, fee)
    profit = position.realised - realised - fee
    keep_open(ledger, account, signed(hold.position), was_open)
    add_to_today(ledger, account, quote, notional, profit)
    if hold.linked != 0:
        _bring_in(ledger, signed(hold.linked))
    if not done:
        _keep_needed(ledger, row)


@kernel_entry
def _traded(ledger: Ledger, event: Any, shard: int, shards: int) -> None:
    order = row_of(ledger, shard, shards, event.order_id)
    counter = row_of(ledger, shard, shards, event.counter_order_id)
    if order == 0 or counter == 0:
        ledger.words[W_FAULTS] += 1
        return
    contract = ledger.contracts[event.symbol]
    lots = signed(event.quantity_lots)
    assert event.price_ticks >= 0, "a settled symbol has no prices below 0"
    spent = signed(event.price_ticks) * lots
    notional = rounded_down(contract, spent * contract.numerator)
    flags = signed(event.flags)
    buys = ledger.holds[order].side == _BUY
    assert ledger.holds[order].side != ledger.holds[counter].side, "a buyer trades with a seller"
    assert ledger.holds[order].symbol == ledger.holds[counter].symbol == event.symbol, "both trade the event's symbol"
    for place in range(2):  # the buyer, then the seller
        if (place == 0) == buys:
            _settle_side(ledger, order, lots, notional, spent, False, flags & _ORDER_DONE != 0)
        else:
            _settle_side(ledger, counter, lots, notional, spent, flags & _AUCTION == 0, flags & _COUNTER_DONE != 0)
    if flags & _ORDER_DONE:
        _end(ledger, order)
    if flags & _COUNTER_DONE:
        _end(ledger, counter)
    mark(ledger, signed(event.symbol), signed(event.price_ticks))
    watch_account(ledger, ledger.holds[order if buys else counter])
    watch_account(ledger, ledger.holds[counter if buys else order])
    if flags & _AUCTION == 0:
        watch_trade(ledger, signed(event.symbol), signed(event.timestamp_ns), signed(event.price_ticks), lots, notional)


@kernel_entry
def _prevented(ledger: Ledger, event: Any, shard: int, shards: int) -> None:
    """The taker's mode decides: DECREMENT takes the quantity off both."""
    order = row_of(ledger, shard, shards, event.order_id)
    counter = row_of(ledger, shard, shards, event.counter_order_id)
    if order == 0 or counter == 0:
        ledger.words[W_FAULTS] += 1
        return
    assert ledger.holds[order].side != ledger.holds[counter].side, "a buyer is kept from a seller"
    if ledger.holds[order].decrement == 0:
        return
    for row in (order, counter):
        ledger.holds[row].leaves -= event.quantity_lots
        assert ledger.holds[row].leaves >= 0, "no more is prevented than is left"
        _keep_needed(ledger, row)


@kernel
def _is_by_amendment(amendment: Any, event: Any) -> bool:
    """Whether an event is of the order that the AMEND of its log sequence names, and that one still waits."""
    return waits(amendment, signed(event.log_sequence), FOR_AMENDMENT) and amendment.order_id == event.order_id


@kernel_entry
def _amended(ledger: Ledger, event: Any, shard: int, shards: int) -> None:
    """By an AMEND of its own the order has another price and other leaves; any other event changes no hold.

    What follows from orders that expire before a command has its log sequence too, and can be another AMENDED of the
    same order: then price or leaves are not those that were asked for.
    """
    amendment = pending_of(ledger, signed(event.log_sequence))
    row = row_of(ledger, shard, shards, event.order_id)
    if row == 0:
        ledger.words[W_FAULTS] += 1
        return
    if not _is_by_amendment(amendment, event):
        return
    hold = ledger.holds[row]
    assert hold.position == amendment.position, "an amendment is of an order of the same account and symbol"
    flags = signed(amendment.options)
    if event.quantity_lots != amended_leaves(hold, flags, signed(amendment.leaves)):
        return
    if flags & _NEW_PRICE and (hold.limited == 0 or event.price_ticks != amendment.worst_ticks):
        return
    hold.held += amendment.held
    amendment.held = 0
    amendment.waits = NOTHING
    take_over(hold, amendment)
    hold.price_ticks = amendment.price_ticks
    hold.worst_ticks = amendment.worst_ticks
    hold.leaves = event.quantity_lots
    _keep_needed(ledger, row)


@kernel
def _cancelled(ledger: Ledger, event: Any, shard: int, shards: int) -> None:
    amendment = pending_of(ledger, signed(event.log_sequence))
    if _is_by_amendment(amendment, event):
        drop(ledger, amendment)
    row = row_of(ledger, shard, shards, event.order_id)
    if row == 0:
        ledger.words[W_FAULTS] += 1
        return
    _end(ledger, row)


@kernel_entry
def _triggered(ledger: Ledger, event: Any, shard: int, shards: int) -> None:
    """The turn of an order that waited for another has come; that of a trigger changes nothing."""
    row = row_of(ledger, shard, shards, event.order_id)
    if row == 0:
        ledger.words[W_FAULTS] += 1
        return
    hold = ledger.holds[row]
    if hold.waits == FOR_TURN:
        assert event.quantity_lots <= hold.leaves, "the turn brings an order no more than it was entered with"
        hold.waits = NOTHING
        hold.linked = 0
        hold.leaves = event.quantity_lots
        _keep_needed(ledger, row)


@kernel_entry
def _of_market(ledger: Ledger, event: Any) -> None:
    """A symbol is told of, or has another state."""
    symbol = signed(event.symbol)
    if event.kind == _SYMBOL:
        tell_of(ledger, symbol, signed(event.price_ticks))
    elif event.reason == 0:
        reset(ledger, symbol, signed(event.timestamp_ns))


@kernel_entry
def settle(ledger: Ledger, event: Any, shard: int, shards: int) -> None:
    """Settle one event (EVENT) of a shard; each shard's events in their order, each once."""
    assert 0 <= shard < shards, "a shard of the venue"
    see_time(ledger, signed(event.timestamp_ns))
    symbol = signed(event.symbol)
    kind = event.kind
    if symbol >= len(ledger.contracts):
        return
    if kind == _SYMBOL or kind == _STATE:
        _of_market(ledger, event)
    elif ledger.contracts[symbol].base == 0:
        return
    elif kind == _TRADE:
        _traded(ledger, event, shard, shards)
    elif kind == _ACCEPTED:
        _accepted(ledger, event, shard, shards)
    elif kind == _CANCELLED:
        _cancelled(ledger, event, shard, shards)
    elif kind == _REJECTED:
        _rejected(ledger, event)
    elif kind == _AMENDED:
        _amended(ledger, event, shard, shards)
    elif kind == _PREVENTED:
        _prevented(ledger, event, shard, shards)
    elif kind == _TRIGGERED:
        _triggered(ledger, event, shard, shards)

"""Holds: what an order can cost at worst, taken before the book sees it and kept until it ends.

The rule: docs/ledger.md, Holds.
"""

from __future__ import annotations

from typing import Any

from shm.atomics import prefetch_all
from shm.integers import signed
from shm.jit import kernel
from tradsys.ledger.amounts import product_is_above, up3
from tradsys.ledger.balances import balance_of, take
from tradsys.ledger.contracts import rounded_up
from tradsys.ledger.fees import schedule_of
from tradsys.ledger.layout import FOR_ENTRY, FOR_TURN, NOTHING, Ledger
from tradsys.ledger.positions import SYMBOL_SHIFT
from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.options import has_limit, self_trade_mode
from tradsys.reasons import Reason
from tradsys.records import SLOT_MASK, CommandFlag, SelfTrade, Side
from tradsys.risk.allowances import floor_of
from tradsys.risk.client_ids import forget
from tradsys.risk.usage import price_of, uncount

TOO_LARGE = -1
"""Instead of an amount: it would be above AMOUNT_MAX."""

_BUDGET = int(CommandFlag.BUDGET)
_DECREMENT = int(SelfTrade.DECREMENT)
_BUY = int(Side.BUY)
_NEW_QUANTITY = int(CommandFlag.NEW_QUANTITY)
_IS_LEAVES = int(CommandFlag.QUANTITY_IS_LEAVES)
_NONE = int(Reason.NONE)
_NOTIONAL_TOO_LARGE = int(Reason.NOTIONAL_TOO_LARGE)
_INSUFFICIENT_FUNDS = int(Reason.INSUFFICIENT_FUNDS)


@kernel
def shards_rows(ledger: Ledger, shards: int) -> int:
    """Rows of the table of holds that belong to one shard."""
    assert 0 < shards <= len(ledger.holds), "every shard has a row"
    return len(ledger.holds) // shards


@kernel
def row_of(ledger: Ledger, shard: int, shards: int, order_id: int) -> int:
    """The row of a live order of a shard; 0 when it holds nothing."""
    assert 0 <= shard < shards, "a shard of the venue"
    rows = shards_rows(ledger, shards)
    slot = order_id & SLOT_MASK
    if slot >= rows or ledger.holds[shard * rows + slot].order_id != order_id:
        return signed(0)
    return shard * rows + slot


@kernel
def asset_of(contract: Any, side: int) -> int:
    """What an order of a side holds: the quote asset to buy, the base asset to sell."""
    assert contract.base != 0, "orders of a symbol that is not settled hold nothing"
    return signed(contract.quote) if side == _BUY else signed(contract.base)


@kernel
def worst_of(contract: Any, limited: bool, price_ticks: int) -> int:
    """The highest price at which an order can trade; below 0 nothing costs."""
    return max(price_ticks, signed(0)) if limited else max(signed(contract.highest_ticks), signed(0))


@kernel
def describe(ledger: Ledger, hold: Any, command: Any, account: int, symbol: int, position: int) -> None:
    """Fill in what a new order's record says before anything has traded; `position` is the row.

    A leg has the account and the symbol of its NEW, or the book refuses both.
    """
    assert not is_waiting(hold), "the book has answered the command whose record this was"
    assert ledger.positions[position].key == symbol << SYMBOL_SHIFT | account, "the account's position in the symbol"
    contract = ledger.contracts[symbol]
    limited = has_limit(signed(command.order_type))
    schedule = schedule_of(ledger, account, symbol)
    hold.sequence = command.sequence
    hold.order_id = 0
    hold.leaves = command.quantity_lots
    hold.filled_lots = 0
    hold.held = 0
    hold.maker_traded = 0
    hold.taker_traded = 0
    hold.charged = 0
    hold.minimum = schedule.minimum
    hold.maker_rate = schedule.maker_rate
    hold.taker_rate = schedule.taker_rate
    hold.account = account
    hold.symbol = symbol
    hold.worst_ticks = worst_of(contract, limited, signed(command.price_ticks))
    hold.partner = 0
    hold.linked = 0
    hold.side = signed(command.side != _BUY)
    hold.budget = signed(command.flags & _BUDGET != 0)
    hold.limited = signed(limited)
    hold.decrement = signed(self_trade_mode(signed(command.flags)) == _DECREMENT)
    hold.waits = FOR_ENTRY
    hold.counts = 0
    hold.price_ticks = price_of(ledger, symbol, signed(command.order_type), signed(command.price_ticks))
    hold.position = position
    hold.counted_lots = 0
    hold.counted_notional = 0
    hold.client_order_id = command.client_order_id


@kernel
def needed(contract: Any, hold: Any, leaves: int, worst_ticks: int) -> int:
    """What an order with so much left, at that worst price, has to hold; TOO_LARGE when that is no amount."""
    assert worst_ticks >= 0, "below 0 nothing costs"
    if leaves < 1:
        return signed(0)
    if hold.side != _BUY:
        lots = leaves // max(signed(contract.lowest_ticks), signed(1)) if hold.budget != 0 else leaves
        lot_value = signed(contract.lot_value)
        return signed(TOO_LARGE) if product_is_above(lots, lot_value, AMOUNT_MAX) else lots * lot_value
    notional = leaves
    if hold.budget != 0:
        if leaves > contract.notional_max:
            return signed(TOO_LARGE)
    else:
        if product_is_above(leaves, worst_ticks, signed(contract.notional_max)):
            return signed(TOO_LARGE)
        notional = worst_ticks * leaves
    cost = rounded_up(contract, notional * contract.numerator)
    maker, taker = signed(hold.maker_rate), signed(hold.taker_rate)
    if maker <= 0 and taker <= 0:
        return cost
    fees = up3(signed(hold.maker_traded), maker, signed(hold.taker_traded), taker, cost, max(maker, taker)) + 1
    fees -= hold.charged
    minimum = signed(hold.minimum) if taker > 0 else signed(0)
    if fees > AMOUNT_MAX - cost or minimum > AMOUNT_MAX - cost - fees:
        return signed(TOO_LARGE)
    assert cost + fees + minimum >= cost, "what was charged before is no more than all that will be"
    return cost + fees + minimum


@kernel
def amended_leaves(hold: Any, flags: int, quantity_lots: int) -> int:
    """What an AMEND with these flags and this quantity leaves of an order as it is now; perhaps less than 0."""
    if flags & _NEW_QUANTITY == 0:
        return signed(hold.leaves)
    quantity_lots = max(quantity_lots, signed(0))  # what is below the book refuses
    return quantity_lots if flags & _IS_LEAVES else quantity_lots - hold.filled_lots


@kernel
def counted_leaves(ledger: Ledger, hold: Any) -> int:
    """For how much of its leaves an order has to hold: a sell that waits for a buy for what that one has filled."""
    leaves = signed(hold.leaves)
    if hold.waits == FOR_TURN and hold.side != _BUY and ledger.holds[hold.linked].side == _BUY:
        assert hold.linked != 0, "who waits knows for whom"
        assert ledger.holds[hold.linked].account == hold.account, "for an order of the same account"
        # Between the end of the one and the turn of the other nothing is accepted: the row still says what filled.
        return min(leaves, signed(ledger.holds[hold.linked].filled_lots))
    return leaves


@kernel
def needs(ledger: Ledger, hold: Any) -> int:
    """What an order has to hold as it is now."""
    return needed(ledger.contracts[hold.symbol], hold, counted_leaves(ledger, hold), signed(hold.worst_ticks))


@kernel
def take_for(ledger: Ledger, hold: Any, amount: int) -> int:
    """Take what a pending record is to hold; gives a reason, and nothing is taken, or 0."""
    contract = ledger.contracts[hold.symbol]
    assert is_waiting(hold), "what is held is the book's next"
    assert hold.held == 0, "a hold is taken once"
    if amount == TOO_LARGE:
        return _NOTIONAL_TOO_LARGE
    floor = floor_of(ledger, hold, contract)
    if not take(ledger, signed(hold.account), asset_of(contract, signed(hold.side)), amount, floor):
        return _INSUFFICIENT_FUNDS
    hold.held = amount
    return _NONE


@kernel
def free(ledger: Ledger, hold: Any, amount: int) -> None:
    """An order holds so much less, and its account has it available."""
    balance = balance_of(ledger, signed(hold.account), asset_of(ledger.contracts[hold.symbol], signed(hold.side)))
    hold.held -= amount
    balance.held -= amount
    balance.available += amount
    assert hold.held >= 0, "no order holds less than nothing"
    assert balance.held >= balance.reserved, "an account holds what its orders and withdrawals need"


@kernel
def drop(ledger: Ledger, hold: Any) -> None:
    """A pending record is done with, and what it holds available again."""
    assert is_waiting(hold), "a record is done with once"
    free(ledger, hold, signed(hold.held))
    if hold.counts != 0:
        forget(ledger, signed(hold.account), signed(hold.client_order_id))
    uncount(ledger, hold)
    assert hold.held == 0, "what is dropped holds nothing"
    hold.waits = NOTHING


@kernel
def enter(ledger: Ledger, pending: Any, order_id: int, shard: int, shards: int) -> int:
    """What a command has taken is now its order's; gives the row."""
    row = shard * shards_rows(ledger, shards) + (order_id & SLOT_MASK)
    assert order_id & SLOT_MASK < shards_rows(ledger, shards), "the order has a row of its shard"
    assert ledger.holds[row].order_id == 0, "the order before this one in its slot has ended"
    assert is_waiting(pending), "an order is accepted once"
    assert signed(pending.symbol) % shards == shard, "the order lives in the shard of its symbol"
    pending.order_id = order_id
    ledger.holds[row] = pending
    ledger.holds[row].waits = NOTHING
    ledger.holds[row].partner = 0
    ledger.holds[row].linked = 0
    return row


@kernel
def pending_of(ledger: Ledger, sequence: int) -> Any:
    """The record of what a command has taken before the book saw it, or of a later one; see HOLD."""
    assert sequence > 0, "records of the log are numbered from 1"
    return ledger.pending[sequence & (len(ledger.pending) - 1)]


@kernel
def ask_for_pending(ledger: Ledger, sequence: int) -> None:
    """Start loading the record that a command will fill."""
    prefetch_all(ledger.pending, sequence & (len(ledger.pending) - 1))


@kernel
def waits(hold: Any, sequence: int, what: int) -> bool:
    """Whether a pending record belongs to that command and still waits for the book."""
    return signed(hold.sequence) == sequence and signed(hold.waits) == what


@kernel
def is_waiting(hold: Any) -> bool:
    """Whether a pending record still waits for the book, whichever command it is of."""
    return signed(hold.waits) != NOTHING

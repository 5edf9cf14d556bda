"""The checks of a NEW, AMEND or CANCEL, in their order. The rule: docs/risk.md, Checks.

They change nothing, so that they can be asked again and again, each time from the next check on.
"""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.balances import has_account
from tradsys.ledger.holds import amended_leaves, row_of
from tradsys.ledger.layout import W_KILLED, W_LIMITED, Ledger
from tradsys.ledger.positions import position_of
from tradsys.ledger.terms import AccountStatus, KycStatus
from tradsys.options import has_limit, link_of
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, Kind, Link, Side
from tradsys.risk.breakers import has_tripped
from tradsys.risk.client_ids import is_used
from tradsys.risk.days import today_with
from tradsys.risk.figures import Added, Place, figures_refusal
from tradsys.risk.limits import limit_in, rows_of, set_in
from tradsys.risk.rates import rate_refusal, take_tokens
from tradsys.risk.sizes import collar_refusal, lots_refusal, notional_refusal
from tradsys.risk.terms import REASON_MASK, Check, Limit, refusal
from tradsys.risk.usage import TOO_LARGE, counted_with, lots_of, notional_of, price_of

_NEW = int(Kind.NEW)
_CANCEL = int(Kind.CANCEL)
_AMEND = int(Kind.AMEND)
_BUY = int(Side.BUY)
_BUDGET = int(CommandFlag.BUDGET)
_NEW_PRICE = int(CommandFlag.NEW_PRICE)
_ONE_CANCELS_OTHER = int(Link.ONE_CANCELS_OTHER)
_ONE_TRIGGERS_OTHER = int(Link.ONE_TRIGGERS_OTHER)
_FROZEN = int(AccountStatus.FROZEN)
_CANCEL_ONLY = int(AccountStatus.CANCEL_ONLY)
_NOT_NEEDED = int(KycStatus.NOT_NEEDED)
_VERIFIED = int(KycStatus.VERIFIED)
_TRADING = int(Limit.TRADING)
_ORDERS_PER_SECOND = int(Limit.ORDERS_PER_SECOND)

_NONE = 0
_IS_FROZEN = refusal(Check.STATUS, Reason.ACCOUNT_FROZEN)
_IS_CANCEL_ONLY = refusal(Check.STATUS, Reason.ACCOUNT_CANCEL_ONLY)
_UNVERIFIED = refusal(Check.KYC, Reason.KYC_REQUIRED)
_KILLED = refusal(Check.KILL_SWITCH, Reason.KILL_SWITCH)
_NOT_PERMITTED = refusal(Check.PERMISSION, Reason.NOT_PERMITTED)
_HALTED = refusal(Check.VENUE, Reason.VENUE_HALTED)
_NO_AMOUNT = refusal(Check.NOTIONAL, Reason.NOTIONAL_TOO_LARGE)
_DUPLICATE = refusal(Check.CLIENT_ORDER_ID, Reason.DUPLICATE_CLIENT_ORDER_ID)
_UNKNOWN = refusal(Check.ACCOUNT, Reason.UNKNOWN_ACCOUNT)


@kernel
def _standing_refusal(ledger: Ledger, place: Place, is_cancel: bool, least: int) -> int:
    """Whether the account may send such a command at all: checks 2 to 5, and the venue's breaker."""
    account = ledger.accounts[place.account]
    if account.status != 0 and least <= _IS_FROZEN | 0xFF:
        if account.status == _FROZEN:
            return _IS_FROZEN
        if account.status == _CANCEL_ONLY and not is_cancel:
            return _IS_CANCEL_ONLY
    if is_cancel:
        return _NONE
    if account.kyc_status != _NOT_NEEDED and account.kyc_status != _VERIFIED and least <= _UNVERIFIED:
        return _UNVERIFIED
    killed = ledger.words[W_KILLED] | signed(account.killed)
    if account.group != 0:
        killed |= signed(ledger.groups[account.group_row].killed)
    if place.symbol < len(ledger.symbols):
        killed |= signed(ledger.symbols[place.symbol].killed)
    if killed != 0 and least <= _KILLED:
        return _KILLED
    if place.limited >> _TRADING & 1 and least <= _NOT_PERMITTED and limit_in(ledger, place.rows, _TRADING) == 0:
        return _NOT_PERMITTED
    if has_tripped(ledger) and least <= _HALTED:
        return _HALTED
    return _NONE


@kernel
def take_token(ledger: Ledger, place: Place, command: Any) -> None:
    """A command has passed all checks up to that of its account's rate: it takes one of what that gives."""
    if place.limited >> _ORDERS_PER_SECOND:
        take_tokens(ledger, place, command.kind == _CANCEL, signed(command.timestamp_ns))


@kernel
def place_of_command(ledger: Ledger, command: Any) -> Place:
    """Whose figures a command concerns; its account must exist."""
    number, symbol = signed(command.account), signed(command.symbol)
    assert 0 < number < len(ledger.accounts), "the account exists"
    position = position_of(ledger, number, symbol)
    assert 0 <= position < len(ledger.positions), "a row of the table, or none"
    rows = (signed(0), signed(0), signed(0), signed(0))
    limited = signed(0)
    if ledger.words[W_LIMITED] != 0:
        rows = rows_of(ledger, ledger.accounts[number], signed(ledger.positions[position].limits_row))
        limited = set_in(ledger, rows)
    return Place(number, symbol, position, rows, limited)


@kernel
def _legs_of(command: Any, first_leg: Any, second_leg: Any) -> int:
    """How many legs a NEW has; without those that it announces the book refuses it."""
    link = link_of(signed(command.flags))
    if first_leg.sequence == 0 or (link != _ONE_CANCELS_OTHER and link != _ONE_TRIGGERS_OTHER):
        return signed(0)
    return signed(1) if link == _ONE_CANCELS_OTHER or second_leg.sequence == 0 else signed(2)


@kernel
def _leg(first_leg: Any, second_leg: Any, number: int) -> Any:
    assert 1 <= number <= 2, "a NEW has two legs at most"
    return first_leg if number == 1 else second_leg


@kernel
def _is_duplicate(ledger: Ledger, account: int, command: Any, first_leg: Any, second_leg: Any, legs: int) -> bool:
    if command.client_order_id != 0 and is_used(ledger, account, signed(command.client_order_id)):
        return True
    if legs == 0:
        return False
    one, other = signed(first_leg.client_order_id), signed(second_leg.client_order_id) if legs > 1 else signed(0)
    if one != 0 and (one == command.client_order_id or one == other or is_used(ledger, account, one)):
        return True
    return other != 0 and (other == command.client_order_id or is_used(ledger, account, other))


@kernel
def _lots(ledger: Ledger, symbol: int, order: Any) -> int:
    price = price_of(ledger, symbol, signed(order.order_type), signed(order.price_ticks))
    return lots_of(order.flags & _BUDGET != 0, signed(order.quantity_lots), price)


@kernel
def _notional(ledger: Ledger, symbol: int, order: Any) -> int:
    price = price_of(ledger, symbol, signed(order.order_type), signed(order.price_ticks))
    return notional_of(ledger.contracts[symbol], order.flags & _BUDGET != 0, signed(order.quantity_lots), price)


@kernel
def _size_refusal(ledger: Ledger, place: Place, order: Any, lots: int, notional: int, least: int) -> int:
    found = lots_refusal(ledger, place, order.flags & _BUDGET != 0, lots, least)
    return found if found else notional_refusal(ledger, place, notional, least)


@kernel
def _collar_refusal(ledger: Ledger, place: Place, order: Any, least: int) -> int:
    if not has_limit(signed(order.order_type)):
        return _NONE
    return collar_refusal(ledger, place, order.side == _BUY, signed(order.price_ticks), least)


@kernel_entry
def _legs_sizes_refusal(ledger: Ledger, place: Place, first_leg: Any, second_leg: Any, legs: int, least: int) -> int:
    """Check 7 of the legs of a NEW."""
    for number in range(1, legs + 1):
        leg = _leg(first_leg, second_leg, number)
        lots, notional = _lots(ledger, place.symbol, leg), _notional(ledger, place.symbol, leg)
        found = _size_refusal(ledger, place, leg, lots, notional, least)
        if found:
            return found
    return signed(_NONE)


@kernel_entry
def _legs_collar_refusal(ledger: Ledger, place: Place, first_leg: Any, second_leg: Any, legs: int, least: int) -> int:
    """Check 8 of the legs of a NEW."""
    for number in range(1, legs + 1):
        found = _collar_refusal(ledger, place, _leg(first_leg, second_leg, number), least)
        if found:
            return found
    return signed(_NONE)


@kernel
def _limits_refusal(
    ledger: Ledger, place: Place, command: Any, first_leg: Any, second_leg: Any, legs: int, notional: int, least: int
) -> int:
    """Checks 7 to 14 of a NEW, which has this notional, in a settled symbol with limits."""
    lots = _lots(ledger, place.symbol, command)
    found = _size_refusal(ledger, place, command, lots, notional, least)
    if not found and legs > 0:
        found = _legs_sizes_refusal(ledger, place, first_leg, second_leg, legs, least)
    if not found:
        found = _collar_refusal(ledger, place, command, least)
    if not found and legs > 0:
        found = _legs_collar_refusal(ledger, place, first_leg, second_leg, legs, least)
    if found:
        return found
    added = added_on(command.side == _BUY, signed(1), lots, notional)
    if legs == 1 and link_of(signed(command.flags)) == _ONE_CANCELS_OTHER:
        other = _added(ledger, place.symbol, first_leg)
        # Of the same side only the greater counts; what is of the other side is 0 here.
        added = Added(
            signed(2),
            max(added.buy_lots, other.buy_lots),
            max(added.buy_notional, other.buy_notional),
            max(added.sell_lots, other.sell_lots),
            max(added.sell_notional, other.sell_notional),
        )
    else:
        added = Added(legs + 1, added.buy_lots, added.buy_notional, added.sell_lots, added.sell_notional)
    return figures_refusal(ledger, place, added, False, today_with(ledger, signed(command.timestamp_ns)), least)


@kernel
def _added(ledger: Ledger, symbol: int, order: Any) -> Added:
    """What one order adds alone."""
    lots, notional = _lots(ledger, symbol, order), _notional(ledger, symbol, order)
    return added_on(order.side == _BUY, signed(1), lots, notional)


@kernel
def added_on(is_buy: bool, orders: int, lots: int, notional: int) -> Added:
    """So much of one side."""
    none = signed(0)
    if is_buy:
        return Added(orders, lots, notional, none, none)
    return Added(orders, none, none, lots, notional)


@kernel
def _unsettled_refusal(ledger: Ledger, place: Place, order: Any, least: int) -> int:
    """Check 7 in a symbol that is not settled: only lots count."""
    lots = lots_of(False, signed(order.quantity_lots), signed(0))
    return lots_refusal(ledger, place, order.flags & _BUDGET != 0, lots, least)


@kernel
def _new_refusal(ledger: Ledger, place: Place, command: Any, first_leg: Any, second_leg: Any, least: int) -> int:
    """Checks 6 to 14."""
    legs = _legs_of(command, first_leg, second_leg)
    if place.symbol >= len(ledger.contracts) or ledger.contracts[place.symbol].base == 0:
        if place.limited == 0:
            return _NONE
        found = _unsettled_refusal(ledger, place, command, least)
        for number in range(1, legs + 1):
            if not found:
                found = _unsettled_refusal(ledger, place, _leg(first_leg, second_leg, number), least)
        return found
    notional = _notional(ledger, place.symbol, command)
    if least <= _NO_AMOUNT:
        is_too_large = notional == TOO_LARGE
        for number in range(1, legs + 1):
            leg = _leg(first_leg, second_leg, number)
            is_too_large = is_too_large or _notional(ledger, place.symbol, leg) == TOO_LARGE
        if is_too_large:
            return _NO_AMOUNT
    if least <= _DUPLICATE and _is_duplicate(ledger, place.account, command, first_leg, second_leg, legs):
        return _DUPLICATE
    if place.limited == 0:
        return _NONE
    return _limits_refusal(ledger, place, command, first_leg, second_leg, legs, notional, least)


@kernel_entry
def _amend_refusal(ledger: Ledger, place: Place, command: Any, shards: int, least: int) -> int:
    """Checks 7 to 14 of an AMEND; of an order that there is not, none."""
    if place.symbol >= len(ledger.contracts) or ledger.contracts[place.symbol].base == 0:
        return _NONE
    row = row_of(ledger, place.symbol % shards, shards, command.order_id)
    hold = ledger.holds[row]
    if row == 0 or hold.account != command.account or hold.symbol != command.symbol:
        return _NONE
    contract = ledger.contracts[place.symbol]
    is_new_price = command.flags & _NEW_PRICE != 0 and hold.limited != 0
    price = max(signed(command.price_ticks), signed(0)) if is_new_price else signed(hold.price_ticks)
    leaves = amended_leaves(hold, signed(command.flags), signed(command.quantity_lots))
    is_budget = hold.budget != 0
    lots, notional = lots_of(is_budget, leaves, price), notional_of(contract, is_budget, leaves, price)
    if notional == TOO_LARGE and least <= _NO_AMOUNT:
        return _NO_AMOUNT
    if place.limited == 0:
        return _NONE
    found = lots_refusal(ledger, place, is_budget, lots, least)
    if not found:
        found = notional_refusal(ledger, place, notional, least)
    if not found and is_new_price:
        found = collar_refusal(ledger, place, hold.side == _BUY, signed(command.price_ticks), least)
    if found:
        return found
    lots, notional = counted_with(ledger, hold, leaves, price)
    added = added_on(hold.side == _BUY, signed(0), lots, notional)
    return figures_refusal(ledger, place, added, True, today_with(ledger, signed(command.timestamp_ns)), least)


@kernel
def unknown_refusal(ledger: Ledger, command: Any) -> int:
    """Check 1: whether there is no such account; then nothing else can be asked."""
    return signed(_NONE) if has_account(ledger, signed(command.account)) else signed(_UNKNOWN)


@kernel
def first_refusal(
    ledger: Ledger, place: Place, command: Any, first_leg: Any, second_leg: Any, shards: int, least: int
) -> int:
    """The first refusal of a NEW, AMEND or CANCEL that is not below `least`, but for want of funds; 0: none.

    See terms.refusal. From 0 on it is the first of all; from one more than an answer's check the next one. `place` is
    that of the command; unknown_refusal comes before.
    """
    assert least & REASON_MASK == 0, "from a check on"
    assert shards > 0, "a symbol has a shard"
    is_cancel = command.kind == _CANCEL
    found = _standing_refusal(ledger, place, is_cancel, least)
    if not found and command.kind == _NEW:
        found = _new_refusal(ledger, place, command, first_leg, second_leg, least)
    elif not found and command.kind == _AMEND:
        found = _amend_refusal(ledger, place, command, shards, least)
    return found if found else rate_refusal(ledger, place, is_cancel, signed(command.timestamp_ns), least)

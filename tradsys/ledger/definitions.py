"""Assets, accounts, symbols, contracts and fee schedules: what the ledger must know before anything moves.

Each is told by a record of the log, read as DETAILS (an ASSET, CONTRACT and so on: see tradsys.records), and gives the
reason why it is refused, or 0. The rules: docs/ledger.md, Money and Fees.
"""

from __future__ import annotations

from typing import Any

from shm.division import reciprocal_of
from shm.integers import signed
from shm.jit import kernel_entry
from tradsys.ledger.balances import columns_of, has_account
from tradsys.ledger.fees import schedule_row
from tradsys.ledger.layout import FEE_CLASSES, FEE_TIERS, W_ASSETS, W_CONTRACTS, Ledger
from tradsys.ledger.positions import NO_ROOM
from tradsys.ledger.terms import AMOUNT_MAX, ASSET_DECIMALS_MAX, MILLION, VALUE_PART_MAX, AccountKind
from tradsys.reasons import Reason
from tradsys.risk.estimates import learn_scale, learn_scales_of
from tradsys.risk.limits import group_row
from tradsys.risk.marks import tell_of
from tradsys.risk.usage import revalue

_CLIENT = int(AccountKind.CLIENT)
_FEE = int(AccountKind.FEE)
_OUTSIDE = int(AccountKind.OUTSIDE)

_NONE = int(Reason.NONE)
_UNKNOWN_ACCOUNT = int(Reason.UNKNOWN_ACCOUNT)
_UNKNOWN_ASSET = int(Reason.UNKNOWN_ASSET)
_UNKNOWN_SYMBOL = int(Reason.UNKNOWN_SYMBOL)
_ACCOUNT_EXISTS = int(Reason.ACCOUNT_EXISTS)
_OUT_OF_ORDER = int(Reason.DEFINITION_OUT_OF_ORDER)
_WRONG_ACCOUNT_KIND = int(Reason.WRONG_ACCOUNT_KIND)
_INVALID_ASSET = int(Reason.INVALID_ASSET)
_INVALID_CONTRACT = int(Reason.INVALID_CONTRACT)
_INVALID_FEES = int(Reason.INVALID_FEES)
_LEDGER_FULL = int(Reason.LEDGER_FULL)


@kernel_entry
def define_asset(ledger: Ledger, details: Any) -> int:
    """The next asset, or another value of one that there is."""
    number = signed(details.asset)
    numerator, divisor = signed(details.value_numerator), signed(details.value_divisor)
    if details.decimals > ASSET_DECIMALS_MAX or divisor < 1 or max(numerator, divisor) > VALUE_PART_MAX:
        return _INVALID_ASSET
    if number >= columns_of(ledger):
        return _LEDGER_FULL
    known = signed(ledger.words[W_ASSETS])
    asset = ledger.assets[number]
    if 0 < number <= known:
        if (
            asset.decimals != details.decimals
            or asset.name_low != details.name_low
            or asset.name_high != details.name_high
        ):
            return _INVALID_ASSET
    elif number != known + 1:
        return _OUT_OF_ORDER
    else:
        assert asset.value_divisor == 0, "nothing stands where the next asset goes"
        asset.decimals = details.decimals
        asset.name_low = details.name_low
        asset.name_high = details.name_high
        ledger.words[W_ASSETS] = number
    assert number <= ledger.words[W_ASSETS] < columns_of(ledger), "assets have the numbers from 1 on, without a gap"
    asset.value_numerator = numerator
    asset.value_divisor = divisor
    asset.value_reciprocal = reciprocal_of(divisor)
    if number <= known:
        revalue(ledger, number)
        learn_scales_of(ledger, number)
    return _NONE


@kernel_entry
def open_account(ledger: Ledger, details: Any) -> int:
    """An account, with nothing in it; without a kind it is a client's."""
    number = signed(details.account)
    if number < 1 or number >= len(ledger.accounts):
        return _UNKNOWN_ACCOUNT
    if has_account(ledger, number):
        return _ACCOUNT_EXISTS
    kind = max(signed(details.account_kind), signed(_CLIENT))
    if kind > _OUTSIDE:
        return _WRONG_ACCOUNT_KIND
    if details.fee_class >= FEE_CLASSES:
        return _INVALID_FEES
    group = signed(details.group)
    row = group_row(ledger, group) if group != 0 else signed(0)
    if row == NO_ROOM:
        return _LEDGER_FULL
    account = ledger.accounts[number]
    assert account.open_orders == 0, "who has no account has no orders"
    assert group == 0 or ledger.groups[row].key == group, "the row is that of the group"
    account.group = group
    account.group_row = row
    account.kind = kind
    account.fee_class = details.fee_class
    return _NONE


@kernel_entry
def learn_symbol(ledger: Ledger, details: Any) -> int:
    """A symbol's price range, for the contract that may follow, and its first mark."""
    symbol = signed(details.symbol)
    if symbol < 1 or symbol >= len(ledger.contracts):
        return _UNKNOWN_SYMBOL
    contract = ledger.contracts[symbol]
    contract.lowest_ticks = details.lowest_ticks
    contract.highest_ticks = details.highest_ticks
    contract.known = 1
    tell_of(ledger, symbol, signed(details.reference_ticks))
    return _NONE


@kernel_entry
def set_contract(ledger: Ledger, details: Any) -> int:
    """What a symbol trades, before its first order."""
    symbol, base, quote = signed(details.symbol), signed(details.asset), signed(details.quote)
    if symbol < 1 or symbol >= len(ledger.contracts) or ledger.contracts[symbol].known == 0:
        return _UNKNOWN_SYMBOL
    assets = signed(ledger.words[W_ASSETS])
    if base < 1 or base > assets or quote < 1 or quote > assets:
        return _UNKNOWN_ASSET
    fee_account = signed(details.account)
    if not has_account(ledger, fee_account):
        return _UNKNOWN_ACCOUNT
    if ledger.accounts[fee_account].kind != _FEE:
        return _WRONG_ACCOUNT_KIND
    contract = ledger.contracts[symbol]
    least = min(details.lot_value, details.numerator, details.divisor)
    most = max(details.lot_value, details.numerator, details.divisor)
    if contract.used != 0 or base == quote or least < 1 or most > AMOUNT_MAX or contract.lowest_ticks < 0:
        return _INVALID_CONTRACT
    if contract.base == 0:
        ledger.words[W_CONTRACTS] += 1
    contract.base = base
    contract.quote = quote
    contract.lot_value = details.lot_value
    contract.numerator = details.numerator
    contract.divisor = details.divisor
    contract.reciprocal = reciprocal_of(signed(details.divisor))
    contract.notional_max = AMOUNT_MAX // details.numerator
    contract.fee_account = fee_account
    learn_scale(ledger, symbol)
    assert 0 < ledger.words[W_CONTRACTS] < len(ledger.contracts), "no more symbols are settled than there are"
    return _NONE


@kernel_entry
def set_fees(ledger: Ledger, details: Any) -> int:
    """The schedule of a symbol (0: all without one of their own), class and tier, for orders decided from now on."""
    symbol, fee_class = signed(details.symbol), signed(details.fee_class)
    if symbol >= len(ledger.contracts):
        return _UNKNOWN_SYMBOL
    maker, taker = signed(details.maker_rate), signed(details.taker_rate)
    minimum = signed(details.minimum)
    if fee_class >= FEE_CLASSES or details.tier >= FEE_TIERS or max(abs(maker), abs(taker)) > MILLION:
        return _INVALID_FEES
    if minimum < 0 or minimum > AMOUNT_MAX:
        return _INVALID_FEES
    row = schedule_row(symbol, fee_class, signed(details.tier))
    assert row < len(ledger.schedules), "every symbol has its schedules"
    schedule = ledger.schedules[row]
    schedule.maker_rate = maker
    schedule.taker_rate = taker
    schedule.minimum = minimum
    schedule.defined = 1
    return _NONE


@kernel_entry
def set_tier(ledger: Ledger, details: Any) -> int:
    """From which volume on a tier applies: more than that of the tier below, less than that of the one above."""
    tier, volume = signed(details.tier), signed(details.amount)
    if tier < 1 or tier >= FEE_TIERS or volume > AMOUNT_MAX or volume <= ledger.tiers[tier - 1]:
        return _INVALID_FEES
    if tier > 1 and ledger.tiers[tier - 1] == 0:
        return _INVALID_FEES
    if tier + 1 < FEE_TIERS and ledger.tiers[tier + 1] != 0 and volume >= ledger.tiers[tier + 1]:
        return _INVALID_FEES
    assert ledger.tiers[0] == 0, "the lowest tier applies from nothing on"
    ledger.tiers[tier] = volume
    return _NONE

"""Assets, accounts, contracts and fee schedules: what the ledger must know before anything moves."""

from __future__ import annotations

from typing import NamedTuple

from tradsys.ledger.balances import columns_of
from tradsys.ledger.layout import FEE_CLASSES, W_ASSETS, Ledger
from tradsys.ledger.terms import AMOUNT_MAX, MILLION, AccountKind


class Contract(NamedTuple):
    """What a symbol trades; see docs/ledger.md, Money."""

    base: int
    quote: int
    lot_value: int
    numerator: int
    divisor: int
    lowest_ticks: int
    highest_ticks: int
    fee_account: int


class Fees(NamedTuple):
    """A fee schedule: rates in millionths, the minimum in quote units."""

    maker: int = 0
    taker: int = 0
    minimum: int = 0


def add_asset(ledger: Ledger, number: int) -> None:
    """The next asset. Raises ValueError when it is not the next, or there is no room."""
    columns = columns_of(ledger)
    if number != ledger.words[W_ASSETS] + 1 or number >= columns:
        raise ValueError(f"the next asset is {ledger.words[W_ASSETS] + 1} of at most {columns - 1}, not {number}")
    ledger.words[W_ASSETS] = number


def add_account(ledger: Ledger, number: int, kind: AccountKind, fee_class: int = 0) -> None:
    """An account. Raises ValueError when there is one of this number, or no room, or no such kind or fee class."""
    if not 0 < number < len(ledger.accounts) or ledger.accounts["kind"][number] != AccountKind.NONE:
        raise ValueError(f"account {number} exists, or is none of 1 to {len(ledger.accounts) - 1}")
    if kind == AccountKind.NONE or not 0 <= fee_class < FEE_CLASSES:
        raise ValueError(f"an account has a kind and a fee class below {FEE_CLASSES}, not {kind!r} and {fee_class}")
    ledger.accounts["kind"][number] = kind
    ledger.accounts["fee_class"][number] = fee_class


def add_contract(ledger: Ledger, symbol: int, contract: Contract) -> None:
    """What a symbol trades, before its first order. Raises ValueError for terms that make no sense."""
    if not 0 < symbol < len(ledger.contracts) or ledger.contracts["used"][symbol]:
        raise ValueError(f"symbol {symbol} has had orders, or is none of 1 to {len(ledger.contracts) - 1}")
    assets = range(1, int(ledger.words[W_ASSETS]) + 1)
    if contract.base not in assets or contract.quote not in assets or contract.base == contract.quote:
        raise ValueError(f"symbol {symbol}: base {contract.base} or quote {contract.quote} is unknown, or both are one")
    if not all(0 < amount <= AMOUNT_MAX for amount in (contract.lot_value, contract.numerator, contract.divisor)):
        raise ValueError(f"symbol {symbol}: lot value, numerator and divisor are from 1 to {AMOUNT_MAX}")
    if not 0 <= contract.lowest_ticks <= contract.highest_ticks:
        raise ValueError(
            f"symbol {symbol}: prices run from 0 upwards, not {contract.lowest_ticks} to {contract.highest_ticks}"
        )
    if not 0 < contract.fee_account < len(ledger.accounts) or (
        ledger.accounts["kind"][contract.fee_account] != AccountKind.FEE
    ):
        raise ValueError(f"symbol {symbol}: account {contract.fee_account} is not for fees")
    row = ledger.contracts.view()[symbol : symbol + 1]
    row["base"] = contract.base
    row["quote"] = contract.quote
    row["lot_value"] = contract.lot_value
    row["numerator"] = contract.numerator
    row["divisor"] = contract.divisor
    row["notional_max"] = AMOUNT_MAX // contract.numerator
    row["lowest_ticks"] = contract.lowest_ticks
    row["highest_ticks"] = contract.highest_ticks
    row["fee_account"] = contract.fee_account


def set_fees(ledger: Ledger, symbol: int, fee_class: int, fees: Fees) -> None:
    """The schedule of a symbol (0: all without one of their own) and a fee class, for orders accepted from now on."""
    if not 0 <= symbol < len(ledger.contracts) or not 0 <= fee_class < FEE_CLASSES:
        raise ValueError(f"there is no symbol {symbol} or no fee class {fee_class}")
    if max(abs(fees.maker), abs(fees.taker)) > MILLION or not 0 <= fees.minimum <= AMOUNT_MAX:
        raise ValueError(f"a rate is within {MILLION} millionths of 0, a minimum from 0 to {AMOUNT_MAX}")
    row = ledger.schedules.view()[symbol * FEE_CLASSES + fee_class : symbol * FEE_CLASSES + fee_class + 1]
    row["maker_rate"] = fees.maker
    row["taker_rate"] = fees.taker
    row["minimum"] = fees.minimum
    row["defined"] = 1

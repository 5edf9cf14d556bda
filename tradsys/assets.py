"""Assets and contracts as the edge knows them: names and decimals around the ledger's integers.

What the integers mean is said in docs/ledger.md, Money. The unit of account of docs/risk.md has VALUE_DECIMALS here.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Self

import msgspec
import numpy as np

from tradsys.decimals import Measure, format_units, parse_units
from tradsys.errors import ValidationError
from tradsys.ledger.terms import AMOUNT_MAX, ASSET_DECIMALS_MAX, VALUE_PART_MAX
from tradsys.records import Kind, details
from tradsys.symbols import Symbol, check_name

ASSET_NAME_BYTES_MAX = 16
VALUE_DECIMALS = 2
"""A value of 1 is the hundredth part of the unit of account: exposures, daily limits and volumes are in these."""

_WORTH_DECIMALS = 9
"""Of the text that says what an asset is worth; more would not fit into VALUE_PART_MAX."""
_MONEY = Measure("amount", "asset's smallest unit", "off_unit_amount", "amount_too_large")
_VALUE = Measure("value", "smallest value", "off_unit_amount", "amount_too_large")


class Asset(msgspec.Struct, frozen=True):
    """Something that accounts own: its number in the ledger, its name, its decimals, and what it is worth.

    One smallest unit is worth `value_numerator / value_divisor` hundredths of the unit of account.
    """

    id: int
    name: str
    decimals: int
    value_numerator: int = 0
    value_divisor: int = 1

    @classmethod
    def from_text(cls, id: int, name: str, decimals: int, value: str = "0") -> Self:
        """`value` says what one whole asset is worth. Raises ValueError or ValidationError for what does not fit."""
        check_name(name, ASSET_NAME_BYTES_MAX)
        if not 0 <= decimals <= ASSET_DECIMALS_MAX:
            raise ValueError(f"an asset has 0 to {ASSET_DECIMALS_MAX} decimals, not {decimals}")
        worth = Fraction(parse_units(value, _WORTH_DECIMALS, 1, _VALUE), 10**_WORTH_DECIMALS)
        part = worth * 10**VALUE_DECIMALS / 10**decimals
        if part < 0 or max(part.numerator, part.denominator) > VALUE_PART_MAX:
            raise ValueError(
                f"the smallest unit would be worth {part} hundredths: both parts of that are at most {VALUE_PART_MAX}"
            )
        return cls(id, name, decimals, part.numerator, part.denominator)

    @classmethod
    def from_row(cls, id: int, row: Any) -> Self:
        """The asset of a row of the ledger's table."""
        name = np.array([row["name_low"], row["name_high"]], "<i8").tobytes().rstrip(b"\0").decode("ascii")
        return cls(id, name, int(row["decimals"]), int(row["value_numerator"]), int(row["value_divisor"]))

    def definition(self) -> Any:
        """The record that defines the asset or gives it another value: an array of one DETAILS."""
        return details(
            Kind.ASSET,
            asset=self.id,
            decimals=self.decimals,
            value_numerator=self.value_numerator,
            value_divisor=self.value_divisor,
            asset_name=self.name.encode("ascii"),
        )

    def parse(self, text: str) -> int:
        """Smallest units in a decimal string, at least 1. Raises ValidationError."""
        amount = parse_units(text, self.decimals, 1, _MONEY)
        if amount < 1:
            raise ValidationError("invalid_posting", f"an amount is greater than zero, not {text}", field="amount")
        if amount > AMOUNT_MAX:
            most = self.format(AMOUNT_MAX)
            raise ValidationError(
                "amount_too_large", f"{text} is more than the ledger can hold, {most}", field="amount"
            )
        return amount

    def format(self, amount: int) -> str:
        """The decimal string of an amount."""
        return format_units(amount, self.decimals, 1)

    def value_of(self, amount: int) -> int:
        """What an amount is worth, in hundredths of the unit of account, rounded up (docs/risk.md, Units)."""
        return -(-amount * self.value_numerator // self.value_divisor)


class Contract(msgspec.Struct, frozen=True):
    """What a symbol trades: numbers of assets, base units of a lot, and quote units of a lot at one tick."""

    base: int
    quote: int
    lot_value: int
    numerator: int
    divisor: int
    fee_account: int

    @classmethod
    def of(cls, symbol: Symbol, base: Asset, quote: Asset, fee_account: int) -> Self:
        """The contract of a symbol whose scales are known. Raises ValueError when it cannot be exact."""
        lot_size = Fraction(symbol.lot_units, 10**symbol.quantity_decimals)
        lot_value = lot_size * 10**base.decimals
        if lot_value.denominator != 1 or lot_value > AMOUNT_MAX:
            raise ValueError(
                f"a lot of {symbol.lot_size} is no whole number of {base.name} with {base.decimals} decimals"
            )
        notional = lot_size * Fraction(symbol.tick_units, 10**symbol.price_decimals) * 10**quote.decimals
        if max(notional.numerator, notional.denominator) > AMOUNT_MAX:
            raise ValueError(f"a lot at one tick is {notional} units of {quote.name}, more than the ledger can hold")
        return cls(base.id, quote.id, int(lot_value), notional.numerator, notional.denominator, fee_account)

    def definition(self, symbol: int) -> Any:
        """The record that gives the contract to a symbol: an array of one DETAILS."""
        return details(
            Kind.CONTRACT,
            symbol=symbol,
            asset=self.base,
            quote=self.quote,
            lot_value=self.lot_value,
            numerator=self.numerator,
            divisor=self.divisor,
            account=self.fee_account,
        )


def parse_value(text: str) -> int:
    """Hundredths of the unit of account in a decimal string. Raises ValidationError."""
    return parse_units(text, VALUE_DECIMALS, 1, _VALUE)


def format_value(value: int) -> str:
    """The decimal string of a value in hundredths of the unit of account."""
    return format_units(value, VALUE_DECIMALS, 1)

"""Symbols, their trading rules, and accounts as the edge knows them: names and scales around the core's integers."""

from __future__ import annotations

from typing import Any, Self

import msgspec
import numpy as np

from tradsys.decimals import AMOUNT, QUANTITY, format_units, parse_step, parse_units
from tradsys.errors import ValidationError
from tradsys.ledger.terms import AccountKind
from tradsys.records import (
    ACCOUNT_DEFINITION,
    NOTIONAL_MAX,
    PRICE_MAX,
    PRICE_MIN,
    QUANTITY_MAX,
    SYMBOL_DEFINITION,
    SYMBOL_RULES,
    Kind,
    MarketState,
    TriggerSource,
)

SYMBOL_NAME_BYTES_MAX = 16
ACCOUNT_NAME_BYTES_MAX = 24
STEP_UNITS_MAX = (1 << 16) - 1
DISTANCE_MAX = (1 << 31) - 1

_NAME_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._")


def check_name(name: str, bytes_max: int) -> None:
    """Raise ValueError unless `name` is 1 to `bytes_max` ASCII letters, digits, '-', '.' or '_'."""
    if not 0 < len(name) <= bytes_max:
        raise ValueError(f"a name has 1 to {bytes_max} characters, not {len(name)}")
    strange = sorted(character for character in name if character not in _NAME_CHARACTERS)
    if strange:
        raise ValueError(
            f"{name!r} has the character {strange[0]!r}; only ASCII letters, digits, '-', '.', '_' may stand in a name"
        )


class Symbol(msgspec.Struct, frozen=True):
    """A tradable symbol: its number in the core, its scales and its price range in ticks."""

    id: int
    name: str
    price_decimals: int
    tick_units: int
    quantity_decimals: int
    lot_units: int
    lowest_ticks: int
    highest_ticks: int
    reference_ticks: int
    state: MarketState = MarketState.CONTINUOUS

    @classmethod
    def from_text(
        cls,
        id: int,
        name: str,
        *,
        tick_size: str,
        lot_size: str,
        lowest_price: str,
        highest_price: str,
        reference_price: str,
        state: MarketState = MarketState.CONTINUOUS,
    ) -> Self:
        """A symbol from decimal strings. Raises ValueError or ValidationError for the first that does not fit."""
        check_name(name, SYMBOL_NAME_BYTES_MAX)
        price_decimals, tick_units = parse_step(tick_size)
        quantity_decimals, lot_units = parse_step(lot_size)
        if max(tick_units, lot_units) > STEP_UNITS_MAX:
            raise ValueError(f"tick and lot sizes have at most {STEP_UNITS_MAX} units of their last digit")
        lowest, highest, reference = (
            parse_units(text, price_decimals, tick_units) for text in (lowest_price, highest_price, reference_price)
        )
        if not PRICE_MIN <= lowest < highest <= PRICE_MAX:
            raise ValueError(f"the price range {lowest_price} to {highest_price} is empty or beyond {PRICE_MAX} ticks")
        if not lowest <= reference <= highest:
            raise ValueError(f"the reference price {reference_price} is outside the price range")
        return cls(
            id, name, price_decimals, tick_units, quantity_decimals, lot_units, lowest, highest, reference, state
        )

    @classmethod
    def from_definition(cls, record: Any) -> Self:
        """The symbol that a SYMBOL_DEFINITION record defines."""
        return cls(
            int(record["symbol"]),
            bytes(record["name"]).decode("ascii"),
            int(record["price_decimals"]),
            int(record["tick_units"]),
            int(record["quantity_decimals"]),
            int(record["lot_units"]),
            int(record["lowest_ticks"]),
            int(record["highest_ticks"]),
            int(record["reference_ticks"]),
            MarketState(int(record["state"])),
        )

    def definition(self) -> Any:
        """The command that defines the symbol: an array of one SYMBOL_DEFINITION."""
        record = np.zeros(1, SYMBOL_DEFINITION)
        record["kind"] = Kind.SYMBOL
        record["symbol"] = self.id
        record["name"] = self.name.encode("ascii")
        record["state"] = self.state
        for field in (
            "price_decimals",
            "tick_units",
            "quantity_decimals",
            "lot_units",
            "lowest_ticks",
            "highest_ticks",
            "reference_ticks",
        ):
            record[field] = getattr(self, field)
        return record

    @property
    def tick_size(self) -> str:
        """The smallest price step as a decimal string."""
        return format_units(1, self.price_decimals, self.tick_units)

    @property
    def lot_size(self) -> str:
        """The smallest quantity step as a decimal string."""
        return format_units(1, self.quantity_decimals, self.lot_units)

    def parse_price(self, text: str) -> int:
        """Ticks in a decimal string. Raises ValidationError, also for a price outside the symbol's range."""
        ticks = parse_units(text, self.price_decimals, self.tick_units)
        if not self.lowest_ticks <= ticks <= self.highest_ticks:
            lowest, highest = self.format_price(self.lowest_ticks), self.format_price(self.highest_ticks)
            raise ValidationError(
                "price_out_of_range",
                f"{text} is outside {self.name}'s price range {lowest} to {highest}",
                field="price",
                details={"lowest": lowest, "highest": highest},
            )
        return ticks

    def format_price(self, ticks: int) -> str:
        """The decimal string of a price in ticks."""
        return format_units(ticks, self.price_decimals, self.tick_units)

    def parse_quantity(self, text: str) -> int:
        """Lots in a decimal string, at least 1. Raises ValidationError."""
        lots = parse_units(text, self.quantity_decimals, self.lot_units, QUANTITY)
        if lots < 1:
            raise ValidationError(
                "zero_quantity", f"the quantity must be greater than zero, not {text}", field="quantity"
            )
        if lots > QUANTITY_MAX:
            most = self.format_quantity(QUANTITY_MAX)
            raise ValidationError(
                "quantity_overflow",
                f"{text} is more than the largest order, {most}",
                field="quantity",
                details={"highest": most},
            )
        return lots

    def format_quantity(self, lots: int) -> str:
        """The decimal string of a quantity in lots."""
        return format_units(lots, self.quantity_decimals, self.lot_units)

    def parse_distance(self, text: str) -> int:
        """Ticks between two prices in a decimal string, at least 1. Raises ValidationError."""
        ticks = parse_units(text, self.price_decimals, self.tick_units)
        if not 1 <= ticks <= DISTANCE_MAX:
            most = self.format_price(DISTANCE_MAX)
            raise ValidationError(
                "price_out_of_range", f"a distance is between {self.tick_size} and {most}, not {text}", field="price"
            )
        return ticks

    def parse_amount(self, text: str) -> int:
        """An amount of money in a decimal string, in ticks times lots, at least 1. Raises ValidationError."""
        amount = parse_units(text, self._amount_decimals, self._amount_units, AMOUNT)
        if amount < 1:
            raise ValidationError("zero_quantity", f"the amount must be greater than zero, not {text}", field="amount")
        if amount > NOTIONAL_MAX:
            most = self.format_amount(NOTIONAL_MAX)
            raise ValidationError(
                "quantity_overflow", f"{text} is more than the largest amount, {most}", field="amount"
            )
        return amount

    def format_amount(self, amount: int) -> str:
        """The decimal string of an amount of money in ticks times lots."""
        return format_units(amount, self._amount_decimals, self._amount_units)

    @property
    def _amount_decimals(self) -> int:
        return self.price_decimals + self.quantity_decimals

    @property
    def _amount_units(self) -> int:
        return self.tick_units * self.lot_units


class Rules(msgspec.Struct, frozen=True):
    """A symbol's trading rules: bands and collar in basis points of their reference, 0: none."""

    static_band_bps: int = 0
    dynamic_band_bps: int = 0
    collar_bps: int = 0
    orders_max: int = 0
    trigger_source: TriggerSource = TriggerSource.LAST
    breach_state: MarketState = MarketState.HALT

    @classmethod
    def from_record(cls, record: Any) -> Self:
        """The rules in a SYMBOL_RULES record, or in a symbol's book, where they stand under the same names."""
        # A book that was never given rules has no breach state, and no band that would need one.
        return cls(
            int(record["static_band_bps"]),
            int(record["dynamic_band_bps"]),
            int(record["collar_bps"]),
            int(record["orders_max"]),
            TriggerSource(int(record["trigger_source"])),
            MarketState(int(record["breach_state"]) or MarketState.HALT),
        )

    def command(self, symbol: int) -> Any:
        """The command that gives the rules to a symbol: an array of one SYMBOL_RULES."""
        record = np.zeros(1, SYMBOL_RULES)
        record["kind"] = Kind.RULES
        record["symbol"] = symbol
        for name in self.__struct_fields__:
            record[name] = getattr(self, name)
        return record


class Account(msgspec.Struct, frozen=True):
    """An account: its number in the core, its name, its trade group (0: none), its kind and the class of its fees."""

    id: int
    name: str
    group: int = 0
    kind: AccountKind = AccountKind.CLIENT
    fee_class: int = 0

    @classmethod
    def from_definition(cls, record: Any) -> Self:
        """The account that an ACCOUNT_DEFINITION record defines."""
        return cls(
            int(record["account"]),
            bytes(record["name"]).decode("ascii"),
            int(record["group"]),
            AccountKind(int(record["account_kind"]) or AccountKind.CLIENT),
            int(record["fee_class"]),
        )

    def definition(self) -> Any:
        """The command that defines the account: an array of one ACCOUNT_DEFINITION. ValueError: bad name."""
        check_name(self.name, ACCOUNT_NAME_BYTES_MAX)
        record = np.zeros(1, ACCOUNT_DEFINITION)
        record["kind"] = Kind.ACCOUNT
        record["account"] = self.id
        record["group"] = self.group
        record["account_kind"] = self.kind
        record["fee_class"] = self.fee_class
        record["name"] = self.name.encode("ascii")
        return record

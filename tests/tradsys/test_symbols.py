from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import factories
from tradsys.book.layout import BOOK
from tradsys.errors import ValidationError
from tradsys.records import (
    ACCOUNT_DEFINITION,
    COMMAND,
    PRICE_MAX,
    PRICE_MIN,
    QUANTITY_MAX,
    SYMBOL_DEFINITION,
    SYMBOL_RULES,
    Kind,
    MarketState,
    TriggerSource,
)
from tradsys.symbols import Account, Rules, Symbol

TEXT: dict[str, Any] = {
    "tick_size": "0.05",
    "lot_size": "0.001",
    "lowest_price": "1.00",
    "highest_price": "99.95",
    "reference_price": "10.00",
}


def test_prices_and_quantities_are_scaled_by_tick_and_lot() -> None:
    symbol = Symbol.from_text(7, "ACME", **TEXT)
    assert (symbol.lowest_ticks, symbol.highest_ticks, symbol.reference_ticks) == (20, 1999, 200)
    assert symbol.parse_price("1.25") == 25
    assert symbol.format_price(25) == "1.25"
    assert symbol.parse_quantity("2.5") == 2500
    assert symbol.format_quantity(2500) == "2.500"
    assert (symbol.tick_size, symbol.lot_size) == ("0.05", "0.001")


@given(
    st.builds(
        Symbol,
        id=st.integers(1, (1 << 32) - 1),
        name=st.from_regex(r"[A-Za-z0-9._-]{1,16}", fullmatch=True),
        price_decimals=st.integers(0, 12),
        tick_units=st.integers(1, 65_535),
        quantity_decimals=st.integers(0, 12),
        lot_units=st.integers(1, 65_535),
        lowest_ticks=st.integers(PRICE_MIN, PRICE_MAX),
        highest_ticks=st.integers(PRICE_MIN, PRICE_MAX),
        reference_ticks=st.integers(PRICE_MIN, PRICE_MAX),
        state=st.sampled_from(MarketState),
    )
)
def test_a_symbol_survives_its_definition_record(symbol: Symbol) -> None:
    record = symbol.definition()
    assert record.dtype == SYMBOL_DEFINITION
    assert record.view(COMMAND)["kind"][0] == Kind.SYMBOL
    assert record.view(COMMAND)["symbol"][0] == symbol.id
    assert Symbol.from_definition(record[0]) == symbol


def test_an_account_survives_its_definition_record() -> None:
    account = Account(3, "a-name-of-24-bytes......")
    record = account.definition()
    assert record.dtype == ACCOUNT_DEFINITION
    assert record.view(COMMAND)["kind"][0] == Kind.ACCOUNT
    assert record.view(COMMAND)["account"][0] == 3
    assert Account.from_definition(record[0]) == account
    in_a_group = Account(4, "b", 7)
    assert Account.from_definition(in_a_group.definition()[0]) == in_a_group


def test_rules_survive_their_record_and_a_book_without_any_has_the_defaults() -> None:
    rules = Rules(500, 100, 2000, 50, TriggerSource.TOUCH, MarketState.CLOSING_AUCTION)
    record = rules.command(9)
    assert record.dtype == SYMBOL_RULES
    assert (record.view(COMMAND)["kind"][0], record.view(COMMAND)["symbol"][0]) == (Kind.RULES, 9)
    assert Rules.from_record(record[0]) == rules
    assert Rules.from_record(np.zeros(1, BOOK)[0]) == Rules()


@pytest.mark.parametrize("name", ["", "a" * 25, "with space", "slash/ed", "ünder", "nul\x00"])
def test_a_name_that_does_not_fit_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"name|character"):
        Account(1, name).definition()


@pytest.mark.parametrize(
    ("text", "code"),
    [("0.95", "price_out_of_range"), ("100.00", "price_out_of_range"), ("1.01", "off_tick_price"), ("-5", None)],
)
def test_a_price_outside_the_range_or_off_tick_is_refused(text: str, code: str | None) -> None:
    with pytest.raises(ValidationError) as caught:
        Symbol.from_text(1, "ACME", **TEXT).parse_price(text)
    assert caught.value.code == (code or "price_out_of_range")
    assert caught.value.field == "price"


@pytest.mark.parametrize(
    ("text", "code"),
    [("0", "zero_quantity"), ("-1", "zero_quantity"), ("0.0001", "off_lot_quantity"), ("9" * 30, "quantity_overflow")],
)
def test_a_quantity_that_no_order_can_have_is_refused(text: str, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Symbol.from_text(1, "ACME", **TEXT).parse_quantity(text)
    assert (caught.value.code, caught.value.field) == (code, "quantity")


def test_the_largest_quantity_is_the_records_limit() -> None:
    symbol = factories.symbol(quantity_decimals=3)
    assert symbol.parse_quantity(str(Decimal(QUANTITY_MAX) / 1000)) == QUANTITY_MAX
    with pytest.raises(ValidationError, match="largest order"):
        symbol.parse_quantity(str(Decimal(QUANTITY_MAX + 1) / 1000))


@pytest.mark.parametrize(
    "change",
    [
        {"tick_size": "0"},
        {"tick_size": "6553.7"},
        {"lot_size": "x"},
        {"lowest_price": "99.95"},
        {"reference_price": "0.50"},
        {"highest_price": "999999999.00"},
        {"lowest_price": "1.01"},
    ],
)
def test_a_symbol_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises((ValueError, ValidationError)):
        Symbol.from_text(1, "ACME", **(TEXT | change))

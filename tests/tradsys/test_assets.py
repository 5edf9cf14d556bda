"""Assets and contracts: scales reckoned by hand."""

from __future__ import annotations

import pytest

from tradsys import posting_ids
from tradsys.assets import Asset, Contract, format_value, parse_value
from tradsys.errors import ValidationError
from tradsys.symbols import Symbol

DOLLARS, COINS = Asset.from_text(1, "USD", 2, "1"), Asset.from_text(2, "BTC", 8, "60000")


def symbol(tick_size: str, lot_size: str) -> Symbol:
    """A symbol of these scales."""
    return Symbol.from_text(
        1,
        "S",
        tick_size=tick_size,
        lot_size=lot_size,
        lowest_price="0",
        highest_price="1000",
        reference_price="500",
    )


def test_an_asset_is_worth_a_fraction_of_hundredths_for_each_unit() -> None:
    assert (DOLLARS.value_numerator, DOLLARS.value_divisor) == (1, 1)
    assert (COINS.value_numerator, COINS.value_divisor) == (3, 50)  # 6,000,000 hundredths for 100,000,000 units
    assert (COINS.value_of(1), COINS.value_of(50), COINS.value_of(-1), COINS.value_of(-17)) == (1, 3, 0, -1)
    assert Asset.from_text(3, "X", 0).value_numerator == 0
    with pytest.raises(ValueError, match="at most 1000000000"):
        Asset.from_text(3, "ETH", 18, "3000")


def test_amounts_are_exact() -> None:
    assert COINS.parse("0.00000001") == 1
    assert DOLLARS.format(-5) == "-0.05"
    assert (parse_value("12.3"), format_value(1230)) == (1230, "12.30")
    for text in ("0.001", "-1", "0", "1e2", " 1"):
        with pytest.raises(ValidationError):
            DOLLARS.parse(text)


@pytest.mark.parametrize(
    ("tick_size", "lot_size", "expected"),
    [("0.10", "0.0001", (10_000, 1, 1000)), ("0.5", "1", (100_000_000, 50, 1)), ("1", "25", (2_500_000_000, 2500, 1))],
)
def test_a_contract_follows_from_sizes_and_decimals(
    tick_size: str, lot_size: str, expected: tuple[int, int, int]
) -> None:
    contract = Contract.of(symbol(tick_size, lot_size), COINS, DOLLARS, 7)
    assert (contract.lot_value, contract.numerator, contract.divisor) == expected
    assert (contract.base, contract.quote, contract.fee_account) == (2, 1, 7)


def test_a_lot_that_is_no_whole_number_of_units_has_no_contract() -> None:
    with pytest.raises(ValueError, match="no whole number of USD"):
        Contract.of(symbol("1", "0.001"), DOLLARS, COINS, 1)


def test_posting_ids_of_different_kinds_never_meet() -> None:
    derived = [
        posting_ids.of_end(7, 0),
        posting_ids.of_end(7, 1),
        posting_ids.of_transfer("alice", 7),
        posting_ids.of_transfer("bob", 7),
        posting_ids.of_opening("alice", "USD"),
    ]
    assert len(set(derived)) == 5
    assert all(posting_ids.ID_MAX < number < 1 << 63 for number in derived)
    assert posting_ids.of_opening("alice", "USD") == derived[-1]

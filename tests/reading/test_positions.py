"""What a position's average cost is, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tradsys.reading.positions import average_cost
from tradsys.symbols import Symbol

FIVES = Symbol(1, "FIVES", 2, 5, 0, 1, 1, 1000, 500)
"""A tick is 0.05; a lot is one unit. The quote asset has two decimals, so that a tick times a lot is 5."""
ONE_LOT = {"numerator": 5, "divisor": 1}
COIN = Symbol(2, "COIN", 8, 1, 3, 1, 1, 1000, 500)
"""A tick is 0.00000001, a lot 0.001 units: a tick times a lot is a thousandth of the quote asset's 0.00000001."""


@pytest.mark.parametrize(
    ("quantity", "cost", "average"),
    [
        (3, 1000, "3.333333"),  # 10.00 for three
        (3, 2000, "6.666667"),
        (-3, -1000, "3.333333"),  # sold short for 10.00
        (4, 0, "0.000000"),
        (0, 0, None),
    ],
)
def test_the_cost_of_a_unit_is_a_price(quantity: int, cost: int, average: str | None) -> None:
    assert average_cost({"quantity": quantity, "cost": cost}, ONE_LOT, FIVES) == average


def test_what_costs_less_than_the_quote_assets_smallest_unit_still_costs_something() -> None:
    row: dict[str, Any] = {"quantity": 7_000, "cost": 21}  # 7 units for 0.00000021
    assert average_cost(row, {"numerator": 1, "divisor": 1000}, COIN) == "0.000000030000"

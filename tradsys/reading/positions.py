"""What a row of a position says to people."""

from __future__ import annotations

from typing import Any

from tradsys.decimals import format_units
from tradsys.symbols import Symbol

_MORE_DECIMALS = 4
"""Of an average cost, than the symbol's prices have."""


def average_cost(position: Any, contract: Any, symbol: Symbol) -> str | None:
    """What one unit of the quantity cost in the mean, as a price of the symbol, rounded; None of nothing."""
    quantity, cost = abs(int(position["quantity"])), abs(int(position["cost"]))
    if not quantity:
        return None
    units = cost * int(contract["divisor"]) * symbol.tick_units * 10**_MORE_DECIMALS
    lots = quantity * int(contract["numerator"])
    return format_units((2 * units + lots) // (2 * lots), symbol.price_decimals + _MORE_DECIMALS, 1)

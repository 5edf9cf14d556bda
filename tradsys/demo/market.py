"""The fair prices that the simulated traders believe in: a random walk around each symbol's reference price."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from tradsys.symbols import Symbol

_UNITS_OF_PRICE = 4000
"""A step of the walk, and the distance between two quotes, is about this fraction of the price."""
_RANGE_DIVISOR = 4
_LOTS = 10


class Instrument:
    """One symbol and its fair price in ticks. Every choice comes from `dice`."""

    def __init__(self, symbol: Symbol, dice: random.Random, start_ticks: int | None = None) -> None:
        self.symbol = symbol
        self.unit_ticks = max(symbol.reference_ticks // _UNITS_OF_PRICE, 1)
        self._dice = dice
        # Far from the ends of the price range, so that every quote around the fair price is allowed.
        margin = (symbol.highest_ticks - symbol.lowest_ticks) // _RANGE_DIVISOR
        self._lowest = min(symbol.lowest_ticks + margin, symbol.reference_ticks)
        self._highest = max(symbol.highest_ticks - margin, symbol.reference_ticks)
        self.fair_ticks = self._within(symbol.reference_ticks if start_ticks is None else start_ticks)

    @classmethod
    def from_view(cls, view: Mapping[str, Any], dice: random.Random, last_price: str | None) -> Instrument:
        """The instrument that an element of GET /symbols describes, at its last trade's price."""
        symbol = Symbol.from_text(
            0,
            view["symbol"],
            tick_size=view["tick_size"],
            lot_size=view["lot_size"],
            lowest_price=view["lowest_price"],
            highest_price=view["highest_price"],
            reference_price=view["reference_price"],
        )
        return cls(symbol, dice, None if last_price is None else symbol.parse_price(last_price))

    def step(self) -> None:
        """Let the fair price move a little, rather towards the reference price than away from it."""
        away = (self.fair_ticks - self.symbol.reference_ticks) // (100 * self.unit_ticks)
        up = self._dice.randrange(200) >= 100 + max(min(away, 50), -50)
        size = self._dice.randint(0, self.unit_ticks)
        self.fair_ticks = self._within(self.fair_ticks + (size if up else -size))

    def price(self, ticks: int) -> str:
        """The decimal string of a price that stays within the symbol's range."""
        return self.symbol.format_price(max(self.symbol.lowest_ticks, min(ticks, self.symbol.highest_ticks)))

    def quantity(self, most: int) -> str:
        """A random quantity of up to `most` times ten lots."""
        return self.symbol.format_quantity(_LOTS * self._dice.randint(1, most))

    def _within(self, ticks: int) -> int:
        return max(self._lowest, min(ticks, self._highest))

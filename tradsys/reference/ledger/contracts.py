"""What a symbol trades: assets, and how prices and lots become amounts of them."""

from __future__ import annotations

from dataclasses import dataclass

from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.records import PRICE_MAX
from tradsys.reference.ledger.amounts import rounded_up


@dataclass(frozen=True, slots=True)
class Contract:
    """Of a symbol; one lot is `lot_value` of base, one lot at one tick `numerator / divisor` of quote."""

    base: int
    quote: int
    lot_value: int
    numerator: int
    divisor: int
    lowest_ticks: int
    highest_ticks: int
    fee_account: int

    def __post_init__(self) -> None:
        if self.base == self.quote:
            raise ValueError(f"base and quote are both asset {self.base}")
        if not all(1 <= number <= AMOUNT_MAX for number in (self.lot_value, self.numerator, self.divisor)):
            raise ValueError(f"lot value, numerator and divisor must be from 1 to {AMOUNT_MAX}: {self}")
        if not 0 <= self.lowest_ticks <= self.highest_ticks <= PRICE_MAX:
            raise ValueError(f"prices must be from 0 to {PRICE_MAX}: {self.lowest_ticks} to {self.highest_ticks}")

    def notional(self, price_ticks: int, lots: int) -> int:
        """What a trade moves, in quote units."""
        return price_ticks * lots * self.numerator // self.divisor

    def cost(self, ticks_times_lots: int) -> int:
        """What so much can cost at most, in quote units."""
        return rounded_up(ticks_times_lots * self.numerator, self.divisor)

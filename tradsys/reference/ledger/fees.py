"""Fee schedules, and what an order owes by one of them."""

from __future__ import annotations

from dataclasses import dataclass

from tradsys.ledger.terms import AMOUNT_MAX, MILLION
from tradsys.reference.ledger.amounts import up


@dataclass(frozen=True, slots=True)
class Fees:
    """Rates in millionths (negative: rebates), and a minimum for what an order takes, in quote units."""

    maker: int = 0
    taker: int = 0
    minimum: int = 0

    def __post_init__(self) -> None:
        if not all(-MILLION <= rate <= MILLION for rate in (self.maker, self.taker)):
            raise ValueError(f"rates must be from {-MILLION} to {MILLION}: {self}")
        if not 0 <= self.minimum <= AMOUNT_MAX:
            raise ValueError(f"the minimum must be from 0 to {AMOUNT_MAX}: {self.minimum}")

    @property
    def highest(self) -> int:
        """The rate that costs an order most."""
        return max(self.maker, self.taker)

    @property
    def minimum_taken(self) -> int:
        """The minimum, where there is one."""
        return self.minimum if self.taker > 0 else 0

    def so_far(self, maker_notional: int, taker_notional: int) -> int:
        """What an order owes that has traded so much in each role."""
        taken = up(taker_notional, self.taker)
        if self.taker > 0:
            taken = min(max(taken, self.minimum), taker_notional)
        return up(maker_notional, self.maker) + taken


NO_FEES = Fees()

"""What amounts of assets are worth in the venue's unit of account."""

from __future__ import annotations

from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.reference.ledger.amounts import rounded_up


def bounded(amount: int) -> int:
    """What is beyond the greatest amount, or the least, counts as that."""
    return max(min(amount, AMOUNT_MAX), -AMOUNT_MAX)


class Values:
    """Of each asset the fraction of units of account that its smallest unit is worth; 0 until it is set."""

    def __init__(self) -> None:
        self._fractions: dict[int, tuple[int, int]] = {}

    def set(self, asset: int, numerator: int, divisor: int) -> None:
        """From now on the asset is worth so much."""
        self._fractions[asset] = (numerator, divisor)

    def of(self, amount: int, asset: int) -> int:
        """Rounded towards plus infinity: never less than exact."""
        numerator, divisor = self._fractions.get(asset, (0, 1))
        return bounded(rounded_up(amount * numerator, divisor))

"""The day, and what accounts have traded and realised on it."""

from __future__ import annotations

from dataclasses import dataclass

from tradsys.ledger.terms import DAY_NS
from tradsys.reference.risk.values import bounded


@dataclass(slots=True)
class DayFigures:
    """Of an account, in units of account."""

    traded: int = 0
    realised: int = 0


class Today:
    """The latest day of all that the ledger has seen; what is settled late counts for it."""

    def __init__(self) -> None:
        self.day = 0
        self._figures: dict[int, DayFigures] = {}

    def see(self, timestamp_ns: int) -> bool:
        """Time has come so far; gives whether that is another day."""
        if timestamp_ns // DAY_NS <= self.day:
            return False
        self.day = timestamp_ns // DAY_NS
        self._figures.clear()
        return True

    def of(self, account: int) -> DayFigures:
        """A copy of the account's figures."""
        figures = self._figures.get(account, DayFigures())
        return DayFigures(figures.traded, figures.realised)

    def trade(self, account: int, traded: int, realised: int) -> None:
        """The account has traded so much, and realised so much less the fee."""
        figures = self._figures.setdefault(account, DayFigures())
        figures.traded = bounded(figures.traded + traded)
        figures.realised = bounded(figures.realised + realised)

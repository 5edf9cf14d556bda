"""Figures that have come near their limits."""

from __future__ import annotations

from tradsys.reference.risk.outbox import Alert, Outbox
from tradsys.risk.terms import Limit

PERCENTS = (80, 100)
_OF_A_DAY = (Limit.DAILY_NOTIONAL, Limit.DAILY_LOSS)


class Alerts:
    """How far each figure stood after the account's last trade."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._reached: dict[tuple[int, int, Limit], list[int]] = {}
        """By account, symbol (of a position) and limit: the percentages that were reached."""

    def begin_day(self) -> None:
        """Figures of a day begin anew."""
        self._reached = {place: reached for place, reached in self._reached.items() if place[2] not in _OF_A_DAY}

    def look(self, account: int, symbol: int, limit: Limit, figure: int, bound: int | None) -> None:
        """After a trade the figure is such; `symbol` is 0 but of a position, `bound` None where no limit is set."""
        reached = [
            percent for percent in PERCENTS if bound is not None and figure > 0 and figure * 100 >= bound * percent
        ]
        before = self._reached.get((account, symbol, limit), [])
        self._reached[account, symbol, limit] = reached
        for percent in reached:
            if percent not in before:
                assert bound is not None
                self._outbox.put(Alert(account, symbol, limit, percent, figure, bound))

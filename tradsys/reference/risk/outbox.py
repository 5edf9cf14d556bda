"""What the venue itself must log next."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from tradsys.risk.terms import Cause, Limit, Transition


@dataclass(frozen=True, slots=True)
class Alert:
    """A figure has reached so many percent of its limit, `bound`; `symbol` only of a position."""

    account: int
    symbol: int
    limit: Limit
    percent: int
    amount: int
    bound: int


@dataclass(frozen=True, slots=True)
class BreakerRecord:
    """The breaker of a symbol, or of the venue (0), is to do something."""

    symbol: int
    transition: Transition
    cause: Cause


class Outbox:
    """Records in the order in which they must be logged; each stays until it is."""

    def __init__(self) -> None:
        self._records: deque[Alert | BreakerRecord] = deque()

    def put(self, record: Alert | BreakerRecord) -> None:
        """One more."""
        self._records.append(record)

    def pop(self) -> None:
        """The first one stands in the log."""
        self._records.popleft()

    def has_of_breaker(self, symbol: int) -> bool:
        """Whether something of that breaker waits to be logged."""
        return any(isinstance(record, BreakerRecord) and record.symbol == symbol for record in self._records)

    @property
    def records(self) -> list[Alert | BreakerRecord]:
        """All that wait."""
        return list(self._records)

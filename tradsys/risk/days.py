"""What an account has traded and realised on a day of the log's clock. The rule: docs/risk.md, What is counted."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel
from tradsys.ledger.layout import W_TODAY, Ledger
from tradsys.ledger.terms import DAY_NS
from tradsys.ledger.values import value_of
from tradsys.risk.sums import bounded


@kernel
def today_with(ledger: Ledger, timestamp_ns: int) -> int:
    """Today, when a command had this time."""
    today = signed(ledger.words[W_TODAY])
    return today if timestamp_ns < (today + 1) * DAY_NS else timestamp_ns // DAY_NS


@kernel
def traded_on(account: Any, day: int) -> int:
    """The value that an account has traded on a day that is its last one, or later."""
    return signed(account.day_traded) if account.day == day else signed(0)


@kernel
def realised_on(account: Any, day: int) -> int:
    """The value that it has realised, less fees."""
    return signed(account.day_realised) if account.day == day else signed(0)


@kernel
def add_to_today(ledger: Ledger, account: Any, quote: int, notional: int, profit: int) -> None:
    """A trade: so much notional, so much realised less its fee."""
    day = signed(ledger.words[W_TODAY])
    if account.day != day:
        account.day = day
        account.day_traded = 0
        account.day_realised = 0
        account.notional_alert = 0
        account.loss_alert = 0
    account.day_traded = bounded(account.day_traded + value_of(ledger, quote, notional))
    account.day_realised = bounded(account.day_realised + value_of(ledger, quote, profit))

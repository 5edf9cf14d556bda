"""What an account has traded and realised on a day of the log's clock. The rule: docs/risk.md, What is counted."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel
from tradsys.ledger.layout import W_TODAY, Ledger
from tradsys.ledger.terms import AMOUNT_MAX, DAY_NS
from tradsys.ledger.values import value_of
from tradsys.ledger.volumes import come_to_today
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
def add_to_today(ledger: Ledger, number: int, quote: int, notional: int, profit: int) -> None:
    """A trade of an account: so much notional, so much realised less its fee."""
    come_to_today(ledger, number)
    account = ledger.accounts[number]
    assert account.day == ledger.words[W_TODAY], "the account's figures are those of today"
    account.day_traded = min(account.day_traded + value_of(ledger, quote, notional), signed(AMOUNT_MAX))
    account.day_realised = bounded(account.day_realised + value_of(ledger, quote, profit))

"""What accounts have traded, day by day of the log's clock. The rule: docs/ledger.md, Fees."""

from __future__ import annotations

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.layout import DAY_SLOTS, W_TODAY, Ledger
from tradsys.ledger.terms import AMOUNT_MAX, DAY_NS, VOLUME_DAYS
from tradsys.ledger.values import value_of


@kernel
def see_time(ledger: Ledger, timestamp_ns: int) -> None:
    """A command or an event has this time: today is the latest day of all there were."""
    if timestamp_ns >= (ledger.words[W_TODAY] + 1) * DAY_NS:
        ledger.words[W_TODAY] = timestamp_ns // DAY_NS


@kernel_entry
def _begin_day(ledger: Ledger, account: int) -> None:
    """It is another day than the account's last one: that one is put to those before."""
    volume = ledger.volumes[account]
    today, last = signed(ledger.words[W_TODAY]), signed(volume.day)
    first, slots = today - VOLUME_DAYS, account * DAY_SLOTS
    ledger.day_volumes[slots + last % DAY_SLOTS] = volume.today
    for day in range(max(last + 1, first), today):
        ledger.day_volumes[slots + day % DAY_SLOTS] = 0
    before = signed(0)
    for day in range(first, today):
        before = min(before + ledger.day_volumes[slots + day % DAY_SLOTS], signed(AMOUNT_MAX))
    volume.day = today
    volume.today = 0
    volume.before = before


@kernel
def volume_of(ledger: Ledger, account: int) -> int:
    """The value of what an account traded on the VOLUME_DAYS days before today."""
    if ledger.volumes[account].day != ledger.words[W_TODAY]:
        _begin_day(ledger, account)
    return signed(ledger.volumes[account].before)


@kernel
def add_to_volume(ledger: Ledger, account: int, quote: int, notional: int) -> None:
    """An account has traded so much of a quote asset."""
    volume = ledger.volumes[account]
    if volume.day != ledger.words[W_TODAY]:
        _begin_day(ledger, account)
    volume.today = min(volume.today + value_of(ledger, quote, notional), signed(AMOUNT_MAX))

"""What accounts have traded, day by day of the log's clock. The rules: docs/ledger.md, Fees; docs/risk.md, Day."""

from __future__ import annotations

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.layout import DAY_SLOTS, W_TODAY, Ledger
from tradsys.ledger.terms import AMOUNT_MAX, DAY_NS, VOLUME_DAYS


@kernel
def see_time(ledger: Ledger, timestamp_ns: int) -> None:
    """A command, an event or a tick has this time: today is the latest day of all there were."""
    if timestamp_ns >= (ledger.words[W_TODAY] + 1) * DAY_NS:
        ledger.words[W_TODAY] = timestamp_ns // DAY_NS


@kernel_entry
def _begin_day(ledger: Ledger, number: int) -> None:
    """It is another day than the account's last one: what it traded on that one is put to the days before."""
    account = ledger.accounts[number]
    today, last = signed(ledger.words[W_TODAY]), signed(account.day)
    first, slots = today - VOLUME_DAYS, number * DAY_SLOTS
    assert today > last, "days only grow"
    assert account.day_traded >= 0, "nobody trades less than nothing on a day"
    ledger.day_volumes[slots + last % DAY_SLOTS] = account.day_traded
    for day in range(max(last + 1, first), today):
        ledger.day_volumes[slots + day % DAY_SLOTS] = 0
    volume = signed(0)
    for day in range(first, today):
        volume = min(volume + ledger.day_volumes[slots + day % DAY_SLOTS], signed(AMOUNT_MAX))
    assert volume >= 0, "nobody trades less than nothing on several days"
    account.volume = volume
    account.day = today
    account.day_traded = 0
    account.day_realised = 0
    account.notional_alert = 0
    account.loss_alert = 0


@kernel
def come_to_today(ledger: Ledger, number: int) -> None:
    """An account's figures of the day, and its volume of the days before, are those of today."""
    if ledger.accounts[number].day != ledger.words[W_TODAY]:
        _begin_day(ledger, number)


@kernel
def volume_of(ledger: Ledger, number: int) -> int:
    """The value of what an account traded on the VOLUME_DAYS days before today."""
    come_to_today(ledger, number)
    return signed(ledger.accounts[number].volume)


@kernel_entry
def volume_seen(ledger: Ledger, number: int) -> int:
    """The same for somebody who only looks: it brings nothing up to date."""
    account = ledger.accounts[number]
    today, last = signed(ledger.words[W_TODAY]), signed(account.day)
    if last == today:
        return signed(account.volume)
    volume = signed(0)
    for day in range(today - VOLUME_DAYS, last + 1):
        traded = account.day_traded if day == last else ledger.day_volumes[number * DAY_SLOTS + day % DAY_SLOTS]
        volume = min(volume + signed(traded), signed(AMOUNT_MAX))
    return volume

"""The watch over a venue's ledger: what it counts, and that it tells an error once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.workers.stepped import SIZES, SteppedVenue, compact
from tradsys.ledger.layout import W_FAULTS, W_LOST
from tradsys.ledger.terms import AccountKind
from tradsys.records import COMMAND, Kind, details
from tradsys.risk.outbox import send_breaker
from tradsys.risk.terms import Cause, Transition
from workers.ledgerwatch import LedgerWatch


class Log:
    """What was told."""

    def __init__(self) -> None:
        self.errors: list[dict[str, Any]] = []

    def error(self, _text: str, **values: Any) -> None:
        self.errors.append(values)


@pytest.fixture
def venue(tmp_path: Path) -> SteppedVenue:
    """A venue with two assets, and accounts one of which has got money from outside."""
    venue = SteppedVenue(tmp_path, compact())
    venue.define()
    records = [details(Kind.ASSET, asset=asset, value_divisor=1) for asset in (1, 2)]
    records.append(details(Kind.ACCOUNT, account=4, account_kind=AccountKind.OUTSIDE))
    records.append(details(Kind.POSTING, posting_kind=1, number=1, account=4, target=1, asset=1, amount=100))
    for record in records:
        venue.submit(record.view(COMMAND))
    venue.settle()
    return venue


def test_it_counts_what_must_never_be_and_tells_it_once(venue: SteppedVenue) -> None:
    ledger, log = venue.memory.ledger, Log()
    sequencer = venue.worker_with("sequencer")._worker
    assert sequencer is not None
    watch = LedgerWatch(venue.memory, sequencer.sequencer.decider, log)

    def counted() -> tuple[int, int]:
        for _ in range(4):
            watch.step()
        counters = venue.memory.counters.snapshot()
        return counters["ledger_faults"], counters["ledger_imbalance"]

    assert counted() == (0, 0)
    assert venue.memory.counters.snapshot()["ledger_sums"] == 4
    ledger.balances["available"][len(ledger.balances) // len(ledger.accounts) + 1] += 7
    ledger.words[W_FAULTS] = 2
    assert counted() == counted() == (2, 1)
    assert log.errors == [{"faults": 2}, {"asset": 1, "total": 7}]
    ledger.balances["available"][len(ledger.balances) // len(ledger.accounts) + 1] -= 7
    ledger.words[W_FAULTS] = 0
    assert counted() == (0, 0)
    venue.close()


def test_what_the_outbox_lost_is_shown_and_told_whenever_it_begins_to_grow(venue: SteppedVenue) -> None:
    ledger, log = venue.memory.ledger, Log()
    sequencer = venue.worker_with("sequencer")._worker
    assert sequencer is not None
    watch = LedgerWatch(venue.memory, sequencer.sequencer.decider, log)
    shown = []
    for lost in (0, 2, 3, 7, 7, 7, 8, 8):
        ledger.words[W_LOST] = lost
        watch.step()
        shown.append(venue.memory.counters.snapshot()["ledger_lost"])
    assert shown == [0, 2, 3, 7, 7, 7, 8, 8]
    assert log.errors == [{"lost": 2}, {"lost": 8}]
    again = Log()
    LedgerWatch(venue.memory, sequencer.sequencer.decider, again).step()
    assert again.errors == [], "a worker that was started again has nothing new to tell"
    venue.close()


def test_what_finds_no_room_in_the_outbox_is_shown(venue: SteppedVenue) -> None:
    ledger = venue.memory.ledger
    watch = venue.worker_with("sequencer")._watch
    assert watch is not None
    for _ in range(len(ledger.outbox) + 5):
        send_breaker(ledger, 1, int(Transition.TRIP), int(Cause.MANUAL))
    watch.step()
    assert venue.memory.counters.snapshot()["ledger_lost"] == 5
    venue.close()


def test_a_watch_begins_anew_when_its_worker_does(venue: SteppedVenue) -> None:
    assert SIZES.accounts_max > 4
    venue.memory.ledger.summing[:] = (1, 3, 99)
    venue.restart("engine")
    watch = venue.worker_with("sequencer")._watch
    assert watch is not None
    for _ in range(4):
        watch.step()
    assert venue.memory.counters.snapshot()["ledger_imbalance"] == 0
    venue.close()

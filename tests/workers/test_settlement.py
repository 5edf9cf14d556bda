"""The sequencer decides with the ledger, whatever the order in which its workers get their turns, and when they die."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from shm import broadcast
from shm.clock import timespec
from tests.factories import amend, buy, cancel_all, sell
from tests.workers.crashes import crash_anywhere
from tests.workers.settled_venue import (
    BASE,
    BASE_FUNDS,
    PORT,
    QUOTE,
    QUOTE_FUNDS,
    Counts,
    assert_settled,
    limits,
    money,
    officer,
    tell,
    transfer,
)
from tests.workers.stepped import ACCOUNTS, SIZES, SteppedVenue, compact, log_end, sharded
from tradsys.ledger.balances import balance_of
from tradsys.ledger.layout import state_of
from tradsys.reasons import Reason
from tradsys.records import COMMAND, EventKind, Kind, details
from tradsys.risk.terms import Limit, Scope, Transition
from workers import memory
from workers.codes import code_of
from workers.journal import JournalWriter
from workers.redecision import DecisionError
from workers.sequencer import VENUE_SOURCE

ROOMY = msgspec.structs.replace(SIZES, event_ring=256, gateway_ring=128, recent_client_ids=8)
PLANS = {"compact": (1, compact(1)), "compact-3": (3, compact(3)), "sharded-3": (3, sharded(3))}


@pytest.fixture(params=PLANS)
def venue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SteppedVenue]:
    shards, plans = PLANS[request.param]
    venue = SteppedVenue(tmp_path, plans, msgspec.structs.replace(ROOMY, shards=shards))
    venue.define()
    tell(venue, money())
    yield venue
    venue.close()


def settled(venue: SteppedVenue) -> Counts:
    return assert_settled(venue.records(), venue.sizes, venue.memory.ledger)


def of(venue: SteppedVenue, account: int, asset: int) -> tuple[int, int]:
    """Available and held."""
    balance = balance_of(venue.memory.ledger, account, asset)
    return int(balance["available"]), int(balance["held"])


def reasons(venue: SteppedVenue, kind: Kind) -> list[int]:
    records = venue.records()
    return [int(reason) for reason in records["reason"][records["kind"] == kind]]


def test_an_order_that_cannot_be_paid_is_refused_and_holds_nothing(venue: SteppedVenue) -> None:
    venue.submit(np.concatenate([buy(500, 1, account=1), sell(500, BASE_FUNDS, account=1)]))
    venue.settle()
    assert reasons(venue, Kind.NEW) == [Reason.NONE, Reason.INSUFFICIENT_FUNDS]
    assert of(venue, 1, BASE) == (BASE_FUNDS, 0)
    assert sum(of(venue, 1, QUOTE)) == QUOTE_FUNDS
    assert of(venue, 1, QUOTE)[1] > 500 // 3
    venue.assert_right()
    settled(venue)


def test_what_a_fill_brings_in_can_be_spent_at_once(venue: SteppedVenue) -> None:
    """A chain of sales, each with what the one before has bought, without a pause but what settling itself takes."""
    everything = BASE_FUNDS // 2
    venue.submit(sell(500, everything, account=2))
    venue.settle()
    venue.submit(buy(500, everything, account=1))
    cycles = 0
    while of(venue, 1, BASE)[0] < 2 * BASE_FUNDS - 1:
        venue.sequence()
        venue.write()
        for shard in range(venue.sizes.shards):
            venue.match(shard)
        cycles += 1
    assert cycles == 2, "one cycle to match, and the next one has settled it"
    venue.submit(sell(510, 2 * everything, account=1))
    venue.settle()
    assert reasons(venue, Kind.NEW) == [Reason.NONE] * 3
    settled(venue)


def test_an_amendment_waits_for_the_fills_of_its_order(venue: SteppedVenue) -> None:
    venue.submit(buy(500, 20, account=1))
    venue.settle()
    order = int(venue.seen[1 % venue.sizes.shards][-1]["order_id"])
    # The fill is on its way when the amendment comes.
    venue.submit(np.concatenate([sell(500, 7, account=2), amend(order, quantity_lots=30, account=1)]))
    venue.sequence()
    venue.sequence()
    assert reasons_logged(venue) == [Kind.NEW], "the amendment stays in the ring"
    venue.settle()
    assert reasons(venue, Kind.AMEND) == [Reason.NONE]
    settled(venue)


def reasons_logged(venue: SteppedVenue) -> list[int]:
    """Kinds that clients sent last, as far as the log has them and the journal does not."""
    slots, cursor = venue.memory.log.slots.view(np.ndarray), int(broadcast.published(venue.memory.log))
    numbers = np.arange(len(venue.records()) + 1, cursor + 1) & (len(slots) - 1)
    kinds = slots["kind"][numbers]
    return [int(kind) for kind in kinds if kind in (Kind.NEW, Kind.AMEND)]


def test_random_traders_with_scarce_money(venue: SteppedVenue, seed: int) -> None:
    dice = random.Random(seed)
    crash_anywhere(venue, dice, 300, crashes=False)
    venue.assert_right()
    assert settled(venue).refusals > 0


def test_random_crashes_lose_no_unit(venue: SteppedVenue, seed: int) -> None:
    dice = random.Random(seed)
    assert crash_anywhere(venue, dice, 500) > 5
    for number in range(3):
        venue.submit(transfer(1000 + number, 1 + number, 1 + (number + 1) % ACCOUNTS, 10), PORT)
    venue.settle()
    venue.assert_right()
    assert settled(venue).refusals > 0


@pytest.mark.parametrize("crashes", [False, True])
def test_random_risk_officers(venue: SteppedVenue, seed: int, crashes: bool) -> None:
    dice = random.Random(seed)
    tell(venue, limits())
    for _ in range(25):
        venue.submit(officer(dice), PORT)
        crash_anywhere(venue, dice, 20, crashes=crashes)
    assert settled(venue).refusals > 0
    venue.assert_right()


def test_a_circuit_breaker_halts_the_symbol_and_recovers_with_the_logs_time(venue: SteppedVenue) -> None:
    tell(venue, limits())
    for price in (500, 520):
        venue.submit(sell(price, 1, account=2))
        venue.submit(buy(price, 1, account=1))
        venue.settle()
    venue.submit(buy(500, 1, account=1))
    venue.settle()
    assert venue.seen[1 % venue.sizes.shards][-1]["reason"] == Reason.SYMBOL_NOT_OPEN
    for _ in range(60):  # no trade in between
        venue.sequence()
        venue.write()
        for shard in range(venue.sizes.shards):
            venue.match(shard)
    venue.submit(buy(500, 1, account=1))
    venue.settle()
    records = venue.records()
    transitions = records["side"][(records["kind"] == Kind.BREAKER) & (records["source"] == VENUE_SOURCE)]
    assert transitions.tolist() == [Transition.TRIP, Transition.RESET]
    assert venue.seen[1 % venue.sizes.shards][-1]["kind"] == EventKind.ACCEPTED
    assert settled(venue).own_records == 2
    venue.assert_right()


def test_shards_are_settled_again_in_the_order_in_which_they_were(venue: SteppedVenue) -> None:
    """A loss would be near its limit if the profit before it had not been settled first."""
    later, sooner = 3, 1  # with three shards those of a lower number are settled first
    for symbol in (later, sooner):
        venue.submit(np.concatenate([sell(500, 10, account=2, symbol=symbol), buy(500, 10, account=1, symbol=symbol)]))
    venue.settle()
    # 100 ticks up, or down, on 10 lots are 333 each.
    told = dict(scope=Scope.ACCOUNT, limit=Limit.DAILY_LOSS, amount=400, account=1)
    tell(venue, [details(Kind.LIMIT, **told).view(COMMAND)])
    profit = [buy(600, 10, account=3, symbol=sooner), sell(600, 10, account=1, symbol=sooner)]
    loss = [buy(400, 10, account=3, symbol=later), sell(400, 10, account=1, symbol=later)]
    venue.submit(np.concatenate([*profit, *loss]))
    venue.sequence()
    venue.write()
    for symbol in (sooner, later):
        venue.match(symbol % venue.sizes.shards)
        venue.worker_with("sequencer").settle()
    venue.settle()
    alerts = settled(venue).own_records
    venue.restart_cold()
    venue.settle()
    assert settled(venue).own_records == alerts


def test_a_full_log_holds_up_no_settlement(tmp_path: Path) -> None:
    """A shard that cannot tell all its events holds the log up, until what it has told is settled: in their order."""
    narrow = msgspec.structs.replace(SIZES, shards=2, event_ring=64, log_ring=64)
    venue = SteppedVenue(tmp_path, sharded(2), narrow)
    try:
        venue.define()
        tell(venue, money())
        for _ in range(10):
            venue.submit(np.concatenate([buy(10, 1, account=1, symbol=2)] * 15))
            venue.settle()
        busy = 1  # the shard of symbol 1; that of symbol 2 is stuck
        venue.submit(cancel_all(account=1, symbol=2))
        still = 0
        while still < 5:
            venue.submit(np.concatenate([sell(500, 1, account=3, symbol=1), buy(500, 1, account=2, symbol=1)]))
            end = log_end(venue.memory)
            venue.sequence()
            venue.write()
            venue.match(busy)
            venue.read()
            still = still + 1 if log_end(venue.memory) == end else 0
        venue.settle()
        venue.assert_right()
        settled(venue)
        assert of(venue, 1, QUOTE) == (QUOTE_FUNDS, 0)
        before = [array.tobytes() for array in state_of(venue.memory.ledger)]
        venue.restart_cold()
        venue.settle()
        assert [array.tobytes() for array in state_of(venue.memory.ledger)] == before
    finally:
        venue.close()


def test_a_start_takes_every_decision_again_and_comes_to_the_same_state(venue: SteppedVenue, seed: int) -> None:
    tell(venue, limits())
    crash_anywhere(venue, random.Random(seed), 200, crashes=False)
    before = [array.tobytes() for array in state_of(venue.memory.ledger)]
    venue.restart_cold()
    venue.settle()
    after = [array.tobytes() for array in state_of(venue.memory.ledger)]
    assert before == after
    settled(venue)


def test_a_decision_that_is_not_the_logs_is_a_failed_start(venue: SteppedVenue) -> None:
    venue.submit(buy(500, 1, account=1))
    venue.settle()
    records = venue.records()
    at = int(np.flatnonzero(records["kind"] == Kind.NEW)[0])
    forge(venue, at, "reason", Reason.INSUFFICIENT_FUNDS)
    name = venue.worker_with("sequencer").plan.name
    venue.crash(name)
    with pytest.raises(DecisionError, match=f"record {at + 1} .* INSUFFICIENT_FUNDS") as caught:
        venue.start(name)
    assert code_of(caught.value) == "log_contradicted"


def forge(venue: SteppedVenue, at: int, field: str, value: Any) -> None:
    """Write another log to the venue's directory, with one field of one record changed."""
    records = venue.records()
    records[field][at] = value
    for worker in venue.workers.values():
        if worker._journal is not None:
            worker._journal.close()
            worker._journal = None
    for path in venue.directory.iterdir():
        path.unlink()
    copy = memory.private(msgspec.structs.replace(venue.sizes, log_ring=1 << 12))
    writer = JournalWriter(venue.directory, copy, "memory", 1 << 16, timespec())
    copy.log.slots.view(np.ndarray)[1 : len(records) + 1] = records.view(COMMAND)
    broadcast.publish(copy.log, len(records))
    while writer.write():
        pass
    writer.close()

"""Workers that crash and come back: nothing lost, nothing doubled, the state as if nothing had happened."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from shm import broadcast, ring
from tests.factories import buy, define_account, joined, market, sell
from tests.workers.crashes import crash_anywhere
from tests.workers.stepped import (
    SIZES,
    KilledError,
    SteppedVenue,
    SteppedWorker,
    compact,
    log_end,
    ring_heads,
    sharded,
)
from tests.workers.traders import Traders
from tradsys.book.layout import W_PENDING
from tradsys.reasons import Reason
from tradsys.records import EventKind, Kind, Side
from workers.memory import ACCOUNTS, JOURNALED
from workers.serving import StoppedError
from workers.topology import WorkerPlan

ENGINE = "engine"


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[SteppedVenue]:
    """A compact venue with accounts and symbols, in which every agent is stepped by hand."""
    venue = SteppedVenue(tmp_path, compact())
    venue.define()
    yield venue
    venue.close()


def fill_the_book(venue: SteppedVenue, orders: int) -> None:
    """`orders` small offers at two prices, one after the other."""
    sent = 0
    while sent < orders:
        sent += venue.submit(joined(*[sell(500 + number % 2, 1) for number in range(min(orders - sent, 32))]))
        venue.settle()


def test_an_uninterrupted_venue_says_what_the_reference_says(venue: SteppedVenue, seed: int) -> None:
    traders = Traders(venue, seed)
    for _ in range(60):
        venue.submit(traders.next(12))
        venue.settle()
    venue.assert_right()
    assert len(venue.seen[0]) > 600


@pytest.mark.parametrize("steps", ["", "s", "sw", "sm", "swm", "smw", "swmr", "smsw"])
def test_a_crash_after_any_step_of_a_command_leaves_no_trace(venue: SteppedVenue, seed: int, steps: str) -> None:
    traders = Traders(venue, seed)
    act = {"s": venue.sequence, "w": venue.write, "m": venue.match, "r": venue.read}
    for _ in range(8):
        venue.submit(traders.next(10))
        for step in steps:
            act[step]()
        venue.restart(ENGINE)
        venue.settle()
    venue.assert_right()


def test_a_crash_between_the_log_and_the_rings_release_takes_nothing_in_twice(venue: SteppedVenue, seed: int) -> None:
    traders = Traders(venue, seed)
    for port in (0, 1, 2, 1):
        venue.submit(traders.next(10), port)
        heads = ring_heads(venue.memory)
        venue.sequence()
        venue.memory.gateways[port].header[ring.HEAD] = heads[port]
        venue.restart(ENGINE)
        assert venue.memory.gateways[port].header[ring.HEAD] == heads[port] + 10
        venue.settle()
    venue.assert_right()


@pytest.mark.parametrize("kind", [Kind.TICK, Kind.BOOT, Kind.NONE, 200])
def test_a_refused_command_counts_as_taken_in_after_a_crash(venue: SteppedVenue, kind: int) -> None:
    command = buy(400)
    command["kind"] = kind
    venue.submit(joined(buy(400), buy(401), command))
    heads = ring_heads(venue.memory)
    venue.sequence()
    venue.memory.gateways[0].header[ring.HEAD] = heads[0]
    venue.restart(ENGINE)
    venue.settle()
    venue.assert_right()
    assert venue.seen[0]["reason"][-1] == Reason.UNKNOWN_COMMAND


def test_a_definition_that_did_not_reach_the_log_is_taken_in_again(venue: SteppedVenue) -> None:
    known = int(venue.memory.control[ACCOUNTS])
    venue.submit(joined(define_account(known + 1), buy(400, account=known + 1)))
    heads, end = ring_heads(venue.memory), log_end(venue.memory)
    venue.sequence()
    assert venue.memory.control[ACCOUNTS] == known + 1
    # As if the crash had come after the table was written, and before the log's cursor moved.
    venue.memory.log.header[broadcast.CURSOR] = end
    venue.memory.gateways[0].header[ring.HEAD] = heads[0]
    venue.restart(ENGINE)
    assert venue.memory.control[ACCOUNTS] == known
    venue.settle()
    venue.assert_right()
    assert venue.seen[0]["kind"][-2:].tolist() == [EventKind.ACCOUNT, EventKind.ACCEPTED]


def test_a_crash_in_the_middle_of_a_sweep_that_filled_the_event_ring(venue: SteppedVenue) -> None:
    fill_the_book(venue, 600)
    venue.submit(market(Side.BUY, 500))
    venue.sequence()
    venue.write()
    while venue.match():
        pass
    assert venue.memory.shards[0].words[W_PENDING] != 0
    venue.crash(ENGINE)
    ends = [int(broadcast.published(venue.memory.events[0]))]
    beat = 0
    while ends[-1] < ends[0] + 100:
        beat += 1
        with pytest.raises(KilledError):
            venue.start(ENGINE, dies_at_beat=beat)
        ends.append(int(broadcast.published(venue.memory.events[0])))
    assert ends == sorted(ends)
    assert ends[0] < ends[-1] < ends[0] + 500, "some of the sweep was published while recovering, not all"
    venue.start(ENGINE)
    venue.settle()
    venue.assert_right()
    assert (venue.seen[0]["kind"] == EventKind.TRADE).sum() == 500


def test_recovery_waits_for_a_reader_that_lags_and_overwrites_nothing(venue: SteppedVenue, seed: int) -> None:
    traders = Traders(venue, seed)
    for _ in range(10):
        venue.submit(traders.next(30))
        for _ in range(6):
            venue.sequence()
            venue.write()
            venue.match()
        assert venue.ports[0].has_events()
        venue.restart(ENGINE)
        venue.read()
    venue.settle()
    venue.assert_right()


def test_a_crash_before_the_first_record_is_written_boots_the_venue_once(tmp_path: Path) -> None:
    venue = SteppedVenue(tmp_path, compact())
    venue.restart(ENGINE)
    venue.sequence()
    venue.restart(ENGINE)
    venue.define()
    venue.assert_right()
    venue.close()


def test_a_new_start_from_the_journal_goes_on_where_the_old_one_ended(venue: SteppedVenue, seed: int) -> None:
    traders = Traders(venue, seed)
    for _ in range(5):
        for _ in range(6):
            venue.submit(traders.next(10))
            venue.settle()
        venue.submit(traders.next(20))
        venue.sequence()
        venue.restart_cold()
        assert venue.memory.control[ACCOUNTS] == 3
    venue.settle()
    venue.assert_right()


def test_a_new_start_is_crashed_before_it_has_booted(venue: SteppedVenue, seed: int) -> None:
    venue.submit(Traders(venue, seed).next(30))
    venue.settle()
    venue.restart_cold()
    venue.restart(ENGINE)
    venue.submit(buy(400))
    venue.restart(ENGINE)
    venue.settle()
    venue.assert_right()


def test_nothing_is_shown_before_it_is_journaled(venue: SteppedVenue) -> None:
    venue.submit(buy(400))
    venue.sequence()
    venue.match()
    assert venue.read() == 0
    assert not venue.ports[0].has_events()
    venue.write()
    assert venue.memory.control[JOURNALED] == log_end(venue.memory)
    assert venue.ports[0].has_events()
    assert venue.read() == 1


def test_random_crashes_of_a_compact_venue_leave_no_trace(venue: SteppedVenue, seed: int) -> None:
    assert crash_anywhere(venue, random.Random(seed), 700) > 10
    venue.assert_right()


def test_random_crashes_of_an_engine_with_a_journal_beside_it_leave_no_trace(tmp_path: Path, seed: int) -> None:
    plans = [
        WorkerPlan(0, "journal", ["journal"], None, "yield"),
        WorkerPlan(1, ENGINE, ["sequencer", "matcher-0"], None, "yield"),
    ]
    venue = SteppedVenue(tmp_path, plans, level="group")
    venue.define()
    assert crash_anywhere(venue, random.Random(seed), 500) > 5
    venue.assert_right()
    venue.close()


def test_the_clock_of_the_log_never_goes_back(venue: SteppedVenue) -> None:
    venue.submit(buy(400))
    venue.settle()
    venue.now_ns -= 10_000_000_000
    venue.restart(ENGINE)
    venue.submit(buy(401))
    venue.settle()
    assert (np.diff(venue.records()["timestamp_ns"]) >= 0).all()


def test_an_event_ring_smaller_than_the_journal_is_enough_to_rebuild(venue: SteppedVenue) -> None:
    fill_the_book(venue, 5 * SIZES.event_ring)
    venue.restart(ENGINE)
    venue.settle()
    venue.assert_right()


@pytest.mark.parametrize("name", ["sequencer", "matcher-0"])
def test_a_worker_that_is_stopped_while_the_log_is_not_on_disk_does_not_go_on_without_it(
    tmp_path: Path, name: str
) -> None:
    """The journal's worker died before it had written anything, so there is nothing to read."""
    venue = SteppedVenue(tmp_path, sharded(1))
    venue.crash("journal")
    venue.submit(define_account(1))
    venue.sequence()
    venue.match()
    assert log_end(venue.memory) > venue.memory.control[JOURNALED] == 0
    venue.crash(name)
    plan = next(plan for plan in venue.description.workers if plan.name == name)
    worker = SteppedWorker(venue.description, plan, venue.memory, lambda: worker.stop())
    with pytest.raises(StoppedError):
        worker.recover()
    worker.close()
    venue.close()

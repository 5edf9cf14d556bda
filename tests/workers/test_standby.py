"""A standby goes on where a dead worker stopped, whenever that was: nothing is lost, doubled, or decided otherwise."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from shm import broadcast
from tests.factories import buy, define_account, define_symbol, market, sell
from tests.workers.settled_venue import assert_settled, limits, money, tell
from tests.workers.stepped import SIZES, SteppedVenue, assert_same_shard, describe, log_end, sharded, with_standby
from tests.workers.traders import Traders
from tradsys.book.layout import W_EVENTS, W_POSITION
from tradsys.ledger.layout import state_of
from tradsys.records import Side
from workers import memory, standby_main
from workers.memory import ACCOUNTS, BANK, JOURNALED, SUCCESSOR, SYMBOLS
from workers.redecision import Redecision
from workers.replica import Replica
from workers.serving import StoppedError
from workers.snapshot.files import Snapshot
from workers.snapshot.taking import take_snapshot
from workers.standby import LappedError, Standby
from workers.standby_main import StandbyWorker
from workers.topology import WorkerPlan

ROOMY = msgspec.structs.replace(SIZES, event_ring=256, gateway_ring=128, recent_client_ids=8, ledgers=2)


PLANS = {f"{kind.__name__}, {shards}": kind(shards) for kind in (with_standby, sharded) for shards in (1, 3)}


@pytest.fixture(params=PLANS)
def venue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SteppedVenue]:
    """A venue with accounts and symbols, most of them settled, and room for a standby's ledger."""
    plans = PLANS[request.param]
    shards = sum(len(plan.shards()) for plan in plans)
    venue = SteppedVenue(tmp_path, plans, msgspec.structs.replace(ROOMY, shards=shards))
    venue.define()
    tell(venue, [*money(), *limits()])
    yield venue
    venue.close()


def standby_of(venue: SteppedVenue) -> Standby:
    return Standby(venue.memory, venue.directory, 1)


def followed(venue: SteppedVenue) -> list[str]:
    """The workers whose place a standby can take; the one that decides comes first."""
    return [plan.name for plan in venue.description.workers if plan.is_followed]


def assert_right(venue: SteppedVenue) -> None:
    venue.settle()
    venue.assert_right()
    assert_settled(venue.records(), venue.sizes, venue.memory.ledger)


def test_a_standby_that_follows_has_the_engines_ledger(venue: SteppedVenue, seed: int) -> None:
    traders, standby = Traders(venue, seed), standby_of(venue)
    for _ in range(20):
        venue.submit(traders.next(12), 1)
        venue.settle()
        while standby.step():
            pass
    decider = followed(venue)[0]
    venue.crash(decider)
    while standby.step():
        pass
    standby._redecision.finish()
    live, other = (venue.memory.ledgers[bank] for bank in (venue.memory.control[BANK], 1 - venue.memory.control[BANK]))
    for mine, its in zip(state_of(live), state_of(other), strict=True):
        assert mine.tobytes() == its.tobytes()
    replica = Replica(venue.sizes, venue.directory)
    replica.advance()
    for mine, again in zip(standby._redecision.shards, replica.shards, strict=True):
        assert_same_shard(mine, again)
    venue.start(decider)


def test_a_takeover_in_mid_flow(venue: SteppedVenue) -> None:
    standby = standby_of(venue)
    venue.submit(np.concatenate([buy(500, 10, account=1), sell(500, 4, account=2), sell(500, 3, account=3)]), 1)
    venue.sequence()  # logged, and nothing more
    assert int(venue.memory.control[BANK]) == 0
    decider = followed(venue)[0]
    venue.succeed(decider, standby)
    assert int(venue.memory.control[BANK]) == 1
    assert_right(venue)
    # What tools see of a shard is still told in the venue's memory.
    for number in range(venue.sizes.shards):
        told = venue.memory.shards[number].words
        assert told[W_POSITION] == len(venue.records())
        assert told[W_EVENTS] == len(venue.seen[number])
    venue.submit(np.concatenate([sell(500, 3, account=2)]), 1)
    assert_right(venue)
    second = standby_of(venue)
    venue.submit(np.concatenate([buy(490, 3, account=2)]), 2)
    venue.succeed(decider, second)
    assert int(venue.memory.control[BANK]) == 0
    assert_right(venue)


def test_a_matchers_place_is_taken_while_the_sequencer_goes_on(tmp_path: Path) -> None:
    """The log grows meanwhile, events wait for their readers, and the ledger in use stays the sequencer's."""
    venue = SteppedVenue(tmp_path, sharded(2), msgspec.structs.replace(ROOMY, shards=2, event_ring=64))
    venue.define()
    tell(venue, [*money(), *limits()])
    traders, standby = Traders(venue, 4), standby_of(venue)
    for _ in range(4):
        venue.submit(np.concatenate([sell(500, 1, account=2)] * 40), 1)
        venue.sequence()
        venue.write()
        venue.match(0)
    logged, told = log_end(venue.memory), [int(stream.header[broadcast.CURSOR]) for stream in venue.memory.events]
    waits = 0

    def wait() -> None:
        nonlocal waits
        waits += 1
        venue.submit(traders.next(6), 1)
        venue.sequence()
        venue.write()
        venue.give_way()

    venue.crash("matcher-1")
    venue.take_over("matcher-1", standby, wait)
    assert waits
    assert log_end(venue.memory) > logged
    assert int(venue.memory.events[1].header[broadcast.CURSOR]) > told[1]
    assert int(venue.memory.control[BANK]) == 0
    assert_right(venue)
    venue.succeed("matcher-0", standby_of(venue))
    venue.succeed("sequencer", standby_of(venue))
    assert int(venue.memory.control[BANK]) == 1
    assert_right(venue)
    venue.close()


def test_takeovers_restarts_and_crashes_at_any_step(venue: SteppedVenue, seed: int) -> None:
    dice = random.Random(seed)
    traders = Traders(venue, dice.randrange(1 << 32))
    standby: Standby | None = None
    takeovers = 0
    for _ in range(900):
        step = dice.randrange(103)
        if step < 25:
            venue.submit(traders.next(dice.randint(1, 12)), dice.randrange(len(venue.ports)))
        elif step < 45:
            venue.sequence()
        elif step < 60:
            venue.write()
        elif step < 75:
            venue.match(dice.randrange(venue.sizes.shards))
        elif step < 85:
            venue.read()
        elif step < 95:
            if standby is not None:
                follow(standby)
        elif step < 97:
            standby = standby or standby_of(venue)
        elif step < 100:
            if standby is not None:
                venue.succeed(dice.choice(followed(venue)), standby)
                takeovers += 1
            standby = None
        elif step < 101:
            venue.restart(dice.choice([*followed(venue), "journal"]))
        elif step < 102:
            take_snapshot(
                venue.directory, venue.sizes, lambda text: pytest.fail(text), until=int(venue.memory.control[JOURNALED])
            )
        else:
            venue.restart_cold()
            standby = None
    assert takeovers > 3
    assert_right(venue)


def follow(standby: Standby) -> None:
    """A step; a ring of these sizes never laps a standby that is stepped so often."""
    standby.step()


def test_who_begins_with_a_snapshot_leaves_what_was_defined_since_where_it_is(
    venue: SteppedVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gateways read the tables of accounts and symbols meanwhile, and write to clients what stands there."""
    live = venue.memory
    take_snapshot(venue.directory, venue.sizes, pytest.fail, until=int(live.control[JOURNALED]))
    account, symbol = int(live.control[ACCOUNTS]) + 1, int(live.control[SYMBOLS]) + 1
    venue.submit(np.concatenate([define_account(account), define_symbol(symbol)]))
    venue.settle()
    assert [live.accounts["account"][account], live.symbols["symbol"][symbol]] == [account, symbol]

    def tables() -> list[bytes]:
        return [live.accounts.tobytes(), live.symbols.tobytes()]

    seen, restore = [tables()], Redecision.restore

    def watched(redecision: Redecision, snapshot: Snapshot) -> None:
        restore(redecision, snapshot)
        seen.append(tables())

    monkeypatch.setattr(Redecision, "restore", watched)
    standby_of(venue)
    venue.restart(followed(venue)[0])
    assert len(seen) == 3
    assert seen[0] == seen[1] == seen[2] == tables()


def test_a_standby_begins_when_the_one_before_it_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then the ledger that it would empty is in the hands of the one that takes over."""
    plans = [*with_standby(), WorkerPlan(2, "standby", ["standby"], None, "park")]
    described, private = describe(tmp_path, plans, ROOMY), memory.private(ROOMY)
    private.control[SUCCESSOR] = os.getpid() + 1
    worker = StandbyWorker(described, plans[2], private)
    naps, begun = 0, []

    def nap() -> None:
        nonlocal naps
        naps += 1
        if naps == 3:
            private.control[SUCCESSOR] = 0

    def begin(*_: object, **__: object) -> None:
        begun.append(naps)
        raise StoppedError

    monkeypatch.setattr(worker, "_nap", nap)
    monkeypatch.setattr(standby_main, "rehearse", lambda *_: None)
    monkeypatch.setattr(standby_main, "Standby", begin)
    with pytest.raises(StoppedError):
        worker.serve()
    assert begun == [3]


def test_a_standby_that_was_lapped_says_so_and_a_new_one_begins_with_the_journal(venue: SteppedVenue) -> None:
    standby = standby_of(venue)
    traders = Traders(venue, 1)
    while int(broadcast.published(venue.memory.log)) < standby.sequence + 2 * venue.sizes.log_ring:
        venue.submit(traders.next(12), 1)
        venue.settle()
    with pytest.raises(LappedError, match=f"passed by sequence {standby.sequence}"):
        standby.step()
    for name in followed(venue):
        venue.succeed(name, standby_of(venue))
    assert_right(venue)


def test_events_that_the_engine_had_not_told_wait_for_their_readers(venue: SteppedVenue) -> None:
    """More of them than the ring has room for while a reader that gates it sleeps."""
    standby = standby_of(venue)
    traders = Traders(venue, 2)
    for _ in range(5):
        venue.submit(traders.next(40), 1)
        venue.submit(traders.next(40), 2)
        venue.sequence()
        venue.write()
    assert venue.memory.events[0].header[broadcast.CURSOR] < int(venue.memory.control[JOURNALED])
    venue.succeed(followed(venue)[-1], standby)
    assert_right(venue)


def test_a_standby_that_dies_while_it_takes_over_leaves_a_venue_that_can_be_restarted(venue: SteppedVenue) -> None:
    standby = standby_of(venue)
    traders = Traders(venue, 3)
    for _ in range(6):
        venue.submit(traders.next(40), 1)
        venue.sequence()
        venue.write()
    plan = venue.description.workers[-1]
    venue.crash(plan.name)

    def die() -> None:
        raise ZeroDivisionError

    with contextlib.suppress(ZeroDivisionError):  # nobody reads: there may be no room for its events
        standby.take_over(plan, die)
    venue.start(plan.name)
    assert_right(venue)


def test_what_the_dead_engine_had_not_settled_leaves_room_for_more_than_the_ring_holds(tmp_path: Path) -> None:
    """The place of its ledger among the readers of events is not waited for."""
    sizes = msgspec.structs.replace(ROOMY, event_ring=64)
    venue = SteppedVenue(tmp_path, with_standby(), sizes)
    venue.define()
    standby = standby_of(venue)
    for _ in range(5):
        venue.submit(np.concatenate([sell(500, 1, account=2)] * 40), 1)
        venue.settle()
        standby.step()
    before = len(venue.seen[0])
    venue.submit(market(Side.BUY, 200), 1)
    venue.sequence()
    venue.write()
    while venue.match():
        pass  # until the ring is full of what the ledger has not settled
    venue.crash("engine")
    turns = 0

    def wait() -> None:
        nonlocal turns
        turns += 1
        assert turns < 100, "the takeover waits in vain for room"
        venue.read()

    venue.take_over("engine", standby, wait)
    venue.settle()
    venue.assert_right()
    assert len(venue.seen[0]) - before > 2 * sizes.event_ring
    venue.close()

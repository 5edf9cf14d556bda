"""A replica equals the live shards, and gives back every event that a reader has missed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.workers.stepped import (
    ACCOUNTS,
    SIZES,
    SYMBOLS,
    SteppedVenue,
    assert_same,
    assert_same_shard,
    chain,
    expected_events,
    sharded,
)
from tests.workers.traders import Traders
from tradsys.records import EVENT
from workers.port import Port, RingTakenError
from workers.replica import Replica


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[SteppedVenue]:
    """A venue of two shards with accounts and symbols."""
    venue = SteppedVenue(tmp_path, sharded(2), msgspec.structs.replace(SIZES, shards=2))
    venue.define()
    yield venue
    venue.close()


def trade(venue: SteppedVenue, traders: Traders, turns: int) -> None:
    for _ in range(turns):
        venue.submit(traders.next(10))
        venue.settle()


def test_a_replica_follows_the_live_shards(venue: SteppedVenue, seed: int) -> None:
    traders = Traders(venue, seed)
    replica = Replica(venue.sizes, venue.directory)
    assert replica.sequence == 0
    for _ in range(20):
        trade(venue, traders, 2)
        assert replica.advance() == replica.sequence == len(venue.records())
        for live, copy in zip(venue.memory.shards, replica.shards, strict=True):
            assert_same_shard(live, copy)
        assert replica.positions.tolist() == venue.ports[0].positions.tolist()


def test_a_replica_knows_accounts_and_symbols_as_the_live_tables_do(venue: SteppedVenue) -> None:
    replica = Replica(venue.sizes, venue.directory)
    replica.advance()
    assert (replica.account_count, replica.symbol_count) == (ACCOUNTS, SYMBOLS)
    assert replica.accounts.tobytes() == venue.memory.accounts.tobytes()
    assert replica.symbols.tobytes() == venue.memory.symbols.tobytes()


def test_recent_events_are_the_last_ones_oldest_first(venue: SteppedVenue, seed: int) -> None:
    trade(venue, Traders(venue, seed), 20)
    replica = Replica(venue.sizes, venue.directory)
    replica.advance()
    for shard, seen in enumerate(venue.seen):
        assert_same(replica.recent_events(shard, 10), seen[-10:])
        assert_same(replica.recent_events(shard, 1 << 30), seen)
        assert len(replica.recent_events(shard, 0)) == 0


def test_a_replica_of_nothing_is_empty(tmp_path: Path) -> None:
    replica = Replica(SIZES, tmp_path / "journal")
    assert replica.advance() == 0
    assert len(replica.recent_events(0, 5)) == 0
    assert list(replica.missing_events(0, 0)) == []


def test_missing_events_are_exactly_those_after_the_last_one_known(venue: SteppedVenue, seed: int) -> None:
    trade(venue, Traders(venue, seed), 40)
    for shard, seen in enumerate(venue.seen):
        assert len(seen) > 200
        for after in (0, 1, 63, 64, 65, len(seen) - 1, len(seen), len(seen) + 5):
            missing = chain(np.zeros(0, EVENT), *Replica(venue.sizes, venue.directory).missing_events(shard, after))
            assert_same(missing, seen[after:])
        assert_same(seen, expected_events(venue.records(), shard, venue.sizes))


def test_missing_events_span_more_than_the_replica_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.replica.RECENT_EVENTS", 64)
    venue = SteppedVenue(tmp_path, sharded(1))
    venue.define()
    trade(venue, Traders(venue, 5), 60)
    missing = chain(*Replica(venue.sizes, venue.directory).missing_events(0, 7))
    assert_same(missing, venue.seen[0][7:])
    venue.close()


def test_a_reader_that_was_lapped_learns_what_it_missed_and_goes_on(venue: SteppedVenue, seed: int) -> None:
    traders = Traders(venue, seed)
    slow = venue.ports[1]  # it gates nothing
    seen = [np.zeros(0, EVENT) for _ in venue.seen]

    def read() -> list[int]:
        lapped = []
        for shard in range(2):
            while (events := slow.drain(shard)) is None or len(events):
                if events is not None:
                    seen[shard] = chain(seen[shard], events)
                    continue
                lapped.append(shard)
                replica = Replica(venue.sizes, venue.directory)
                seen[shard] = chain(seen[shard], *replica.missing_events(shard, len(seen[shard])))
                slow.positions[shard] = replica.positions[shard]
        return lapped

    for _ in range(4):
        trade(venue, traders, 30)
        assert read() == [0, 1]
        trade(venue, traders, 1)
        assert read() == []
        for shard in range(2):
            assert_same(seen[shard], venue.seen[shard])


def test_a_port_is_not_given_twice(venue: SteppedVenue) -> None:
    with pytest.raises(RingTakenError, match="ring 1"):
        Port(venue.memory, 1, 0)
    with pytest.raises(RingTakenError, match="all rings"):
        Port.claim_spare(venue.memory, 1, 0)
    venue.ports.pop().close()
    spare = Port.claim_spare(venue.memory, 0, 0)
    assert spare.number == 2
    venue.ports.append(spare)

"""A past moment: what the venue was then, by what was recorded at that time and by the reference ledger and venue."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from gateway.moment import moment_view
from tests.workers.crashes import crash_anywhere
from tests.workers.journals import SEGMENT_BYTES, segment_files
from tests.workers.settled_venue import assert_settled, limits, money, tell
from tests.workers.stepped import SteppedVenue, assert_same, assert_same_shard, expected_events
from tests.workers.test_snapshot import PLANS, ROOMY, take, trade
from tests.workers.traders import Traders
from tradsys.book.layout import Shard
from workers.journal.times import last_before
from workers.livecopy import Tables, tables_of
from workers.moment import Moment, NoSuchMomentError, moment_at
from workers.snapshot.files import list_snapshots
from workers.snapshot.housekeeping import clear_segments


@pytest.fixture(params=PLANS)
def venue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SteppedVenue]:
    """A venue with accounts and symbols, most of them settled."""
    shards, plans = PLANS[request.param]
    sizes = msgspec.structs.replace(ROOMY, shards=shards)
    venue = SteppedVenue(tmp_path, plans, sizes, segment_bytes=SEGMENT_BYTES)
    venue.define()
    tell(venue, [*money(), *limits()])
    yield venue
    venue.close()


def fail(text: str) -> None:
    raise AssertionError(text)


def at(venue: SteppedVenue, sequence: int) -> Moment:
    return moment_at(venue.description, sequence, fail)


class Recorded:
    """What a venue that is at rest is, copied."""

    def __init__(self, venue: SteppedVenue) -> None:
        self.sequence = len(venue.records())
        self.shards = [self._copy(shard) for shard in venue.memory.shards]
        self.tables = Tables(*(table.copy() for table in tables_of(venue.memory.ledger)))
        self.events = [seen[-50:] for seen in venue.seen]

    @staticmethod
    def _copy(shard: Shard) -> Shard:
        tables: list[Any] = [*map(np.array, shard[:-1]), shard.events]
        return Shard(*tables)

    def assert_is(self, moment: Moment) -> None:
        assert moment.sequence == self.sequence
        for mine, then in zip(moment.shards, self.shards, strict=True):
            assert_same_shard(mine, then)
        for name in ("accounts", "balances", "holds", "positions"):
            assert getattr(tables_of(moment.memory.ledger), name).tobytes() == getattr(self.tables, name).tobytes()
        for shard, events in enumerate(self.events):
            assert_same(moment.recent_events(shard, 50), events)


def test_a_moment_is_what_the_venue_was_then(venue: SteppedVenue, seed: int) -> None:
    traders, recorded = Traders(venue, seed), []
    for turn in range(5):
        trade(venue, traders, 2)
        recorded.append(Recorded(venue))
        if turn in {1, 3}:
            take(venue)
    for then in recorded:
        then.assert_is(at(venue, then.sequence))
    for path in list_snapshots(venue.directory):
        path.unlink()
    for then in recorded:
        then.assert_is(at(venue, then.sequence))


def test_every_moment_is_what_the_reference_ledger_and_venue_are_after_as_many_records(
    venue: SteppedVenue, seed: int
) -> None:
    dice = random.Random(seed)
    begin = len(venue.records())
    for _ in range(3):
        crash_anywhere(venue, dice, 60)
        take(venue)
    venue.settle()
    records = venue.records()
    for _ in range(12):
        sequence = dice.randint(begin, len(records))
        moment = at(venue, sequence)
        assert moment.log_ns == records["timestamp_ns"][sequence - 1]
        assert_settled(records[:sequence], venue.sizes, moment.memory.ledger)
        for shard in range(venue.sizes.shards):
            expected = expected_events(records[:sequence], shard, venue.sizes)
            assert moment.positions[shard] == len(expected)
            assert_same(moment.recent_events(shard, 100), expected[-100:])


def test_the_view_shows_the_orders_and_the_depth_of_the_books(venue: SteppedVenue, seed: int) -> None:
    trade(venue, Traders(venue, seed), 8)
    found = moment_view(at(venue, len(venue.records())), None, None)
    live: dict[str, Any] = {}
    for shard in venue.memory.shards:
        table = np.asarray(shard.orders)
        live |= {str(row["order_id"]): row for row in table[table["order_id"] != 0]}
    assert live
    assert {each.order.order_id for each in found.orders} == live.keys()
    names = {each.statement.account.name: each.statement.account.number for each in found.accounts}
    for each in found.orders:
        row = live[each.order.order_id]
        assert (names[each.account], each.order.side) == (row["account"], ("buy", "sell")[row["side"]])
    depth = sum(orders for market in found.symbols for side in ("bids", "asks") for _, _, orders in market[side])
    assert depth == sum(each.order.status == "open" for each in found.orders)
    # One account, one symbol, and both.
    account, symbol = found.orders[0].account, found.orders[0].order.symbol
    moment = at(venue, len(venue.records()))
    mine = moment_view(moment, account, None)
    assert [each.statement.account.name for each in mine.accounts] == [account]
    assert (mine.symbols, mine.orders) == ([], [each for each in found.orders if each.account == account])
    here = moment_view(moment, None, symbol)
    assert [market["symbol"] for market in here.symbols] == [symbol]
    assert (here.accounts, here.orders) == ([], [each for each in found.orders if each.order.symbol == symbol])
    both = moment_view(moment, account, symbol)
    assert both.orders == [each for each in mine.orders if each.order.symbol == symbol]


def test_a_time_is_that_of_the_last_record_not_after_it(venue: SteppedVenue, seed: int) -> None:
    trade(venue, Traders(venue, seed), 6)
    records = venue.records()
    times = records["timestamp_ns"]
    assert len(segment_files(venue.directory)) > 2
    dice = random.Random(seed)
    for _ in range(60):
        moment = int(dice.choice(times.tolist())) + dice.randint(-1, 1)
        expected = int((times <= moment).sum())
        assert last_before(venue.directory, moment) == expected
        assert last_before(venue.directory, moment, 40) == min(expected, 40)
    assert last_before(venue.directory, 0) == 0
    assert last_before(venue.directory, 1 << 61) == len(records)
    assert last_before(venue.directory / "nowhere", 5) == 0


def test_what_the_log_does_not_tell_of_is_said(venue: SteppedVenue, seed: int) -> None:
    traders = Traders(venue, seed)
    trade(venue, traders, 6)
    oldest = int(take(venue).stem)
    trade(venue, traders, 3)
    end = len(venue.records())
    assert at(venue, end).sequence == end
    with pytest.raises(NoSuchMomentError, match=f"the log ends with sequence {end}"):
        at(venue, end + 1)
    with pytest.raises(NoSuchMomentError, match="no record of the log"):
        at(venue, 0)
    recorded = Recorded(venue)
    assert clear_segments(venue.directory, "drop", venue.directory)
    begins = int(segment_files(venue.directory)[0].stem)
    assert at(venue, oldest).sequence == oldest
    recorded.assert_is(at(venue, end))
    with pytest.raises(NoSuchMomentError, match=rf"begins with sequence {begins}, and the oldest .* {oldest}: what"):
        at(venue, oldest - 1)

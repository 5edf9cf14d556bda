"""The sequencer takes rings in fairly, and holds back what it has no room for without losing any of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from shm import broadcast
from tests.factories import buy, joined
from tests.workers.stepped import SIZES, SteppedVenue, compact, log_end
from tradsys.records import Kind
from workers.sequencer import COMMANDS_PER_TURN, VENUE_SOURCE

BIG = msgspec.structs.replace(SIZES, log_ring=4096, event_ring=4096, gateway_ring=2048, orders_per_shard=1 << 14)


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[SteppedVenue]:
    """A compact venue with rings of 1,024 and a log of 4,096."""
    venue = SteppedVenue(tmp_path, compact(), BIG, segment_bytes=1 << 20)
    venue.define()
    yield venue
    venue.close()


def orders(count: int) -> object:
    return joined(*[buy(400)] * count)


def by_source(venue: SteppedVenue, start: int) -> list[int]:
    """Sources of the clients' records in the log's ring after sequence `start`, in order."""
    log = venue.memory.log.slots.view(np.ndarray)
    records = log[broadcast.places(log, start + 1, log_end(venue.memory))]
    return [int(source) for source in records["source"] if source != VENUE_SOURCE]


def test_a_busy_ring_gets_no_more_than_its_turn_while_others_wait(venue: SteppedVenue) -> None:
    venue.submit(orders(2000), 0)
    venue.submit(orders(3), 1)
    venue.submit(orders(1500), 2)
    start = log_end(venue.memory)
    venue.sequence()
    sources = by_source(venue, start)
    taken = [sources.count(source) for source in range(3)]
    assert taken[0] == COMMANDS_PER_TURN
    assert taken[1] == 3
    assert 0 < taken[2] <= COMMANDS_PER_TURN  # as many as the log had room for at once
    venue.settle()
    venue.assert_right()


def test_every_ring_is_first_in_its_turn(venue: SteppedVenue) -> None:
    first = []
    for _ in range(6):
        for port in range(3):
            venue.submit(orders(1), port)
        start = log_end(venue.memory)
        venue.sequence()
        first.append(by_source(venue, start)[0])
    venue.settle()
    assert sorted(first[:3]) == sorted(first[3:]) == [0, 1, 2]


def test_a_full_log_takes_nothing_in_and_loses_nothing(tmp_path: Path) -> None:
    venue = SteppedVenue(tmp_path, compact())
    venue.define()
    stuck, position = broadcast.join(venue.memory.log)
    sent = 0
    for _ in range(40):
        sent += venue.submit(orders(20))
        venue.sequence()
        venue.write()
        venue.match()
        venue.read()
    assert log_end(venue.memory) == position + SIZES.log_ring
    assert venue.sequence() == 0
    assert venue.submit(orders(64)) == 0, "the client's ring is full too: it sees that the venue is busy"
    assert 0 < sent < 800
    broadcast.leave(venue.memory.log, stuck)
    venue.settle()
    venue.assert_right()
    assert (venue.records()["kind"] == Kind.NEW).sum() == sent
    assert venue.submit(orders(64)) == 64
    venue.settle()
    venue.assert_right()
    venue.close()


def test_a_journal_that_stands_still_holds_the_log_back(tmp_path: Path) -> None:
    venue = SteppedVenue(tmp_path, compact())
    venue.define()
    for _ in range(40):
        venue.submit(orders(20))
        venue.sequence()
        venue.match()
        assert venue.read() == 0
    assert venue.sequence() == 0
    assert venue.submit(orders(1)) == 0
    venue.settle()
    venue.assert_right()
    venue.close()


def test_a_reader_of_events_that_stands_still_holds_the_matcher_back(tmp_path: Path) -> None:
    venue = SteppedVenue(tmp_path, compact())
    venue.define()
    before = len(venue.seen[0])
    for _ in range(40):
        venue.submit(orders(20))
        venue.sequence()
        venue.write()
        venue.match()
    assert venue.match() == 0
    assert int(broadcast.published(venue.memory.events[0])) - before <= SIZES.event_ring
    venue.settle()
    venue.assert_right()
    venue.close()


def test_a_full_ring_takes_what_fits(venue: SteppedVenue) -> None:
    assert venue.submit(orders(3000)) == BIG.gateway_ring
    assert venue.submit(orders(1)) == 0
    start = log_end(venue.memory)
    venue.sequence()
    taken = len(by_source(venue, start))
    assert 0 < taken <= COMMANDS_PER_TURN
    assert venue.submit(orders(3000)) == taken
    venue.settle()
    venue.assert_right()


def test_requests_carry_their_place_in_the_ring(venue: SteppedVenue) -> None:
    first = venue.ports[1].next_request
    venue.submit(orders(5), 1)
    assert venue.ports[1].next_request == first + 5
    venue.settle()
    events = venue.seen[0][venue.seen[0]["source"] == 1]
    assert events["request"].tolist() == list(range(first, first + 5))


def test_the_clock_ticks_at_its_interval_and_not_before(venue: SteppedVenue) -> None:
    start = len(venue.records())
    for _ in range(100):
        venue.sequence()
    venue.settle()
    ticks = venue.records()[start:]
    assert set(ticks["kind"].tolist()) == {int(Kind.TICK)}
    assert (np.diff(ticks["timestamp_ns"]) >= 1_000_000).all()
    assert len(ticks) == 5

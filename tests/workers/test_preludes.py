"""What belongs to an order stands directly before it in the log, whatever else is sent meanwhile."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from shm import broadcast
from tests.factories import buy, joined, new_order
from tests.workers.stepped import SIZES, SteppedVenue, compact, log_end
from tradsys.reasons import Reason
from tradsys.records import COMMAND, Kind
from workers.sequencer import COMMANDS_PER_TURN, VENUE_SOURCE, is_taken_in

ROOMY = msgspec.structs.replace(SIZES, log_ring=4096, event_ring=4096, gateway_ring=2048, orders_per_shard=1 << 14)
PRELUDES: tuple[list[Kind], ...] = (
    [],
    [Kind.EXTENSION],
    [Kind.LEG],
    [Kind.LEG, Kind.EXTENSION],
    [Kind.EXTENSION, Kind.LEG, Kind.LEG],
)


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[SteppedVenue]:
    """A compact venue with rings of 1,024 and a log of 4,096."""
    venue = SteppedVenue(tmp_path, compact(), ROOMY, segment_bytes=1 << 20)
    venue.define()
    yield venue
    venue.close()


def record(kind: Kind, number: int = 0) -> Any:
    """A record of this kind, numbered in a field that the log keeps as it is."""
    return new_order(kind=kind, client_order_id=number, price_ticks=400)


def group(prelude: list[Kind], number: int) -> Any:
    """An order and what belongs to it, all of the same number."""
    return joined(*[record(kind, number) for kind in (*prelude, Kind.NEW)])


def logged(venue: SteppedVenue, start: int = 0) -> Any:
    """The records after sequence `start` that the log's ring still holds."""
    slots, end = venue.memory.log.slots.view(np.ndarray), log_end(venue.memory)
    return slots[broadcast.places(slots, max(start, end - len(slots)) + 1, end)]


def is_prelude(records: Any) -> Any:
    return np.isin(records["kind"], [Kind.EXTENSION, Kind.LEG])


def assert_whole(records: Any) -> None:
    """Behind every record of a prelude stands another of the same order."""
    before, after = records[:-1][is_prelude(records[:-1])], records[1:][is_prelude(records[:-1])]
    for name in ("source", "client_order_id"):
        assert before[name].tolist() == after[name].tolist()
    assert not is_prelude(records[-1:]).any()


def test_orders_of_several_records_are_never_taken_apart(venue: SteppedVenue, seed: int) -> None:
    dice = random.Random(seed)
    start = log_end(venue.memory)
    number = 0
    for _ in range(60):
        for port in range(3):
            records = []
            for _ in range(dice.randrange(40)):
                number += 1
                records.append(group(dice.choice(PRELUDES), number))
            if records and venue.ports[port].submit(np.concatenate(records)) == 0:
                break
        venue.sequence()
        assert log_end(venue.memory) == start or not is_prelude(logged(venue, start)[-1:]).any()
        for _ in range(dice.randrange(3)):
            venue.write()
            venue.match()
            venue.read()
    venue.settle()
    records = venue.records()
    assert_whole(records[records["source"] != VENUE_SOURCE])


def test_the_end_of_a_turn_waits_for_the_order(venue: SteppedVenue) -> None:
    turn = min(
        COMMANDS_PER_TURN, broadcast.writable(venue.memory.log, log_end(venue.memory))
    )  # what the log has room for at once
    plain = joined(*[buy(400)] * (turn - 2))
    venue.submit(np.concatenate([plain, group([Kind.EXTENSION, Kind.LEG, Kind.LEG], 7)]))
    start = log_end(venue.memory)
    venue.sequence()
    assert len(logged(venue, start)) == turn - 2
    venue.sequence()
    assert logged(venue, start)["client_order_id"].tolist()[-4:] == [7] * 4


def test_an_order_whose_prelude_came_first_is_waited_for(venue: SteppedVenue) -> None:
    start = log_end(venue.memory)
    venue.submit(record(Kind.EXTENSION, 1), 0)
    venue.submit(record(Kind.LEG, 1), 0)
    venue.submit(buy(400, client_order_id=2), 1)
    for _ in range(3):
        venue.sequence()
        venue.settle()
    clients = logged(venue, start)
    assert clients[clients["source"] != VENUE_SOURCE]["client_order_id"].tolist() == [2]
    assert is_taken_in(venue.memory.gateways[0]), "a venue that stops does not wait for the rest"
    venue.submit(record(Kind.NEW, 1), 0)
    assert not is_taken_in(venue.memory.gateways[0])
    venue.settle()
    clients = logged(venue, start)
    assert clients[clients["source"] != VENUE_SOURCE]["client_order_id"].tolist() == [2, 1, 1, 1]


def test_records_that_belong_to_no_order_do_not_stop_a_ring(venue: SteppedVenue) -> None:
    start = log_end(venue.memory)
    venue.submit(joined(*[record(Kind.LEG)] * 300))
    venue.submit(buy(400))
    for _ in range(4):
        venue.sequence()
        venue.settle()
    assert (logged(venue, start)["kind"] == Kind.LEG).sum() == 300
    assert (logged(venue, start)["kind"] == Kind.NEW).sum() == 1


def test_a_log_with_little_room_takes_no_part_of_an_order(tmp_path: Path) -> None:
    venue = SteppedVenue(tmp_path, compact())
    venue.define()
    stuck, _ = broadcast.join(venue.memory.log)
    whole = group([Kind.EXTENSION, Kind.LEG, Kind.LEG], 1)
    for _ in range(100):
        if venue.ports[0].submit(whole) < len(whole):
            break
        venue.sequence()
        venue.write()
        venue.match()
        venue.read()
    while venue.sequence():  # the clock's ticks find room where an order does not
        assert not is_prelude(logged(venue)[-1:]).any()
    broadcast.leave(venue.memory.log, stuck)
    venue.ports[0].submit(joined(buy(400)))
    venue.settle()
    records = venue.records()
    assert (records["kind"] == Kind.NEW).sum() > 50
    venue.close()


def test_what_belongs_to_orders_is_not_decided_by_the_sequencer(venue: SteppedVenue) -> None:
    start = log_end(venue.memory)
    unknown = np.zeros(1, COMMAND)
    unknown["kind"] = 200
    venue.submit(np.concatenate([group([Kind.EXTENSION, Kind.LEG], 1), record(Kind.RULES), unknown]))
    venue.settle()
    kinds = dict(zip(logged(venue, start)["kind"].tolist(), logged(venue, start)["reason"].tolist(), strict=True))
    assert [kinds[kind] for kind in (Kind.EXTENSION, Kind.LEG, Kind.RULES)] == [0, 0, 0]
    assert kinds[200] == Reason.UNKNOWN_COMMAND

"""The gateway when things go wrong: full rings, silence of the core, being lapped, stopping."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from gateway import entry
from gateway.edge import Edge
from gateway.messages import PlaceBody
from shm import broadcast
from tests import factories
from tests.gateway.harness import (
    ALICE,
    BOB,
    NOWHERE,
    Harness,
    SteppedEngine,
    ask,
    configuration,
    receive,
    running,
    socket,
    until,
)
from tradsys.book.layout import W_EVENTS
from tradsys.records import EVENT, LEDGER_RECORD
from workers import memory
from workers.journal import JournalError
from workers.memory import DRAINING, JOURNALED, PHASE
from workers.port import Port

ORDER = {"op": "place", "symbol": "ACME", "side": "buy", "quantity": "10", "price": "100.00"}


async def test_a_full_ring_is_answered_with_busy() -> None:
    async with running(configuration(rings={"gateway": 64})) as harness, socket(harness, ALICE) as alice:
        harness.engine.paused = True
        for number in range(65):
            await alice.send_json(ORDER | {"id": number})
        answer = await receive(alice)
        assert (answer["id"], answer["error"]["code"]) == (64, "busy")
        harness.engine.paused = False
        answered: set[int] = set()
        while len(answered) < 64:
            answered.add((await receive(alice)).get("id", -1))
            answered.discard(-1)
        assert answered == set(range(64))
        counted = harness.memory.counters.snapshot()
        assert counted["gateway-0 ring full"] == 1
        assert counted["gateway-0 commands sent"] == 64
        assert counted["gateway-0 sockets open"] == 1
    assert harness.memory.counters.snapshot()["gateway-0 sockets open"] == 0


async def test_a_silent_core_is_answered_with_timeout_and_the_order_is_found_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(entry, "ANSWER_TIMEOUT_NS", 0)
    async with running() as harness, socket(harness, ALICE) as alice:
        harness.engine.paused = True
        await alice.send_json(ORDER | {"id": 1, "client_order_id": 1})
        await until(lambda: harness.edge.entry.waiting == 1)
        harness.edge.expire()
        answer = await receive(alice)
        assert (answer["id"], answer["error"]["code"]) == (1, "timeout")
        harness.engine.paused = False
        report = await receive(alice)  # to the socket that placed it: the venue took it after all
        assert (report["event"], report["client_order_id"]) == ("accepted", "1")


async def test_a_stopping_gateway_takes_nothing_new_and_answers_what_is_in_flight() -> None:
    async with running() as harness, socket(harness, ALICE) as alice:
        harness.engine.paused = True
        await alice.send_json(ORDER | {"id": 1})
        await until(lambda: harness.edge.entry.waiting == 1)
        stopping = asyncio.ensure_future(harness.edge.stop(20.0))
        await until(lambda: harness.edge.entry.stopping)
        await alice.send_json(ORDER | {"id": 2})
        answer = await receive(alice)
        assert (answer["id"], answer["error"]["code"]) == (2, "venue_stopping")
        harness.engine.paused = False
        await stopping
        assert (await receive(alice))["event"] == "accepted"
        assert (await receive(alice))["id"] == 1


async def test_a_draining_venue_takes_nothing_new() -> None:
    async with running() as harness, socket(harness, ALICE) as alice:
        harness.memory.control[PHASE] = DRAINING
        assert (await ask(alice, **ORDER))["error"]["code"] == "venue_stopping"


async def test_sockets_are_closed_as_going_away_when_the_server_stops() -> None:
    async with running() as harness, socket(harness, ALICE) as alice:
        assert harness.server is not None
        closing = asyncio.ensure_future(harness.server.close())
        message = await alice.receive()
        assert (message.data, message.extra) == (1001, "venue_stopping")
        await closing


class Executed:
    """A replica that executes the harness's log again, as workers.replica does with the journal's."""

    def __init__(self, harness: Harness) -> None:
        sizes = harness.memory.sizes
        self._log = list(harness.engine.log)
        self._again = SteppedEngine(memory.private(sizes))
        self._events: list[list[Any]] = [[] for _ in range(sizes.shards)]
        self.shards = self._again.memory.shards
        self.symbols = self._again.memory.symbols
        self.symbol_count = 2
        self.postings = np.zeros(0, LEDGER_RECORD)

    @property
    def positions(self) -> Any:
        return np.array([shard.words[W_EVENTS] for shard in self.shards])

    def advance(self) -> int:
        for record in self._log:
            before = self.positions
            self._again.execute(record, int(record["source"][0]), int(record["request"][0]))
            for number, shard in enumerate(self.shards):
                slots = np.asarray(shard.events.slots)
                new = np.arange(before[number] + 1, self.positions[number] + 1) & (len(slots) - 1)
                self._events[number].append(slots[new])
        return len(self._log)

    def recent_events(self, shard: int, count: int) -> Any:
        return _joined(self._events[shard])[-count:]

    def missing_events(self, shard: int, after: int) -> Iterator[Any]:
        self.advance()
        yield from np.array_split(_joined(self._events[shard])[after:], 7)


def _joined(parts: list[Any]) -> Any:
    """The parts as one array; np.concatenate alone would lay the record's overlapping fields out anew."""
    return np.concatenate([part.view(np.uint8) for part in parts]).view(EVENT)


def another_edge(harness: Harness, rebuild: Callable[[], Any]) -> Edge:
    """A second gateway of the same venue, on the next ring."""
    return Edge(harness.memory, Port(harness.memory, 1, 0), 0, harness.configuration, harness.plan, rebuild, NOWHERE)


def lappable() -> Harness:
    """A harness with the smallest event ring and a replica."""
    harness = Harness(configuration(rings={"events": 64}))
    harness.edge._rebuild = lambda: Executed(harness)
    return harness


async def test_a_lapped_gateway_takes_what_it_missed_from_the_journal() -> None:
    harness = lappable()
    price = harness.configuration.symbol_list()[0].reference_ticks
    heard: list[Any] = []
    answers: list[Any] = []

    class Listener:
        def send(self, frame: bytes) -> None:
            heard.append(frame)

        def flush(self) -> None:
            pass

    edge = harness.edge
    edge.channels.follow_orders(Listener(), 1)
    edge.entry.place(1, PlaceBody("ACME", "sell", "5", "100.00"), answers.append)
    harness.engine.step()
    for number in range(200):
        harness.engine.execute(factories.buy(price, 1, account=1 + number % 2))
    assert not edge.pump()
    assert not edge.has_events()  # or the loop would spin until the journal has been read
    await until(lambda: len(answers) == 1 and edge.feed.positions[0] == broadcast.published(harness.memory.events[0]))
    assert answers[0].status == "open"
    # 1 accepted, 5 fills of the seller, 3 of account 1's 5 fills as buyer, 100 acceptances.
    assert len(heard) == 1 + 5 + 3 + 100
    assert edge.state.market_of["ACME"].depth(0, 5) == [(price, 195, 195)]
    await until(lambda: not edge._catching_up)
    harness.send(factories.buy(price, 1))
    assert edge.state.market_of["ACME"].depth(0, 5) == [(price, 196, 196)]


async def test_a_gateway_that_starts_shows_nothing_before_it_is_durable() -> None:
    harness = lappable()
    price = harness.configuration.symbol_list()[0].reference_ticks
    harness.send(factories.sell(price, 5))
    durable = int(harness.memory.control[JOURNALED])
    harness.memory.control[JOURNALED] = durable - 1
    late = another_edge(harness, lambda: Executed(harness))
    starting = asyncio.ensure_future(late.recover())
    done, _ = await asyncio.wait([starting], timeout=0.02)
    assert not done
    assert not late.state.markets
    harness.memory.control[JOURNALED] = durable
    await starting
    assert late.state.market_of["ACME"].depth(1, 5) == [(price, 5, 1)]


async def test_a_gateway_that_cannot_have_what_it_missed_gives_up() -> None:
    """The log's beginning was dropped, and no snapshot is old enough."""
    harness = lappable()
    price = harness.configuration.symbol_list()[0].reference_ticks
    gave_up: list[bool] = []

    def rebuild() -> Any:
        raise JournalError("a segment is missing")

    harness.edge._rebuild, harness.edge._give_up = rebuild, lambda: gave_up.append(True)
    for _ in range(200):
        harness.engine.execute(factories.buy(price, 1))
    harness.edge.pump()
    await until(lambda: gave_up == [True])
    assert not harness.edge.pump()
    assert gave_up == [True]


async def test_a_gateway_that_starts_late_begins_with_the_journals_state() -> None:
    harness = lappable()
    price = harness.configuration.symbol_list()[0].reference_ticks
    harness.send(factories.sell(price, 5), factories.buy(price, 2, account=2, time_in_force=1))
    late = another_edge(harness, lambda: Executed(harness))
    await late.recover()
    market = late.state.market_of["ACME"]
    assert market.depth(1, 5) == [(price, 3, 1)]
    assert [trade.quantity_lots for trade in market.trades] == [2]
    harness.engine.execute(factories.sell(price, 1))
    late.pump()
    assert market.depth(1, 5) == [(price, 4, 2)]


async def test_two_gateways_see_each_others_orders_and_answer_only_their_own() -> None:
    async with running() as harness, socket(harness, ALICE) as alice, socket(harness, BOB) as bob:
        other = another_edge(harness, harness._no_replica)
        other.pump()
        answers: list[Any] = []
        await ask(bob, op="subscribe", channel="orders")
        other.entry.place(1, PlaceBody("ACME", "sell", "5", "100.00"), answers.append)

        def answered() -> bool:
            other.pump()
            return bool(answers)

        await until(answered)
        assert (await ask(bob, **ORDER))["result"]["filled"] == "5"
        assert harness.edge.entry.waiting == 0
        await ask(alice, op="orders")

"""Gateways of a running venue: real processes, real sockets, and what happens when one of them is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tradsys.client import Client, Stream, TradingError
from workers import venue as venues
from workers.embedded import EmbeddedVenue, embedded_venue
from workers.memory import READY

DEADLINE_SECONDS = 60.0
SYMBOL = {
    "name": "ACME",
    "tick_size": "0.01",
    "lot_size": "1",
    "lowest_price": "0.01",
    "highest_price": "999.99",
    "reference_price": "100.00",
}
SETTINGS: dict[str, Any] = {
    "topology": {"pin": False, "idle": "park"},
    "pools": {"orders_per_shard": 4096, "level_pages_per_shard": 1024, "directory_entries_per_shard": 65536},
    "gateway": {"count": 2},
    "symbols": [SYMBOL],
    "accounts": [{"name": "alice", "keys": ["alice-key"]}, {"name": "bob", "keys": ["bob-key"]}],
}


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[EmbeddedVenue]:
    """A small venue with two gateways, each on a port of its own."""
    with embedded_venue(SETTINGS, gateways=True, directory=tmp_path / "venue") as running:
        yield running


def url(venue: EmbeddedVenue, gateway: str = "gateway-0") -> str:
    """Where a gateway listens."""
    return venues.addresses(venue.venue.path)[gateway]


def until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        os.sched_yield()


def kill(venue: EmbeddedVenue, worker: str) -> None:
    """SIGKILL a worker and wait until its successor is ready."""
    pid = venue.pid(worker)
    os.kill(pid, signal.SIGKILL)
    until(lambda: venue.pid(worker) not in (0, pid) and venue.state(worker) == READY)


def test_two_gateways_trade_with_each_other(venue: EmbeddedVenue) -> None:
    with Client(url(venue), "alice-key") as alice, Client(url(venue, "gateway-1"), "bob-key") as bob:
        assert alice.health()["ready"]
        order = alice.place("ACME", "sell", "10", "100.00", client_order_id=1)
        taker = bob.place("ACME", "buy", "4")
        assert (taker["status"], taker["fills"][0]["price"]) == ("filled", "100.00")
        until(lambda: alice.order(order["order_id"])["filled"] == "4")
        assert alice.trades("ACME")[0]["trade_id"] == taker["fills"][0]["trade_id"]
        until(lambda: bob.depth("ACME") == alice.depth("ACME"))


def test_a_gateway_that_was_killed_comes_back_with_what_it_knew(venue: EmbeddedVenue) -> None:
    with Client(url(venue), "alice-key") as alice:
        order = alice.place("ACME", "sell", "10", "100.00", client_order_id=1)
        done = alice.place("ACME", "buy", "3", "100.00", client_order_id=2)
        depth, trades = alice.depth("ACME"), alice.trades("ACME")
    kill(venue, "gateway-0")
    with Client(url(venue), "alice-key") as alice:
        assert alice.order(client_order_id=1)["leaves"] == "7"
        assert alice.order(done["order_id"])["status"] == "filled"
        again = alice.depth("ACME")
        assert (again["bids"], again["asks"]) == (depth["bids"], depth["asks"])
        assert alice.trades("ACME") == trades
        assert alice.cancel(order["order_id"])["leaves"] == "7"
        assert alice.place("ACME", "buy", "3", "100.00")["status"] == "open"


def test_sessions_live_through_the_death_of_the_engine(venue: EmbeddedVenue) -> None:
    async def script() -> None:
        async with Stream(url(venue), "alice-key") as alice:
            resting = await alice.place("ACME", "sell", "10", "100.00")
            engine = next(plan.name for plan in venue.venue.workers if plan.has("sequencer"))
            await asyncio.to_thread(kill, venue, engine)
            taker = await alice.place("ACME", "buy", "4", "100.00")
            assert (taker["status"], taker["filled"]) == ("filled", "4")
            assert [order["order_id"] for order in await alice.orders()] == [resting["order_id"]]
            assert await alice.cancel_all() == 1

    asyncio.run(script())


def test_a_gateway_says_goodbye_when_it_is_stopped(venue: EmbeddedVenue) -> None:
    async def script() -> None:
        async with aiohttp.ClientSession() as session, session.ws_connect(url(venue) + "/ws") as opened:
            os.kill(venue.pid("gateway-0"), signal.SIGTERM)
            message = await opened.receive(timeout=DEADLINE_SECONDS)
            assert (message.data, message.extra) == (1001, "venue_stopping")

    asyncio.run(script())


def test_an_unknown_key_is_refused(venue: EmbeddedVenue) -> None:
    with Client(url(venue), "eve") as eve, pytest.raises(TradingError) as caught:
        eve.orders()
    assert caught.value.code == "unauthenticated"

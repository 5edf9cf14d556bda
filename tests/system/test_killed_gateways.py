"""A gateway that dies takes nothing with it: what it had sent goes on, and what was to end with its sockets ends."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from shm import ring
from tests.system.killing.market import PLAIN, SETTLED, settings
from tests.system.killing.mortal import MortalVenue, send, until
from tradsys.client import Client, Stream, TradingError
from workers import venue as venues

pytestmark = pytest.mark.timeout(900)
KEY = "ann-key"
CORE = "engine"


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MortalVenue]:
    """One venue with two gateways; each test uses client order ids of its own."""
    venue = MortalVenue(tmp_path_factory.mktemp("gateways"), settings(level="memory"))
    try:
        venue.start()
        yield venue
        venue.stop()
    finally:
        venue.close()


def url(venue: MortalVenue, number: int) -> str:
    """Where a gateway listens, as soon as it does."""
    until(lambda: venue.is_ready(f"gateway-{number}"), "the gateway to serve")
    return venues.addresses(venue.directory)[f"gateway-{number}"]


def found(venue: MortalVenue, client_order_id: int, gateway: int = 1) -> Any:
    """The order of an id as a gateway tells it; None when there is none. Asks again while the core is behind."""
    with Client(url(venue, gateway), KEY) as client:
        while True:
            try:
                return client.order(client_order_id=client_order_id)
            except TradingError as refusal:
                if refusal.code == "unknown_order":
                    return None
                if refusal.code != "busy":
                    raise


@contextmanager
def paused(venue: MortalVenue) -> Iterator[int]:
    """The core stands still meanwhile, unless somebody kills it; gives its pid."""
    pid = venue.pause(CORE)
    try:
        yield pid
    finally:
        send(pid, signal.SIGCONT)


def sent(venue: MortalVenue, number: int) -> int:
    """How many records a gateway has sent."""
    return int(venue.memory.gateways[number].header[ring.TAIL])


async def place(stream: Stream, client_order_id: int, symbol: str) -> Any:
    """An order that rests."""
    return await stream.place(symbol, "buy", "1", "50.00", client_order_id=client_order_id)


def leave_in_the_ring(venue: MortalVenue, client_order_id: int, symbol: str, **options: Any) -> None:
    """Have gateway 0 send an order that the core, which is paused, does not look at; then kill the gateway."""

    async def script() -> None:
        async with Stream(url(venue, 0), KEY, **options) as stream:
            before = sent(venue, 0)
            placing = asyncio.ensure_future(place(stream, client_order_id, symbol))
            await asyncio.to_thread(until, lambda: sent(venue, 0) > before, "the order to be in the ring")
            venue.kill("gateway-0")
            with pytest.raises(ConnectionError):
                await placing

    asyncio.run(script())


@pytest.mark.parametrize(("client_order_id", "symbol"), [(1, SETTLED), (2, PLAIN)])
def test_what_it_had_sent_goes_on_and_is_found_elsewhere(venue: MortalVenue, client_order_id: int, symbol: str) -> None:
    pid = venue.pid("gateway-0")
    with ThreadPoolExecutor() as pool:
        with paused(venue):
            leave_in_the_ring(venue, client_order_id, symbol)
            asking = pool.submit(found, venue, client_order_id)
            with Client(url(venue, 1), KEY) as client:
                for _ in range(20):
                    assert client.symbols()  # the gateway serves, and does not say that there is no such order
        order = asking.result()
    assert (order["status"], order["leaves"]) == ("open", "1")
    venue.await_ready("gateway-0", pid)
    assert found(venue, client_order_id, gateway=0)["order_id"] == order["order_id"]
    with Client(url(venue, 0), KEY) as client, pytest.raises(TradingError) as caught:
        client.place(symbol, "buy", "1", "50.00", client_order_id=client_order_id)
    assert caught.value.code == "duplicate_client_order_id"


def test_an_order_that_never_came_is_told_to_be_unknown(venue: MortalVenue) -> None:
    assert found(venue, 3) is None
    with Client(url(venue, 1), KEY) as client:
        client.place(PLAIN, "buy", "1", "50.00", client_order_id=3)
    assert found(venue, 3, gateway=0)["status"] == "open"


def end(venue: MortalVenue, client_order_id: int) -> None:
    """Wait until an order has been cancelled as its session's."""
    until(lambda: (found(venue, client_order_id) or {}).get("status") == "cancelled", "the order's end")
    assert found(venue, client_order_id)["reason"] == "cancelled_by_mass_cancel"


def test_acknowledged_orders_of_its_sockets_end_as_soon_as_it_is_back(venue: MortalVenue) -> None:
    async def script() -> None:
        async with Stream(url(venue, 0), KEY, cancel_on_disconnect=True) as stream:
            await place(stream, 4, SETTLED)
            await place(stream, 5, PLAIN)
            async with Stream(url(venue, 1), KEY, cancel_on_disconnect=True) as other:
                await place(other, 6, PLAIN)
                venue.kill("gateway-0")
                await asyncio.to_thread(end, venue, 4)
                await asyncio.to_thread(end, venue, 5)
                assert [order["client_order_id"] for order in await other.orders() if order["client_order_id"] == "6"]
        await asyncio.to_thread(end, venue, 6)

    asyncio.run(script())


def test_orders_that_the_core_had_not_looked_at_end_too(venue: MortalVenue) -> None:
    pid = venue.pid("gateway-0")
    with paused(venue):
        leave_in_the_ring(venue, 7, PLAIN, cancel_on_disconnect=True)
        venue.await_ready("gateway-0", pid)
    end(venue, 7)


def test_orders_end_also_when_the_core_dies_with_the_gateway(venue: MortalVenue) -> None:
    with paused(venue) as core:
        gateway = venue.pid("gateway-0")
        leave_in_the_ring(venue, 8, SETTLED, cancel_on_disconnect=True)
        venue.kill(CORE)
    venue.await_ready(CORE, core)
    venue.await_ready("gateway-0", gateway)
    end(venue, 8)

"""The WebSocket client against a whole gateway in front of a stepped venue."""

from __future__ import annotations

import asyncio

import pytest

from tests.gateway.harness import ALICE, BOB, running
from tradsys.client import Stream, TradingError
from tradsys.client import stream as streams


async def test_orders_and_reports_on_one_socket() -> None:
    async with running() as harness, Stream(harness.url, ALICE) as alice, Stream(harness.url, BOB) as bob:
        order = await alice.place("ACME", "buy", "10", "100.00", client_order_id=1)
        taker = await bob.place("ACME", "sell", "4")
        assert (taker["status"], taker["type"], taker["fills"][0]["price"]) == ("filled", "market", "100.00")
        assert [(await anext(alice))["event"] for _ in range(2)] == ["accepted", "fill"]
        assert (await alice.amend(order["order_id"], quantity="8"))["leaves"] == "4"
        assert [each["order_id"] for each in await alice.orders()] == [order["order_id"]]
        assert (await alice.cancel(client_order_id=1))["status"] == "cancelled"
        assert await alice.cancel_all() == 0
        await alice.ping()


async def test_operations_overlap() -> None:
    async with running() as harness, Stream(harness.url, ALICE) as alice:
        orders = await asyncio.gather(*(alice.place("ACME", "buy", "1", f"{price}.00") for price in range(1, 51)))
        assert [order["price"] for order in orders] == [f"{price}.00" for price in range(1, 51)]


async def test_channels_come_out_of_the_iteration() -> None:
    async with running() as harness, Stream(harness.url, ALICE) as alice, Stream(harness.url) as watcher:
        await watcher.subscribe("depth", "ACME")
        await watcher.subscribe("trades", "ACME")
        await alice.place("ACME", "buy", "10", "100.00")
        seen = [await anext(watcher) for _ in range(2)]
        assert [message["type"] for message in seen] == ["snapshot", "update"]
        await watcher.unsubscribe("depth", "ACME")
        await alice.place("ACME", "sell", "1", "100.00")
        assert (await anext(watcher))["channel"] == "trades"


async def test_refusals_are_exceptions() -> None:
    async with running() as harness:
        async with Stream(harness.url) as nobody:
            with pytest.raises(TradingError) as caught:
                await nobody.place("ACME", "buy", "1", "1")
            assert caught.value.code == "unauthenticated"
            assert (await nobody.authenticate(ALICE))["account"] == "alice"
            with pytest.raises(TradingError) as caught:
                await nobody.subscribe("news")
            assert (caught.value.code, caught.value.field) == ("unknown_channel", "channel")
        with pytest.raises(TradingError) as caught:
            async with Stream(harness.url, "wrong"):
                pass
        assert caught.value.code == "unauthenticated"


async def test_the_end_of_the_venue_ends_the_iteration_and_what_waits() -> None:
    async with running() as harness, Stream(harness.url, ALICE) as alice:
        harness.engine.paused = True
        waiting = asyncio.ensure_future(alice.place("ACME", "buy", "1", "1"))
        listening = asyncio.ensure_future(anext(alice))
        await alice.ping()
        assert harness.server is not None
        await harness.server.close()
        with pytest.raises(ConnectionError, match="1001"):
            await waiting
        with pytest.raises(StopAsyncIteration):
            await listening
        with pytest.raises(ConnectionError):
            await alice.ping()


async def test_a_program_that_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MESSAGES_MAX", 3)
    async with running() as harness, Stream(harness.url, ALICE) as alice:
        for _ in range(3):
            await alice.place("ACME", "buy", "1", "1")
        with pytest.raises(ConnectionError, match="unread"):
            await alice.place("ACME", "buy", "1", "1")
        assert [(await anext(alice))["event"] for _ in range(3)] == ["accepted"] * 3
        with pytest.raises(StopAsyncIteration):
            await anext(alice)

"""Sockets whose orders end with them."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.edge import Edge
from gateway.sessions import SessionNumbers, ends_with_orders
from tests import factories
from tests.gateway.harness import ALICE, NOWHERE, Harness, ask, configuration, running, socket, until
from tests.gateway.test_edge import Executed, another_edge, lappable
from tradsys.records import CommandFlag, Kind, MarketState, entry_word
from workers.port import Port

ORDER = {"op": "place", "symbol": "ACME", "side": "buy", "quantity": "10", "price": "100.00"}


def sent(harness: Harness, kind: Kind) -> list[Any]:
    """The records of this kind in the log."""
    return [record[0] for record in harness.engine.log if record["kind"][0] == kind]


def test_numbers_name_ring_and_property_and_are_not_given_out_twice() -> None:
    numbers = SessionNumbers(5)
    first, second = numbers.new(cancel_on_disconnect=True), numbers.new(cancel_on_disconnect=False)
    assert (ends_with_orders(first), ends_with_orders(second)) == (True, False)
    assert 0 < second < first < 1 << 31
    later = SessionNumbers(5)
    later.skip(first)
    later.skip(second)
    later.skip(SessionNumbers(6).new(cancel_on_disconnect=True) + (77 << 8))
    third = later.new(cancel_on_disconnect=False)
    assert third not in (first, second)
    assert third == SessionNumbers(5).new(cancel_on_disconnect=False) + (2 << 8)
    assert later.is_own(third)
    assert not SessionNumbers(6).is_own(third)


@pytest.mark.parametrize("how", ["query", "operation"])
async def test_a_lost_connection_cancels_its_orders_where_that_was_asked_for(how: str) -> None:
    async with running() as harness:
        suffix = "?cancel_on_disconnect=true" if how == "query" else ""
        async with socket(harness, ALICE, suffix) as alice:
            if how == "operation":
                assert (await ask(alice, op="session", cancel_on_disconnect=True))["ok"]
            assert (await ask(alice, **ORDER))["ok"]
            (order,) = sent(harness, Kind.NEW)
            assert not sent(harness, Kind.CANCEL_ALL)
        await until(lambda: len(sent(harness, Kind.CANCEL_ALL)) == 1)
        (cancel,) = sent(harness, Kind.CANCEL_ALL)
        assert order["order_id"] >> 32 > 0
        assert cancel["order_id"] == entry_word(session=int(order["order_id"]) >> 32)
        assert (cancel["account"], cancel["symbol"]) == (order["account"], 0)
        await until(lambda: not harness.edge.entry.waiting)
        assert harness.edge.state.orders.of_account(1) == []


async def test_orders_outlive_a_socket_that_did_not_ask() -> None:
    async with running() as harness:
        async with socket(harness, ALICE) as alice:
            await ask(alice, **ORDER)
        async with socket(harness, ALICE, "?cancel_on_disconnect=true") as alice:
            await ask(alice, op="ping")  # and has no orders
        async with socket(harness, ALICE) as alice:
            assert len((await ask(alice, op="orders"))["result"]["orders"]) == 1
        assert not sent(harness, Kind.CANCEL_ALL)


async def test_the_property_is_chosen_before_the_first_order() -> None:
    async with running() as harness, socket(harness, ALICE) as alice:
        await ask(alice, op="session", cancel_on_disconnect=True)
        await ask(alice, op="session", cancel_on_disconnect=False)
        await ask(alice, **ORDER)
        assert (await ask(alice, op="session", cancel_on_disconnect=False))["ok"]
        refused = await ask(alice, op="session", cancel_on_disconnect=True)
        assert (refused["error"]["code"], refused["error"]["field"]) == ("invalid_message", "cancel_on_disconnect")


async def test_cancel_all_of_one_side_and_of_one_socket() -> None:
    async with running() as harness, socket(harness, ALICE) as alice:
        assert (await ask(alice, op="cancel_all", session=True))["result"] == {"cancelled": 0}
        assert not sent(harness, Kind.CANCEL_ALL)
        await ask(alice, **ORDER)
        await ask(alice, op="cancel_all", session=True, side="sell", symbol="ACME")
        (cancel,) = sent(harness, Kind.CANCEL_ALL)
        assert cancel["order_id"] == sent(harness, Kind.NEW)[0]["order_id"]
        assert (cancel["flags"], cancel["side"], cancel["symbol"]) == (CommandFlag.ONE_SIDE, 1, 1)


async def test_a_full_ring_delays_the_cancel_and_does_not_lose_it() -> None:
    async with running(configuration(rings={"gateway": 64})) as harness:
        async with socket(harness, ALICE, "?cancel_on_disconnect=true") as alice:
            await ask(alice, **ORDER)
            harness.engine.paused = True
            for _ in range(64):
                await alice.send_json(ORDER)
            await until(lambda: harness.edge.entry.waiting == 64)
        await until(lambda: harness.memory.counters.snapshot()["gateway-0 sockets open"] == 0)
        harness.engine.paused = False
        await until(lambda: not harness.edge.entry.waiting)
        assert not sent(harness, Kind.CANCEL_ALL)
        harness.edge.expire()
        await until(lambda: not harness.edge.entry.waiting and bool(sent(harness, Kind.CANCEL_ALL)))
        assert harness.edge.state.orders.of_account(1) == []


async def test_what_a_frozen_auction_kept_is_cancelled_after_it() -> None:
    harness = Harness(configuration())
    harness.edge.state.markets[1].state = MarketState.FROZEN
    harness.edge.entry.end_session(1, 7)
    harness.turn()
    harness.edge.expire()
    harness.turn()
    assert len(sent(harness, Kind.CANCEL_ALL)) == 1
    harness.send(factories.market_state(MarketState.CONTINUOUS))
    harness.edge.expire()
    harness.turn()
    assert [record["order_id"] for record in sent(harness, Kind.CANCEL_ALL)] == [entry_word(session=7)] * 2
    harness.edge.expire()
    harness.turn()
    assert len(sent(harness, Kind.CANCEL_ALL)) == 2


async def test_a_gateway_that_starts_again_ends_the_sessions_of_the_one_before() -> None:
    harness = lappable()
    lost, kept = SessionNumbers(1).new(cancel_on_disconnect=True), SessionNumbers(1).new(cancel_on_disconnect=False)
    others = SessionNumbers(2).new(cancel_on_disconnect=True)
    for session in (lost, kept, others):
        harness.send(factories.buy(10_000, 5, order_id=entry_word(session=session)))
    later = another_edge(harness, lambda: Executed(harness))
    await later.recover()
    harness.turn()
    assert [record["order_id"] for record in sent(harness, Kind.CANCEL_ALL)] == [entry_word(session=lost)]
    assert later.sessions.new(cancel_on_disconnect=True) not in (lost, kept, others)


async def test_the_first_gateway_ends_the_sessions_of_gateways_that_are_no_more() -> None:
    harness = lappable()
    assert harness.configuration.gateway.count == 1
    gone, kept = SessionNumbers(1).new(cancel_on_disconnect=True), SessionNumbers(1).new(cancel_on_disconnect=False)
    for session in (gone, kept):
        harness.send(factories.buy(10_000, 5, order_id=entry_word(session=session)))
    harness.port.close()
    port = Port(harness.memory, 0, 0)
    first = Edge(harness.memory, port, 0, harness.configuration, harness.plan, lambda: Executed(harness), NOWHERE)
    await first.recover()
    harness.turn()
    assert [record["order_id"] for record in sent(harness, Kind.CANCEL_ALL)] == [entry_word(session=gone)]

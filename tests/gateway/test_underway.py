"""Commands that were sent and not answered, also by a gateway that is dead: who asks for them, who ends them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway import waiting
from gateway.sessions import SessionNumbers
from tests import factories
from tests.gateway.harness import GATEWAY_RING, Harness, running
from tests.gateway.test_edge import Executed, another_edge, lappable
from tests.gateway.test_rest import callers
from tests.gateway.test_sessions import sent
from tradsys.records import Kind, entry_word
from workers.memory import JOURNALED
from workers.port import Port


def order_of(session: int, **fields: Any) -> Any:
    """An order that was placed on the session."""
    return factories.buy(10_000, 5, order_id=entry_word(session=session), **fields)


def die(harness: Harness, *commands: Any) -> None:
    """A gateway on ring 1 sends these commands and is gone before the core looks at them."""
    port = Port(harness.memory, 1, 0)
    for command in commands:
        assert port.submit(command) == 1
    port.close()


async def test_a_lookup_by_client_order_id_waits_for_what_a_dead_gateway_has_sent() -> None:
    async with running() as harness, callers(harness) as (alice, *_):
        harness.engine.paused = True
        die(harness, factories.buy(10_000, 5, client_order_id=7))
        asking = asyncio.ensure_future(alice("GET", "/orders?client_order_id=7"))
        other = asyncio.ensure_future(alice("GET", "/orders?client_order_id=8"))
        assert (await alice("GET", "/symbols"))[0] == 200
        assert not asking.done()
        assert not other.done()
        harness.engine.paused = False
        status, found = await asking
        assert (status, found["client_order_id"], found["status"]) == (200, "7", "open")
        assert (await other)[0] == 404


async def test_a_lookup_while_the_core_is_away_is_answered_with_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_WAITS_MAX", 3)
    async with running() as harness, callers(harness) as (alice, *_):
        order = await alice.place(client_order_id=7)
        harness.engine.paused = True
        die(harness, factories.buy(10_000, 5))
        status, refusal = await alice("GET", "/orders?client_order_id=7")
        assert (status, refusal["error"]["code"]) == (503, "busy")
        status, found = await alice("GET", f"/orders/{order['order_id']}")
        assert (status, found["status"]) == (200, "open")


async def test_the_beginning_of_an_order_that_never_came_holds_no_lookup_up() -> None:
    async with running() as harness, callers(harness) as (alice, *_):
        harness.engine.paused = True
        die(harness, factories.extension())
        assert (await alice("GET", "/orders?client_order_id=7"))[0] == 404


async def test_orders_still_in_the_ring_of_a_dead_gateway_end_with_their_sessions() -> None:
    harness = lappable()
    numbers = SessionNumbers(1)
    lost, kept = numbers.new(cancel_on_disconnect=True), numbers.new(cancel_on_disconnect=False)
    die(harness, order_of(lost), order_of(kept, client_order_id=7), order_of(lost))
    later = another_edge(harness, lambda: Executed(harness))
    await later.recover()
    assert later.sessions.new(cancel_on_disconnect=True) >> 8 & 0xFF == 3, "no number is given out twice"
    harness.turn()
    assert [record["order_id"] for record in sent(harness, Kind.CANCEL_ALL)] == [entry_word(session=lost)]
    later.pump()
    assert [order.client_order_id for order in later.state.orders.of_account(1)] == [7]


async def test_orders_that_are_logged_and_not_yet_journaled_end_with_their_sessions() -> None:
    harness = lappable()
    lost = SessionNumbers(1).new(cancel_on_disconnect=True)
    before = Executed(harness)
    journaled = int(harness.memory.control[JOURNALED])
    harness.send(order_of(lost))
    harness.memory.control[JOURNALED] = journaled
    later = another_edge(harness, lambda: before)
    await later.recover()
    harness.turn()
    assert [record["order_id"] for record in sent(harness, Kind.CANCEL_ALL)] == [entry_word(session=lost)]


async def test_sessions_of_other_gateways_that_live_are_left_alone() -> None:
    harness = lappable()
    others = SessionNumbers(2).new(cancel_on_disconnect=True)
    die(harness, order_of(others))
    later = another_edge(harness, lambda: Executed(harness))
    await later.recover()
    harness.turn()
    assert sent(harness, Kind.CANCEL_ALL) == []


async def test_the_first_gateway_of_a_venue_finds_no_orders() -> None:
    async with running() as harness:
        assert harness.edge.service.under_way.sessions(GATEWAY_RING) == set()

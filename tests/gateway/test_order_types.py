"""Every order type from a client's request to its answer, its reports and the public depth, through the kernel."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from gateway.orders import Order
from gateway.placing import entry_of
from gateway.results import order_view
from gateway.state import VenueState
from tests import factories
from tests.gateway import bodies
from tests.gateway.harness import ALICE, BOB, CAROL, Harness, ask, configuration, receive, running, socket, until
from tests.gateway.test_state import LoadedFrom
from tradsys.client import Stream
from tradsys.errors import TradingError
from tradsys.records import COMMAND, MarketState


def depth(harness: Harness, side: int) -> list[tuple[int, int, int]]:
    """The public levels of symbol 1: price in ticks, lots, orders."""
    return harness.edge.state.markets[1].depth(side, 10)


async def test_a_stop_waits_unseen_fires_at_its_trigger_and_trades_like_any_other() -> None:
    async with (
        running() as harness,
        Stream(harness.url, ALICE) as alice,
        Stream(harness.url, BOB) as bob,
        Stream(harness.url, CAROL) as carol,
    ):
        await bob.place("ACME", "buy", "5", "99.00")
        await bob.place("ACME", "buy", "20", "98.00")
        stop = await alice.place("ACME", "sell", "10", trigger_price="99.00", type="stop")
        assert (stop["status"], stop["type"], stop["trigger_price"]) == ("waiting", "stop", "99.00")
        assert "price" not in stop
        assert depth(harness, 1) == []
        taken = await carol.place("ACME", "sell", "5", "99.00")
        assert [(fill["price"], fill["quantity"]) for fill in taken["fills"]] == [("99.00", "5")], "only its own"
        events = [await anext(alice) for _ in range(4)]
        assert [event["event"] for event in events] == ["accepted", "terms", "triggered", "fill"]
        assert (events[3]["price"], events[3]["status"]) == ("98.00", "filled")
        assert depth(harness, 0) == [(9800, 10, 1)]
        assert len(harness.edge.state.markets[1].trades) == 2


async def test_a_trigger_is_amended_and_a_waiting_order_cancelled() -> None:
    async with running() as harness, Stream(harness.url, ALICE) as alice:
        order = await alice.place("ACME", "sell", "10", "94.00", trigger_price="95.00")
        amended = await alice.amend(order["order_id"], trigger_price="96.00", leaves="7")
        assert (amended["trigger_price"], amended["price"], amended["quantity"]) == ("96.00", "94.00", "7")
        assert [each["status"] for each in await alice.orders()] == ["waiting"]
        cancelled = await alice.cancel(order["order_id"])
        assert (cancelled["status"], cancelled["leaves"]) == ("cancelled", "7")
        trailing = await alice.place("ACME", "sell", "10", trail_bps=50)
        assert (trailing["type"], trailing["trail_bps"]) == ("trailing_stop", 50)
        with pytest.raises(TradingError) as caught:
            await alice.amend(trailing["order_id"], trigger_price="95.00")
        assert caught.value.code == "not_amendable"
        assert await alice.cancel_all(side="buy") == 0
        assert await alice.cancel_all(side="sell") == 1


async def test_an_iceberg_shows_one_slice_at_a_time() -> None:
    async with running() as harness, Stream(harness.url, ALICE) as alice, Stream(harness.url, BOB) as bob:
        order = await alice.place("ACME", "sell", "50", "100.00", display_quantity="10")
        assert (order["quantity"], order["display_quantity"]) == ("50", "10")
        assert depth(harness, 1) == [(10_000, 10, 1)]
        await bob.place("ACME", "buy", "12", "100.00")
        assert depth(harness, 1) == [(10_000, 8, 1)]
        assert (await alice.orders())[0]["leaves"] == "38"
        events = [await anext(alice) for _ in range(6)]
        assert [event["event"] for event in events] == ["accepted", "terms", "displayed", "fill", "displayed", "fill"]
        assert [event.get("displayed") for event in events] == [None, None, "10", None, "10", None]


async def test_hidden_and_pegged_orders_are_not_in_the_depth() -> None:
    async with running() as harness, Stream(harness.url, ALICE) as alice, Stream(harness.url, BOB) as bob:
        hidden = await alice.place("ACME", "sell", "5", "100.00", hidden=True)
        assert (hidden["status"], hidden["hidden"]) == ("open", True)
        pegged = await alice.place("ACME", "buy", "5", "99.50", peg="primary")
        assert (pegged["status"], pegged["price"], "working_price" in pegged) == ("waiting", "99.50", False)
        await bob.place("ACME", "buy", "1", "98.00")
        (_, now) = await alice.orders()
        assert (now["status"], now["working_price"], now["price"]) == ("open", "98.00", "99.50")
        assert depth(harness, 0) == [(9800, 1, 1)]
        assert depth(harness, 1) == []
        assert (await bob.place("ACME", "buy", "5", "100.00"))["status"] == "filled"


async def test_a_bracket_waits_for_its_order_and_then_one_leg_cancels_the_other() -> None:
    async with running() as harness, Stream(harness.url, ALICE) as alice, Stream(harness.url, BOB) as bob:
        order = await alice.place(
            "ACME",
            "buy",
            "10",
            "100.00",
            client_order_id=1,
            then=[
                {"type": "take_profit_limit", "trigger_price": "105.00", "price": "105.00", "client_order_id": 2},
                {"type": "stop", "trigger_price": "95.00", "client_order_id": 3},
            ],
        )
        assert [leg["status"] for leg in order["legs"]] == ["waiting", "waiting"]
        assert {leg["waits_for"] for leg in order["legs"]} == {order["order_id"]}
        with pytest.raises(TradingError, match="order with this client order id"):
            await alice.place("ACME", "buy", "1", "1.00", client_order_id=3)
        await bob.place("ACME", "sell", "10", "100.00")
        profit, loss = await alice.orders()
        assert (profit["side"], profit["status"], "waits_for" in profit) == ("sell", "waiting", False)
        await bob.place("ACME", "buy", "20", "95.00")
        await bob.place("ACME", "sell", "1", "95.00")
        assert await alice.orders() == []
        profit_order = harness.edge.state.orders.get(int(profit["order_id"]))
        loss_order = harness.edge.state.orders.get(int(loss["order_id"]))
        assert profit_order is not None
        assert loss_order is not None
        assert (profit_order.status, loss_order.status, loss_order.filled_lots) == ("cancelled", "filled", 10)


async def test_of_two_orders_one_cancels_the_other() -> None:
    async with running() as harness, Stream(harness.url, ALICE) as alice, Stream(harness.url, BOB) as bob:
        order = await alice.place(
            "ACME", "sell", "10", "105.00", one_cancels_other={"type": "stop", "trigger_price": "95.00"}
        )
        assert (order["status"], order["legs"][0]["status"]) == ("open", "waiting")
        await bob.place("ACME", "buy", "1", "105.00")
        assert [each["leaves"] for each in await alice.orders()] == ["9"]


async def test_an_amount_buys_what_it_pays() -> None:
    async with running() as harness, Stream(harness.url, ALICE) as alice, Stream(harness.url, BOB) as bob:
        await bob.place("ACME", "sell", "5", "100.00")
        await bob.place("ACME", "sell", "5", "101.00")
        order = await alice.place("ACME", "buy", amount="703.00")
        assert (order["amount"], order["spent"], order["filled"]) == ("703.00", "702.00", "7")
        assert (order["status"], order["reason"]) == ("cancelled", "budget_rest")
        assert "leaves" not in order
        assert [(fill["price"], fill["quantity"]) for fill in order["fills"]] == [("100.00", "5"), ("101.00", "2")]
        order = await alice.place("ACME", "buy", amount="101.00")
        assert (order["status"], order["spent"]) == ("filled", "101.00")


async def test_a_prevented_self_trade_is_told_to_both_orders() -> None:
    async with running() as harness, Stream(harness.url, ALICE) as alice:
        maker = await alice.place("ACME", "sell", "5", "100.00")
        taker = await alice.place("ACME", "buy", "8", "100.00", self_trade="decrement")
        assert (taker["status"], taker["leaves"], taker["fills"]) == ("open", "3", [])
        events = [await anext(alice) for _ in range(6)]
        told = [(event["event"], event.get("role"), event["order_id"] == taker["order_id"]) for event in events]
        assert told == [
            ("accepted", None, False),
            ("accepted", None, True),
            ("prevented", "taker", True),
            ("prevented", "maker", False),
            ("cancelled", None, False),
            ("rested", None, True),
        ]
        assert harness.edge.state.orders.get(int(maker["order_id"])) is not None
        assert depth(harness, 0) == [(10_000, 3, 1)]


async def test_only_the_orders_of_the_lost_socket_end() -> None:
    async with running() as harness, socket(harness, ALICE) as staying:
        order = {"op": "place", "symbol": "ACME", "side": "buy", "quantity": "1", "price": "100.00"}
        kept = await ask(staying, **order)
        async with socket(harness, ALICE, "?cancel_on_disconnect=true") as leaving:
            await ask(leaving, **order)
            await ask(leaving, **order, then=[{"type": "stop", "trigger_price": "95.00"}])
        while (await receive(staying)).get("reason") != "cancelled_by_mass_cancel":
            pass
        await until(lambda: not harness.edge.entry.waiting)
        open_orders = (await ask(staying, op="orders"))["result"]["orders"]
        assert [each["order_id"] for each in open_orders] == [kept["result"]["order_id"]]


@pytest.mark.parametrize("shards", [1, 2])
async def test_an_order_that_expires_before_a_command_is_not_taken_for_its_answer(shards: int) -> None:
    async with running(configuration(topology={"shards": shards})) as harness, Stream(harness.url, ALICE) as alice:
        now_ns = len(harness.engine.log) * 1000
        for soon in range(10):
            expires_at = str(now_ns + 15_000 + soon * 1000)
            expiring = await alice.place("BTC-USD", "buy", "0.001", "60000", expires_at=expires_at)
            assert (expiring["time_in_force"], expiring["expires_at"]) == ("gtd", expires_at)
        for number in range(20):
            order = await alice.place("ACME", "buy", "1", "100.00", client_order_id=number + 1)
            assert (order["client_order_id"], order["status"]) == (str(number + 1), "open")
            assert (await alice.cancel(order["order_id"]))["order_id"] == order["order_id"]
        assert await alice.orders() == []


def test_a_gateway_that_starts_later_knows_orders_of_every_type(seed: int) -> None:
    harness = Harness(configuration(topology={"shards": 2}))
    symbol = factories.symbol(3, "SYM1")
    harness.send(symbol.definition().view(COMMAND))
    market = harness.edge.state.markets[3]
    dice = random.Random(seed)
    for _ in range(800):
        try:
            records = entry_of(
                bodies.order(dice, len(harness.engine.log) * 1000), market, dice.randint(1, 3), 7
            ).records
        except TradingError:
            continue
        harness.send(*np.split(np.frombuffer(bytearray(records), COMMAND), len(records) // COMMAND.itemsize))
        if dice.random() < 0.01 or (market.state != MarketState.CONTINUOUS and dice.random() < 0.2):
            harness.send(factories.market_state(dice.choice((MarketState.CONTINUOUS, MarketState.PRE_OPEN)), symbol=3))
    late = VenueState(lambda number: harness.memory.symbols[number], 100, 1000)
    replica = LoadedFrom(harness)
    replica.symbol_count = 3
    late.load(replica, 400)
    assert _views(late) == _views(harness.edge.state)
    for side in (0, 1):
        assert late.markets[3].depth(side, 1000) == market.depth(side, 1000)


def _views(state: VenueState) -> list[Any]:
    orders: list[Order] = [order for account in (1, 2, 3) for order in state.orders.of_account(account, 3)]
    assert len(orders) > 5
    return [order_view(order, state.markets[3]) for order in orders]

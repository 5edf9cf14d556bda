"""REST, from the outside: requests over a real socket to a whole gateway in front of a stepped venue."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession

from tests.gateway.harness import ALICE, BOB, Harness, configuration, running, until
from workers.memory import JOURNAL_TROUBLE


class Caller:
    """Requests with one key, and for one of its accounts if it has several."""

    def __init__(self, session: ClientSession, url: str, key: str | None, account: str | None = None) -> None:
        self._session = session
        self._url = url
        self._headers = {} if key is None else {"X-API-Key": key}
        if account is not None:
            self._headers["X-Account"] = account

    async def __call__(self, method: str, path: str, **arguments: Any) -> tuple[int, Any]:
        """Status and JSON of the answer."""
        async with self._session.request(method, self._url + path, headers=self._headers, **arguments) as response:
            assert response.content_type == "application/json"
            return response.status, await response.json()

    async def place(self, side: str = "buy", price: str | None = "100.00", quantity: str = "10", **more: Any) -> Any:
        """Place an order in ACME that must be taken; gives it."""
        body = {"symbol": "ACME", "side": side, "quantity": quantity, "price": price, **more}
        status, order = await self("POST", "/orders", json=body)
        assert status == 201, order
        return order


@asynccontextmanager
async def callers(harness: Harness) -> AsyncIterator[tuple[Caller, Caller, Caller]]:
    """Alice, Bob and somebody without a key."""
    async with ClientSession() as session:
        alice, bob, nobody = (Caller(session, harness.url, key) for key in (ALICE, BOB, None))
        yield alice, bob, nobody


async def test_an_order_rests_and_is_found_in_every_way() -> None:
    async with running() as harness, callers(harness) as (alice, bob, _):
        order = await alice.place(client_order_id=77)
        assert order | {"order_id": "?"} == {
            "order_id": "?",
            "client_order_id": "77",
            "symbol": "ACME",
            "side": "buy",
            "type": "limit",
            "time_in_force": "gtc",
            "price": "100.00",
            "quantity": "10",
            "filled": "0",
            "leaves": "10",
            "status": "open",
            "fills": [],
        }
        del order["fills"]
        assert await alice("GET", f"/orders/{order['order_id']}") == (200, order)
        assert await alice("GET", "/orders?client_order_id=77") == (200, order)
        assert await alice("GET", "/orders") == (200, {"orders": [order]})
        assert await alice("GET", "/orders?symbol=ACME") == (200, {"orders": [order]})
        assert await alice("GET", "/orders?symbol=BTC-USD") == (200, {"orders": []})
        assert await bob("GET", "/orders") == (200, {"orders": []})
        status, answer = await bob("GET", f"/orders/{order['order_id']}")
        assert (status, answer["error"]["code"]) == (403, "not_your_order")
        assert (await bob("GET", "/orders?client_order_id=77"))[0] == 404


async def test_the_answer_tells_the_fills_of_the_order() -> None:
    async with running() as harness, callers(harness) as (alice, bob, nobody):
        await alice.place("sell", "100.00", "4")
        await alice.place("sell", "100.01", "4")
        taker = await bob.place("buy", "100.01", "10")
        assert [(fill["price"], fill["quantity"]) for fill in taker["fills"]] == [("100.00", "4"), ("100.01", "4")]
        assert (taker["status"], taker["filled"], taker["leaves"]) == ("open", "8", "2")
        _, trades = await nobody("GET", "/trades/ACME")
        assert [(trade["price"], trade["side"]) for trade in trades["trades"]] == [("100.01", "buy"), ("100.00", "buy")]
        assert {trade["trade_id"] for trade in trades["trades"]} == {fill["trade_id"] for fill in taker["fills"]}
        assert len((await nobody("GET", "/trades/ACME?limit=1"))[1]["trades"]) == 1


async def test_market_ioc_and_fok_orders_end_at_once() -> None:
    async with running() as harness, callers(harness) as (alice, bob, _):
        await alice.place("sell", "100.00", "4")
        taker = await bob.place("buy", None, "10", type="market")
        assert (taker["status"], taker["filled"], taker["reason"]) == ("cancelled", "4", "market_rest")
        assert (taker["time_in_force"], "price" in taker) == ("ioc", False)
        taker = await bob.place("buy", "100.00", "10", time_in_force="ioc")
        assert (taker["status"], taker["reason"]) == ("cancelled", "immediate_rest")
        body = {"symbol": "ACME", "side": "buy", "quantity": "1", "price": "100.00", "time_in_force": "fok"}
        status, answer = await bob("POST", "/orders", json=body)
        assert (status, answer["error"]["code"]) == (409, "not_fillable")


async def test_a_post_only_order_that_would_take_is_refused() -> None:
    async with running() as harness, callers(harness) as (alice, bob, _):
        await alice.place("sell", "100.00")
        body = {"symbol": "ACME", "side": "buy", "quantity": "1", "price": "100.00", "post_only": True}
        status, answer = await bob("POST", "/orders", json=body)
        assert (status, answer["error"]["code"]) == (409, "would_cross")
        assert await bob("GET", "/orders") == (200, {"orders": []})


async def test_an_order_is_amended_and_cancelled() -> None:
    async with running() as harness, callers(harness) as (alice, bob, _):
        order = await alice.place(client_order_id=5)
        path = f"/orders/{order['order_id']}"
        await bob.place("sell", "100.00", "3")
        status, amended = await alice("PATCH", path, json={"price": "99.99", "quantity": "8"})
        assert status == 200
        assert (amended["price"], amended["quantity"], amended["filled"], amended["leaves"]) == ("99.99", "8", "3", "5")
        assert (await bob("DELETE", path))[1]["error"]["code"] == "not_your_order"
        assert (await alice("PATCH", path, json={}))[1]["error"]["code"] == "nothing_to_amend"
        status, cancelled = await alice("DELETE", "/orders?client_order_id=5")
        assert (status, cancelled["status"], cancelled["reason"]) == (200, "cancelled", "cancelled_by_client")
        status, answer = await alice("DELETE", path)
        assert (status, answer["error"]["code"], answer["error"]["details"]) == (
            404,
            "unknown_order",
            {"status": "cancelled"},
        )


async def test_an_amended_order_that_crosses_trades() -> None:
    async with running() as harness, callers(harness) as (alice, bob, _):
        order = await alice.place("buy", "99.00")
        await bob.place("sell", "100.00", "4")
        status, amended = await alice("PATCH", f"/orders/{order['order_id']}", json={"price": "100.00"})
        assert (status, amended["filled"], amended["leaves"]) == (200, "4", "6")
        assert [fill["price"] for fill in amended["fills"]] == ["100.00"]


@pytest.mark.parametrize("shards", [1, 2])
async def test_cancel_all_waits_for_every_shard(shards: int) -> None:
    async with running(configuration(topology={"shards": shards})) as harness, callers(harness) as (alice, bob, _):
        for _number in range(3):
            await alice.place("buy", "99.00")
        body = {"symbol": "BTC-USD", "side": "buy", "quantity": "0.001", "price": "60000"}
        assert (await alice("POST", "/orders", json=body))[0] == 201
        await bob.place("buy", "98.00")
        assert await alice("DELETE", "/orders?symbol=BTC-USD") == (200, {"cancelled": 1})
        assert await alice("DELETE", "/orders") == (200, {"cancelled": 3})
        assert await alice("DELETE", "/orders") == (200, {"cancelled": 0})
        assert len((await bob("GET", "/orders"))[1]["orders"]) == 1


async def test_a_client_order_id_is_free_again_when_its_order_has_ended() -> None:
    async with running() as harness, callers(harness) as (alice, bob, _):
        first = await alice.place(client_order_id="9223372036854775807")
        body = {"symbol": "ACME", "side": "buy", "quantity": "1", "price": "1", "client_order_id": 9223372036854775807}
        status, answer = await alice("POST", "/orders", json=body)
        assert (status, answer["error"]["code"]) == (409, "duplicate_client_order_id")
        await bob.place(client_order_id="9223372036854775807")
        await alice("DELETE", f"/orders/{first['order_id']}")
        second = await alice.place(client_order_id="9223372036854775807")
        assert (await alice("GET", "/orders?client_order_id=9223372036854775807"))[1]["order_id"] == second["order_id"]


async def test_depth_adds_up_price_levels_best_first() -> None:
    async with running() as harness, callers(harness) as (alice, bob, nobody):
        for side, price, quantity in (("buy", "99.98", "1"), ("buy", "99.99", "2"), ("buy", "99.99", "3")):
            await alice.place(side, price, quantity)
        for price in ("100.02", "100.01"):
            await bob.place("sell", price, "7")
        status, depth = await nobody("GET", "/depth/ACME")
        assert (status, depth["symbol"], depth["state"]) == (200, "ACME", "continuous")
        assert depth["bids"] == [["99.99", "5", 2], ["99.98", "1", 1]]
        assert depth["asks"] == [["100.01", "7", 1], ["100.02", "7", 1]]
        assert (await nobody("GET", "/depth/ACME?levels=1"))[1]["bids"] == [["99.99", "5", 2]]


async def test_symbols_tell_scales_and_ranges() -> None:
    async with running() as harness, callers(harness) as (_, _, nobody):
        status, answer = await nobody("GET", "/symbols")
        assert status == 200
        assert answer["symbols"][1] == {
            "symbol": "BTC-USD",
            "tick_size": "0.5",
            "lot_size": "0.001",
            "lowest_price": "10000.0",
            "highest_price": "109999.5",
            "reference_price": "60000.0",
            "state": "continuous",
            "rules": {
                "static_band_bps": 0,
                "dynamic_band_bps": 0,
                "collar_bps": 0,
                "orders_max": 0,
                "trigger_source": "last",
                "breach_state": "halt",
            },
        }


GOOD = {"symbol": "ACME", "side": "buy", "quantity": "1", "price": "100.00"}


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"symbol": "NOPE"}, 404, "unknown_symbol", "symbol"),
        ({"price": "100.001"}, 422, "off_tick_price", "price"),
        ({"price": "1000.00"}, 422, "price_out_of_range", "price"),
        ({"price": "-1"}, 422, "price_out_of_range", "price"),
        ({"price": "1e2"}, 400, "invalid_decimal", "price"),
        ({"price": "٣"}, 400, "invalid_decimal", "price"),
        ({"price": 100}, 400, "wrong_type", "price"),
        ({"price": None}, 400, "missing_field", "price"),
        ({"quantity": "0"}, 422, "zero_quantity", "quantity"),
        ({"quantity": "-1"}, 422, "zero_quantity", "quantity"),
        ({"quantity": "1.5"}, 422, "off_lot_quantity", "quantity"),
        ({"quantity": "9" * 40}, 422, "quantity_overflow", "quantity"),
        ({"quantity": "9" * 41}, 400, "invalid_decimal", "quantity"),
        ({"quantity": str(1 << 40)}, 422, "quantity_overflow", "quantity"),
        ({"client_order_id": 0}, 400, "invalid_field", "client_order_id"),
        ({"client_order_id": "9223372036854775808"}, 400, "invalid_field", "client_order_id"),
        ({"type": "market"}, 400, "invalid_field", "price"),
        ({"type": "market", "price": None, "time_in_force": "gtc"}, 422, "invalid_order", "time_in_force"),
        ({"post_only": True, "time_in_force": "ioc"}, 422, "invalid_order", "post_only"),
        ({"quantity": None}, 400, "missing_field", "quantity"),
        ({"op": "place"}, 400, "unknown_field", "op"),
        ({"id": 1}, 400, "unknown_field", "id"),
    ],
)
async def test_a_wrong_order_is_refused_with_code_and_field(
    change: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    async with running() as harness, callers(harness) as (alice, _, _):
        got, answer = await alice("POST", "/orders", json=GOOD | change)
        assert (got, answer["error"]["code"], answer["error"].get("field")) == (status, code, field)
        assert answer["error"]["message"]
        assert (await alice("POST", "/orders", json=GOOD))[0] == 201


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("PUT", "/orders", 405, "method_not_allowed"),
        ("GET", "/orders/abc", 400, "invalid_field"),
        ("GET", "/orders/99999999999999999999", 400, "invalid_field"),
        ("GET", "/orders/12345", 404, "unknown_order"),
        ("DELETE", "/orders/12345", 404, "unknown_order"),
        ("PATCH", "/orders/12345", 400, "invalid_json"),
        ("GET", "/orders?colour=red", 400, "unknown_field"),
        ("GET", "/orders?symbol=NOPE", 404, "unknown_symbol"),
        ("DELETE", "/orders?symbol=NOPE", 404, "unknown_symbol"),
        ("GET", "/depth/NOPE", 404, "unknown_symbol"),
        ("GET", "/depth/ACME?levels=0", 400, "invalid_field"),
        ("GET", "/depth/ACME?levels=1001", 400, "invalid_field"),
        ("GET", "/depth/ACME?levels=x", 400, "invalid_field"),
        ("GET", "/trades/ACME?limit=101", 400, "invalid_field"),
        ("GET", "/ws", 400, "invalid_message"),
    ],
)
async def test_a_wrong_request_is_refused_in_json(method: str, path: str, status: int, code: str) -> None:
    async with running() as harness, callers(harness) as (alice, _, _):
        got, answer = await alice(method, path)
        assert (got, answer["error"]["code"]) == (status, code)


async def test_a_body_beyond_the_limit_is_refused() -> None:
    async with running() as harness, callers(harness) as (alice, _, _):
        status, answer = await alice("POST", "/orders", data=b"x" * 70_000)
        assert (status, answer["error"]["code"]) == (413, "frame_too_large")


@pytest.mark.parametrize("key", [None, "", "nobody's", "älice"])
async def test_orders_need_a_valid_key(key: str | None) -> None:
    async with running() as harness, ClientSession() as session:
        caller = Caller(session, harness.url, key)
        for method, path in (("POST", "/orders"), ("GET", "/orders"), ("DELETE", "/orders/1"), ("PATCH", "/orders/1")):
            status, answer = await caller(method, path, json=GOOD)
            assert (status, answer["error"]["code"]) == (401, "unauthenticated")


async def test_no_answer_comes_before_the_cores() -> None:
    async with running() as harness, callers(harness) as (alice, _, _):
        harness.engine.paused = True
        waiting = asyncio.ensure_future(alice.place())
        await until(lambda: harness.edge.entry.waiting == 1)
        assert not waiting.done()
        harness.engine.paused = False
        assert (await waiting)["status"] == "open"


async def test_while_the_journals_disk_fails_only_cancels_are_taken() -> None:
    async with running() as harness, callers(harness) as (alice, _, nobody):
        first, second = await alice.place(), await alice.place()
        logged = len(harness.engine.log)
        harness.memory.control[JOURNAL_TROUBLE] = errno.ENOSPC
        body = {"symbol": "ACME", "side": "buy", "quantity": "10", "price": "100.00"}
        for method, path, json in (
            ("POST", "/orders", body),
            ("PATCH", f"/orders/{first['order_id']}", {"quantity": "5"}),
        ):
            status, answer = await alice(method, path, json=json)
            assert (status, answer["error"]["code"]) == (503, "journal_unavailable")
        assert len(harness.engine.log) == logged, "they have not come to the core"
        status, health = await nobody("GET", "/health")
        assert (status, health["journal"]) == (503, "No space left on device")
        status, cancelled = await alice("DELETE", f"/orders/{first['order_id']}")
        assert (status, cancelled["status"]) == (200, "cancelled")
        assert harness.memory.counters.snapshot()["gateway-0 refused without journal"] == 2
        harness.memory.control[JOURNAL_TROUBLE] = 0
        status, amended = await alice("PATCH", f"/orders/{second['order_id']}", json={"quantity": "5"})
        assert (status, amended["quantity"]) == (200, "5")
        await alice.place()


async def test_help_and_health() -> None:
    async with running() as harness, callers(harness) as (_, _, nobody):
        assert (await nobody("GET", "/"))[0] == 200
        status, health = await nobody("GET", "/health")
        assert status == 503  # no worker of this venue has a heart
        assert (health["live"], health["ready"], health["phase"]) == (True, False, "ready")
        assert health["journaled_sequence"] == health["log_sequence"] == len(harness.engine.log)
        assert await nobody("GET", "/health/live") == (200, {"live": True})
        status, ready = await nobody("GET", "/health/ready")
        assert (status, ready["ready"], ready["reasons"]) == (503, False, health["reasons"])
        assert ready["reasons"] == ["engine has given no sign of life yet"]
        assert "workers" not in health, "that is for administrators"

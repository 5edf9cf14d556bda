"""The WebSocket, from the outside: order entry, execution reports and channels on real sockets."""

from __future__ import annotations

import json
import random
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from gateway.market import Market
from gateway.websocket import session as sessions
from tests import factories
from tests.conftest import Logged
from tests.gateway.harness import ALICE, BOB, Harness, ask, configuration, receive, running, socket, until
from tradsys.records import MarketState

ORDER = {"op": "place", "symbol": "ACME", "side": "buy", "quantity": "10", "price": "100.00"}


async def test_reports_of_a_command_come_before_its_answer() -> None:
    async with running() as harness, socket(harness, ALICE) as alice, socket(harness, BOB) as bob:
        assert (await ask(alice, **ORDER))["ok"]
        await bob.send_json(ORDER | {"side": "sell", "quantity": "15", "id": "mine", "client_order_id": 9})
        messages = [await receive(bob) for _ in range(4)]
        assert [message.get("event") for message in messages] == ["accepted", "fill", "rested", None]
        accepted, fill, rested, answer = messages
        assert (answer["ok"], answer["id"], answer["result"]["filled"]) == (True, "mine", "10")
        assert {message["client_order_id"] for message in (accepted, fill, rested, answer["result"])} == {"9"}
        assert (fill["role"], fill["price"], fill["quantity"], fill["leaves"]) == ("taker", "100.00", "10", "5")
        assert (rested["leaves"], rested["status"]) == ("5", "open")
        report = await receive(alice)
        assert (report["event"], report["role"], report["status"]) == ("fill", "maker", "filled")
        assert report["trade_id"] == fill["trade_id"] == answer["result"]["fills"][0]["trade_id"]


async def test_every_socket_of_the_account_that_asked_gets_the_reports() -> None:
    async with (
        running() as harness,
        socket(harness, ALICE) as placing,
        socket(harness, ALICE) as watching,
        socket(harness, ALICE) as idle,
        socket(harness, BOB) as other,
    ):
        await ask(watching, op="subscribe", channel="orders")
        await ask(other, op="subscribe", channel="orders")
        order = (await ask(placing, **ORDER))["result"]
        assert (await receive(watching))["event"] == "accepted"
        await ask(placing, op="cancel", order_id=order["order_id"])
        cancelled = await receive(watching)
        assert (cancelled["event"], cancelled["reason"]) == ("cancelled", "cancelled_by_client")
        for silent in (idle, other):
            await silent.send_json({"op": "ping", "id": 1})
            assert (await receive(silent))["id"] == 1
        await ask(watching, op="unsubscribe", channel="orders")
        await ask(placing, **ORDER)
        await watching.send_json({"op": "ping", "id": 2})
        assert (await receive(watching))["id"] == 2


async def test_a_refusal_by_the_core_is_an_answer_and_a_report() -> None:
    async with running() as harness, socket(harness, ALICE) as alice:
        await ask(alice, op="subscribe", channel="orders")
        await alice.send_json(ORDER | {"time_in_force": "fok", "id": 1, "client_order_id": "4"})
        report, answer = await receive(alice), await receive(alice)
        assert (report["event"], report["reason"], report["client_order_id"]) == ("rejected", "not_fillable", "4")
        assert (answer["ok"], answer["id"], answer["error"]["code"]) == (False, 1, "not_fillable")


async def test_amend_cancel_and_list_by_either_id() -> None:
    async with running() as harness, socket(harness, ALICE) as alice:
        first = (await ask(alice, **ORDER, client_order_id=1))["result"]
        await ask(alice, **(ORDER | {"symbol": "BTC-USD", "price": "60000", "quantity": "0.005"}))
        amended = await ask(alice, op="amend", client_order_id="1", quantity="4")
        assert (amended["result"]["quantity"], amended["result"]["order_id"]) == ("4", first["order_id"])
        assert (await ask(alice, op="amend", order_id=int(first["order_id"]), price="99.00"))["ok"]
        orders = (await ask(alice, op="orders"))["result"]["orders"]
        assert [order["symbol"] for order in orders] == ["ACME", "BTC-USD"]
        assert (await ask(alice, op="orders", symbol="ACME"))["result"]["orders"] == orders[:1]
        assert (await ask(alice, op="cancel", client_order_id=1))["result"]["status"] == "cancelled"
        assert (await ask(alice, op="cancel_all"))["result"] == {"cancelled": 1}


@pytest.mark.parametrize(
    ("frame", "code", "echo"),
    [
        ("{", "invalid_json", None),
        ("", "invalid_json", None),
        ("\x00", "invalid_json", None),
        ("[1]", "invalid_message", None),
        ('{"op":"fly","id":"a"}', "unknown_operation", "a"),
        ('{"op":"place","id":3}', "missing_field", 3),
        ('{"op":"cancel","id":3}', "missing_field", 3),
        ('{"op":"cancel","order_id":"1","client_order_id":"1"}', "invalid_message", None),
        ('{"op":"cancel","order_id":"one"}', "invalid_field", None),
        ('{"op":"cancel","order_id":"1"}', "unknown_order", None),
        ('{"op":"amend","client_order_id":1,"price":1}', "wrong_type", None),
        ('{"op":"subscribe","channel":"news"}', "unknown_channel", None),
        ('{"op":"subscribe","channel":"depth"}', "missing_field", None),
        ('{"op":"unsubscribe","channel":"trades","symbol":"NOPE"}', "unknown_symbol", None),
        ('{"op":"auth","key":"wrong"}', "unauthenticated", None),
        ('{"op":"auth","key":"bob-key"}', "invalid_message", None),
        (json.dumps({"op": "ping", "id": "x" * 70_000}), "frame_too_large", "x" * 70_000),
        (b"\xff\xfe", "invalid_json", None),
    ],
)
async def test_a_bad_message_is_answered_and_the_socket_lives(frame: str | bytes, code: str, echo: object) -> None:
    async with running() as harness, socket(harness, ALICE) as alice:
        if isinstance(frame, bytes):
            await alice.send_frame(frame, WSMsgType.TEXT)
        else:
            await alice.send_str(frame)
        answer = await receive(alice)
        assert (answer["ok"], answer["error"]["code"], answer.get("id")) == (False, code, echo)
        assert (await ask(alice, op="ping", id=5)) == {"ok": True, "result": {}, "id": 5}


async def test_a_frame_far_beyond_the_limit_ends_the_socket_with_the_standard_code() -> None:
    async with running(configuration(gateway={"frame_bytes_max": 1024})) as harness, socket(harness, ALICE) as alice:
        await alice.send_str("x" * 100_000)
        closing = await alice.receive()
        assert closing.type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
        assert alice.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_a_key_may_come_in_a_message() -> None:
    async with running() as harness, socket(harness) as somebody:
        refused = await ask(somebody, **ORDER)
        assert refused["error"]["code"] == "unauthenticated"
        assert (await ask(somebody, op="auth", key=ALICE))["result"] == {"account": "alice"}
        assert (await ask(somebody, **ORDER))["ok"]


async def test_a_wrong_key_in_the_header_gets_no_socket() -> None:
    async with running() as harness:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with socket(harness, "wrong"):
                pass
        assert caught.value.status == 401


async def test_trades_come_in_one_message_for_a_batch() -> None:
    async with running() as harness, socket(harness) as watcher:
        await ask(watcher, op="subscribe", channel="trades", symbol="ACME")
        price = harness.configuration.symbol_list()[0].reference_ticks
        harness.send(
            factories.sell(price, 3), factories.sell(price, 4), factories.buy(price, 5, account=2, time_in_force=1)
        )
        message = await receive(watcher)
        assert (message["channel"], message["symbol"]) == ("trades", "ACME")
        assert [(trade["price"], trade["quantity"], trade["side"]) for trade in message["trades"]] == [
            ("100.00", "3", "buy"),
            ("100.00", "2", "buy"),
        ]


async def test_an_auctions_trades_have_no_side_and_reports_say_auction() -> None:
    async with running() as harness, socket(harness, ALICE) as alice:
        await ask(alice, op="subscribe", channel="trades", symbol="ACME")
        harness.send(factories.market_state(MarketState.OPENING_AUCTION))
        await ask(alice, **ORDER)
        price = harness.configuration.symbol_list()[0].reference_ticks
        harness.send(factories.sell(price, account=2), factories.market_state(MarketState.CONTINUOUS))
        report, trades = await receive(alice), await receive(alice)
        assert (report["event"], report["role"], report["status"]) == ("fill", "auction", "filled")
        assert trades["trades"][0]["side"] is None


def levels(rows: list[list[Any]]) -> dict[str, tuple[str, int]]:
    return {price: (quantity, count) for price, quantity, count in rows}


async def test_a_copy_of_the_depth_kept_by_the_rule_stays_the_depth(seed: int) -> None:
    """What docs/api.md tells clients to do: start from the snapshot, apply updates, look for gaps."""
    dice = random.Random(seed)
    async with running() as harness, socket(harness) as watcher:
        await ask(watcher, op="subscribe", channel="depth", symbol="ACME")
        snapshot = await receive(watcher)
        copy = {side: levels(snapshot[side]) for side in ("bids", "asks")}
        sequence = snapshot["sequence"]
        market = harness.edge.state.market_of["ACME"]
        centre = market.symbol.reference_ticks
        for round_number in range(30):
            harness.send(*_batch(harness, dice, centre, round_number))
            while sequence != market.sequence:
                update = await receive(watcher)
                assert (update["type"], update["previous"]) == ("update", sequence)
                sequence = update["sequence"]
                for side in ("bids", "asks"):
                    copy[side] |= levels(update[side])
                    copy[side] = {price: row for price, row in copy[side].items() if row[0] != "0"}
            address = f"{harness.url}/depth/ACME?levels=1000"
            async with aiohttp.ClientSession() as session, session.get(address) as response:
                depth = await response.json()
            assert depth["sequence"] == sequence
            assert {side: levels(depth[side]) for side in ("bids", "asks")} == copy


def _batch(harness: Harness, dice: random.Random, centre: int, round_number: int) -> list[Any]:
    flow = factories.flow(dice.randrange(1 << 32), 20, centre_ticks=centre)
    commands = [flow[number : number + 1] for number in range(len(flow))]
    if round_number % 7 == 6:
        commands.append(factories.cancel_all(symbol=1))
    return commands


def is_followed(market: Market) -> bool:
    """Whether the market keeps a list of changed levels for somebody."""
    return market.changed is not None


async def test_nobody_who_has_unsubscribed_gets_depth() -> None:
    async with running() as harness, socket(harness) as watcher:
        await ask(watcher, op="subscribe", channel="depth", symbol="ACME")
        assert (await receive(watcher))["type"] == "snapshot"
        market = harness.edge.state.market_of["ACME"]
        assert is_followed(market)
        await ask(watcher, op="unsubscribe", channel="depth", symbol="ACME")
        assert not is_followed(market)
        harness.send(factories.buy(market.symbol.reference_ticks))
        assert (await ask(watcher, op="ping", id=1))["id"] == 1
        await ask(watcher, op="subscribe", channel="depth", symbol="ACME")
        assert (await receive(watcher))["bids"] == [["100.00", "10", 1]]
        await watcher.close()
        await until(lambda: not is_followed(market))


async def test_a_socket_that_does_not_read_is_closed_with_a_reason(
    monkeypatch: pytest.MonkeyPatch, logged: Logged
) -> None:
    monkeypatch.setattr(sessions, "SEND_BUFFER_BYTES_MAX", 1 << 16)
    async with running() as harness, socket(harness) as silent:
        await ask(silent, op="subscribe", channel="depth", symbol="ACME")
        market = harness.edge.state.market_of["ACME"]
        connection = silent._response.connection
        assert connection is not None
        transport = connection.transport
        assert transport is not None
        transport.pause_reading()
        while market.changed is not None:  # it is followed for as long as the socket counts
            await silent.send_json({"op": "ping", "id": "x" * 60_000})
            await until(lambda: market.changed is None or transport.get_write_buffer_size() == 0)
        transport.resume_reading()
        while (message := await silent.receive()).type is WSMsgType.TEXT:
            pass
        assert message.type is WSMsgType.CLOSE, message
        assert (message.data, message.extra) == (sessions.CLOSE_TOO_SLOW, "too_slow")
        assert [line["closed"] for line in logged.lines("gateway.requests")] == [sessions.CLOSE_TOO_SLOW]


async def test_many_requests_at_once_are_answered_each_by_its_id() -> None:
    async with running() as harness, socket(harness, ALICE) as alice:
        for number in range(100):
            await alice.send_json(ORDER | {"id": number, "price": f"{1 + number}.00", "client_order_id": 1 + number})
        answers: dict[int, Any] = {}
        while len(answers) < 100:
            message = await receive(alice)
            if "id" in message:
                answers[message["id"]] = message["result"]
        assert all(answers[number]["price"] == f"{1 + number}.00" for number in range(100))
        assert harness.edge.entry.waiting == 0

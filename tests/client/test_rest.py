"""The blocking client against a whole gateway in front of a stepped venue."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.gateway.harness import ALICE, BOB, running
from tests.gateway.money import OFFICER, settled
from tradsys.client import Client, TradingError
from tradsys.client.answers import exception_of
from tradsys.errors import BusinessRuleError, ValidationError


async def against_a_venue(script: Callable[[Client, Client], None]) -> None:
    """Run a blocking script with Alice's and Bob's clients in a thread; the venue runs in this one."""
    async with running() as harness:

        def run() -> None:
            with Client(harness.url, ALICE) as alice, Client(harness.url, BOB) as bob:
                script(alice, bob)

        await asyncio.to_thread(run)


async def test_the_life_of_an_order() -> None:
    def script(alice: Client, bob: Client) -> None:
        order = alice.place("ACME", "buy", "10", "100.00", client_order_id=7)
        assert order["status"] == "open"
        assert bob.place("ACME", "sell", "4")["fills"][0]["quantity"] == "4"
        assert alice.amend(order["order_id"], price="99.50", quantity="9")["leaves"] == "5"
        assert alice.orders()[0]["order_id"] == order["order_id"]
        assert alice.orders("BTC-USD") == []
        assert alice.depth("ACME", levels=1)["bids"] == [["99.50", "5", 1]]
        assert [trade["price"] for trade in alice.trades("ACME", limit=5)] == ["100.00"]
        assert alice.order(client_order_id=7) == alice.order(order["order_id"])
        assert alice.cancel(client_order_id="7")["status"] == "cancelled"
        assert alice.place("ACME", "buy", "1", "1", time_in_force="ioc")["status"] == "cancelled"
        resting = alice.place("ACME", "buy", "1", "1", post_only=True)
        assert alice.cancel(resting["order_id"])["leaves"] == "1"
        alice.place("ACME", "buy", "1", "1")
        assert alice.cancel_all("BTC-USD") == 0
        assert alice.cancel_all() == 1
        assert [symbol["symbol"] for symbol in alice.symbols()] == ["ACME", "BTC-USD"]
        assert alice.health()["live"]

    await against_a_venue(script)


async def test_what_an_account_uses_of_its_limits() -> None:
    async with running(settled()) as harness:

        def run() -> None:
            with Client(harness.url, OFFICER) as officer, Client(harness.url, ALICE) as alice:
                officer.request("PUT", "/v1/limits", {"limit": "open_orders_total", "value": "8"})
                alice.place("ACME", "buy", "1", "1.00")
                limit = {"limit": "open_orders_total", "value": "8", "scope": "venue", "used": "1", "percent": 12}
                assert alice.limits()["limits"] == [limit]
                assert alice.limits()["symbols"] == [{"symbol": "ACME", "limits": []}]

        await asyncio.to_thread(run)


async def test_error_answers_are_exceptions_with_code_and_field() -> None:
    def script(alice: Client, bob: Client) -> None:
        with pytest.raises(ValidationError) as caught:
            alice.place("ACME", "buy", "1", "100.001")
        assert (caught.value.code, caught.value.field) == ("off_tick_price", "price")
        assert caught.value.details == {"step": "0.01"}
        with pytest.raises(BusinessRuleError) as refused:
            alice.order(12345)
        assert refused.value.code == "unknown_order"
        assert re.fullmatch(r"request [0-9a-f]{16}", refused.value.__notes__[0])
        with pytest.raises(TradingError) as unknown:
            alice.depth("a/b?c")
        assert unknown.value.code == "unknown_symbol"
        assert alice.orders() == []

    await against_a_venue(script)


def test_an_order_is_never_sent_twice_and_a_question_is_asked_again() -> None:
    """A server that closes a kept connection without a word, as one does that is restarted."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = Client(f"http://127.0.0.1:{server.getsockname()[1]}", ALICE)
        requests: list[str] = []

        def answer(text: bytes) -> None:
            connection, _ = server.accept()
            with connection:
                requests.append(connection.recv(65_536).split(b" ", 1)[0].decode())
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))

        def answered(call: Callable[[], Any]) -> Any:
            thread = threading.Thread(target=answer, args=(b'{"orders": []}',))
            thread.start()
            try:
                return call()
            finally:
                thread.join()

        assert answered(client.orders) == []
        assert answered(client.orders) == []  # on a new connection
        with pytest.raises(ConnectionError):
            client.place("ACME", "buy", "1", "1")
        assert requests == ["GET", "GET"]


def test_a_code_of_a_newer_venue_is_told() -> None:
    problem = exception_of({"code": "moon_phase", "message": "not today"})
    assert (problem.code, problem.message) == ("bad_answer", "moon_phase: not today")


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://host", ""])
def test_a_wrong_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is no URL"):
        Client(url)


def test_an_id_is_needed() -> None:
    client = Client()
    for call in (client.cancel, client.order):
        with pytest.raises(ValueError, match="order_id"):
            call()

"""Administration of a venue with two gateways: what one of them is told the other knows, and both write one trail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from aiohttp import ClientSession, WSMsgType

from tests.cli.conftest import SMALL, runner
from tests.workers.running import until
from tradsys.cli.main import app
from tradsys.client import Client, TradingError
from workers import venue as venues
from workers.administration import trail
from workers.embedded import EmbeddedVenue, embedded_venue
from workers.statement import accounts

DEADLINE_SECONDS = 60.0
SETTINGS: dict[str, Any] = SMALL | {
    "gateway": {"count": 2, "port": 0},
    "accounts": [{"name": "alice"}, {"name": "clerk", "roles": ["administrator"], "keys": ["clerk-key"]}],
}


@pytest.fixture(scope="module")
def venue() -> Iterator[EmbeddedVenue]:
    """A small venue with two gateways, each on a port of its own."""
    with embedded_venue(SETTINGS, gateways=True) as started:
        yield started


def url(venue: EmbeddedVenue, gateway: int) -> str:
    return venues.addresses(venue.venue.path)[f"gateway-{gateway}"]


def told(venue: EmbeddedVenue, *arguments: str) -> Any:
    result = runner.invoke(app, [*arguments, "--data-dir", venue.venue.data_directory, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


def code_of(client: Client, method: str, path: str) -> str:
    """What the request is refused with; "" when it is not."""
    try:
        client.request(method, path)
    except TradingError as refusal:
        return refusal.code
    return ""


def test_accounts_that_everybody_opens_at_once_have_numbers_of_their_own(venue: EmbeddedVenue) -> None:
    def open_many(worker: int) -> list[int]:
        with Client(url(venue, worker % 2), "clerk-key") as clerk:
            names = [f"new-{worker}-{number}" for number in range(4)]
            return [clerk.request("POST", "/admin/accounts", {"name": name})["number"] for name in names]

    with ThreadPoolExecutor(4) as pool:
        numbers = [number for found in pool.map(open_many, range(4)) for number in found]
    assert sorted(numbers) == list(range(3, 19))
    known = {account.number: account.name for account in accounts(venue.memory)}
    assert len(set(known.values())) == len(known) == 18
    opened = [line for line in trail.lines(venue.venue.path) if line.act == "account.open" and line.result == "done"]
    assert len({line.sequence for line in opened}) == 16
    assert trail.check(venue.venue.path).fault == ""


def test_a_symbol_of_one_gateway_is_traded_at_the_other(venue: EmbeddedVenue) -> None:
    entry = {"tick_size": "1", "lot_size": "1", "lowest_price": "1", "highest_price": "9", "reference_price": "5"}
    key = told(venue, "key", "add", "alice")["secret"]
    with Client(url(venue, 0), "clerk-key") as clerk, Client(url(venue, 1), key) as alice:
        clerk.request("POST", "/admin/symbols", {"name": "NEWCO"} | entry)
        until(lambda: any(each["symbol"] == "NEWCO" for each in alice.symbols()), "the other gateway to know it")
        until(lambda: not code_of(alice, "GET", "/orders"), "the other gateway to know the key")
        assert alice.place("NEWCO", "buy", "1", price="5")["status"] == "open"
        clerk.request("PUT", "/admin/symbols/NEWCO/state", {"state": "halt"})
        with pytest.raises(TradingError, match="market state"):
            alice.place("NEWCO", "buy", "1", price="5")


def test_a_key_that_is_revoked_on_the_host_closes_sockets_at_every_gateway(venue: EmbeddedVenue) -> None:
    made = told(venue, "key", "add", "alice")

    async def script() -> None:
        async with ClientSession() as session, asyncio.timeout(DEADLINE_SECONDS):
            sockets = []
            for gateway in (0, 1):
                with Client(url(venue, gateway), made["secret"]) as alice:
                    until(lambda alice=alice: not code_of(alice, "GET", "/orders"), "the gateway to know the key")  # type: ignore[misc]
                address = f"{url(venue, gateway)}/ws"
                sockets.append(await session.ws_connect(address, headers={"X-API-Key": made["secret"]}))
            revoke = ["key", "revoke", made["key"], "--data-dir", venue.venue.data_directory]
            assert (await asyncio.to_thread(runner.invoke, app, revoke)).exit_code == 0
            for socket in sockets:
                message = await socket.receive()
                assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, 1008, "unauthenticated")
                await socket.close()

    asyncio.run(script())
    for gateway in (0, 1):
        with Client(url(venue, gateway), made["secret"]) as alice:
            assert code_of(alice, "GET", "/orders") == "unauthenticated"

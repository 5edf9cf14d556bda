"""The configuration of a venue that trades, changed under it: nothing is dropped, and what counts is what was said."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.workers.running import until
from tradsys.client import Client, Stream, TradingError
from workers import venue as venues
from workers.embedded import EmbeddedVenue, embedded_venue

MONEY = [{"asset": "USD", "amount": "1000000.00"}, {"asset": "SHARE", "amount": "100000"}]
ACME = {
    "name": "ACME",
    "base": "SHARE",
    "quote": "USD",
    "tick_size": "0.01",
    "lot_size": "1",
    "lowest_price": "0.01",
    "highest_price": "999.99",
    "reference_price": "100.00",
}
SETTINGS: dict[str, Any] = {
    "topology": {"pin": False, "idle": "park"},
    "pools": {"orders_per_shard": 4096, "level_pages_per_shard": 1024, "directory_entries_per_shard": 131072},
    "assets": [{"name": "USD", "decimals": 2, "value": "1"}, {"name": "SHARE", "decimals": 0, "value": "100"}],
    "symbols": [ACME],
    "fees": [{"maker_rate": 100, "taker_rate": 1000}],
    "monitoring": {"enabled": True},
    "accounts": [
        {"name": "alice", "keys": ["alice-key"], "deposits": MONEY},
        {"name": "bob", "keys": ["bob-key"], "deposits": MONEY},
        {"name": "fees", "kind": "fee"},
        {"name": "world", "kind": "outside"},
    ],
}
OTHER_SETTINGS = SETTINGS | {
    "symbols": [ACME | {"rules": {"collar_bps": 100}}, ACME | {"name": "EMCA"}],
    "fees": [{"maker_rate": 200, "taker_rate": 2000}],
    "limits": [{"limit": "order_lots_max", "value": 50}],
    "accounts": [*SETTINGS["accounts"], {"name": "carol", "keys": ["carol-key"], "deposits": MONEY}],
    "logging": {"level": "info"},
    "journal": {"stuck_ms": 2000},
    "monitoring": {"enabled": True, "thresholds": {"memory_percent": {"enter": 1, "leave": 0}}},
}

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[EmbeddedVenue]:
    """A small settled venue with one gateway."""
    with embedded_venue(SETTINGS, gateways=True, directory=tmp_path / "venue") as running:
        yield running


class Flow:
    """Orders over one socket, several at a time, until told to stop. Every one has to be answered."""

    def __init__(self, url: str, key: str, seed: int) -> None:
        self._url = url
        self._key = key
        self._dice = random.Random(f"{seed} {key}")
        self.sent = self.answered = 0
        self.stopping = False

    async def run(self) -> None:
        async with Stream(self._url, self._key) as stream:
            reports = asyncio.ensure_future(self._read(stream))
            await asyncio.gather(*(self._trade(stream) for _ in range(8)))
            reports.cancel()

    async def _read(self, stream: Stream) -> None:
        async for _ in stream:
            pass

    async def _trade(self, stream: Stream) -> None:
        while not self.stopping:
            self.sent += 1
            side, price = self._dice.choice(["buy", "sell"]), self._dice.randint(9_990, 10_010)
            try:
                order = await stream.place("ACME", side, str(self._dice.randint(1, 40)), f"{price / 100:.2f}")
                self.answered += 1
                if order["status"] == "open":
                    self.sent += 1
                    await stream.cancel(order["order_id"])
                    self.answered += 1
            except TradingError:  # too late to be cancelled, or nothing left to sell: that is an answer
                self.answered += 1


async def comes_true(condition: Callable[[], bool], what: str) -> None:
    """Wait for it beside the flow."""
    await asyncio.to_thread(until, condition, what)


def is_known(url: str, key: str) -> bool:
    """Whether the gateway lets the key in."""
    with Client(url, key) as client:
        return code_of(client.orders) == ""


def code_of(action: Callable[[], Any]) -> str:
    """The code with which something is refused, empty when it is not."""
    try:
        action()
    except TradingError as refusal:
        return refusal.code
    return ""


def test_a_changed_configuration_counts_while_orders_flow_and_none_is_dropped(venue: EmbeddedVenue, seed: int) -> None:
    url = venues.addresses(venue.venue.path)["gateway-0"]

    async def script() -> None:
        flows = [Flow(url, "alice-key", seed), Flow(url, "bob-key", seed)]
        running = [asyncio.ensure_future(flow.run()) for flow in flows]
        try:
            await comes_true(lambda: all(flow.answered > 100 for flow in flows), "orders")
            await _change(venue, url)
            before = [flow.answered for flow in flows]
            await comes_true(
                lambda: all(flow.answered > past + 100 for flow, past in zip(flows, before, strict=True)), "more orders"
            )
        finally:
            for flow in flows:
                flow.stopping = True
            await asyncio.gather(*running)
        assert [flow.sent for flow in flows] == [flow.answered for flow in flows]

    asyncio.run(script())
    _assert_money_is_conserved(venue)
    assert "Traceback" not in venue.log.read_text()


async def _change(venue: EmbeddedVenue, url: str) -> None:
    said = venue.log.read_text
    venue.configure(OTHER_SETTINGS | {"limits": [{"limit": "order_lots_max", "value": -1}], "gatway": {}})
    await comes_true(lambda: "the configuration has mistakes" in said(), "the mistakes to be told")
    assert "limits[0].value" in said()
    assert "did you mean 'gateway'?" in said()
    assert not is_known(url, "carol-key")
    venue.configure(OTHER_SETTINGS)
    await comes_true(lambda: is_known(url, "carol-key"), "the new key to count")
    await comes_true(lambda: "the configuration was read again" in said(), "the level of the log to count")
    assert "journal.stuck_ms: 1000 -> 2000" in said()
    assert "carol-key" not in said()
    await comes_true(lambda: "probe=memory_percent" in said(), "the threshold to count")
    with Client(url, "carol-key") as carol:
        assert carol.place("EMCA", "sell", "50", "100.00")["status"] == "open"
        assert code_of(lambda: carol.place("EMCA", "sell", "51", "100.00")) == "order_too_large"
        assert code_of(lambda: carol.place("ACME", "sell", "1", "500.00")) == "price_collar"
        assert carol.cancel_all() == 1
    accounts = [entry for entry in OTHER_SETTINGS["accounts"] if entry["name"] != "carol"]
    async with Stream(url, "carol-key") as socket:
        venue.configure(OTHER_SETTINGS | {"limits": [], "accounts": accounts})
        await comes_true(lambda: not is_known(url, "carol-key"), "the key to count no more")
        async for _ in socket:  # until it is closed
            pass
    with Client(url, "alice-key") as alice:
        assert code_of(lambda: alice.place("EMCA", "sell", "51", "100.00")) == ""
        alice.cancel_all("EMCA")


def _assert_money_is_conserved(venue: EmbeddedVenue) -> None:
    ledger = venue.memory.ledger
    balances = np.asarray(ledger.balances).reshape(len(ledger.accounts), -1)
    totals = (balances["available"].astype(object) + balances["held"]).sum(axis=0)
    assert balances["available"].any(), "there is money"
    assert not totals.any(), totals

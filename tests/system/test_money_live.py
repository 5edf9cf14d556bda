"""Money and risk in a running venue: real processes, one story from the first deposit to the kill switch."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tradsys.client import Client, TradingError
from workers import venue as venues
from workers.embedded import EmbeddedVenue, embedded_venue
from workers.memory import READY

DEADLINE_SECONDS = 60.0
MONEY = [{"asset": "USD", "amount": "1000.00"}, {"asset": "SHARE", "amount": "20"}]
SETTINGS: dict[str, Any] = {
    "topology": {"pin": False, "idle": "park"},
    "pools": {"orders_per_shard": 4096, "level_pages_per_shard": 1024, "directory_entries_per_shard": 65536},
    "gateway": {"count": 2},
    "assets": [{"name": "USD", "decimals": 2, "value": "1"}, {"name": "SHARE", "decimals": 0, "value": "100"}],
    "symbols": [
        {
            "name": "ACME",
            "base": "SHARE",
            "quote": "USD",
            "tick_size": "0.01",
            "lot_size": "1",
            "lowest_price": "0.01",
            "highest_price": "999.99",
            "reference_price": "100.00",
        }
    ],
    "fees": [{"maker_rate": 100, "taker_rate": 1000}],
    "accounts": [
        {"name": "alice", "keys": ["alice-key"], "deposits": MONEY},
        {"name": "bob", "keys": ["bob-key"], "deposits": MONEY},
        {"name": "chief", "keys": ["chief-key"], "roles": ["administrator", "risk_officer"]},
        {"name": "fees", "kind": "fee"},
        {"name": "world", "kind": "outside"},
    ],
}

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[EmbeddedVenue]:
    """A small venue with two gateways, whose accounts have money."""
    with embedded_venue(SETTINGS, gateways=True, directory=tmp_path / "venue") as running:
        yield running


def until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        os.sched_yield()


def owned(client: Client) -> tuple[str, str, str]:
    """Dollars available and held, and shares available."""
    balances = client.balances()
    return balances["USD"]["available"], balances["USD"]["held"], balances["SHARE"]["available"]


def refusal(action: Callable[[], Any]) -> str:
    """The code with which the action is refused."""
    with pytest.raises(TradingError) as caught:
        action()
    return caught.value.code


def test_money_moves_to_the_unit_and_survives_the_death_of_the_engine(venue: EmbeddedVenue) -> None:
    addresses = venues.addresses(venue.venue.path)
    first, second = addresses["gateway-0"], addresses["gateway-1"]
    with Client(first, "alice-key") as alice, Client(second, "bob-key") as bob, Client(first, "chief-key") as chief:
        assert owned(alice) == owned(bob) == ("1000.00", "0.00", "20")
        deposit = {"id": "1", "account": "bob", "asset": "USD", "amount": "0.50"}
        for _ in range(2):
            assert chief.request("POST", "/v1/deposits", deposit)["id"] == "1"
        assert owned(bob) == ("1000.50", "0.00", "20")

        alice.place("ACME", "sell", "4", "100.00")
        dry = bob.check("ACME", "buy", "3", "100.00")
        assert (dry["passed"], dry["hold"], dry["fee"]["taker"]) == (
            True,
            [{"asset": "USD", "amount": "300.31"}],
            "0.30",
        )
        assert bob.place("ACME", "buy", "3", "100.00")["status"] == "filled"
        assert owned(bob) == ("700.20", "0.00", "23")
        # The other gateway may hear of it a moment later.
        until(lambda: owned(alice) == ("1299.97", "0.00", "16"))
        assert bob.positions()["ACME"]["average_cost"] == "100.000000"

        alice.transfer(1, "bob", "USD", "99.97")
        assert owned(alice) == ("1200.00", "0.00", "16")
        withdrawal = {"id": "2", "account": "alice", "asset": "USD", "amount": "200.00"}
        chief.request("POST", "/v1/withdrawals", withdrawal)
        assert owned(alice) == ("1000.00", "200.00", "16")

    engine = next(plan.name for plan in venue.venue.workers if plan.has("sequencer"))
    for name in (engine, "gateway-1"):
        pid = venue.pid(name)
        os.kill(pid, signal.SIGKILL)
        until(lambda name=name, pid=pid: venue.pid(name) not in (0, pid) and venue.state(name) == READY)  # type: ignore[misc]

    addresses = venues.addresses(venue.venue.path)
    first, second = addresses["gateway-0"], addresses["gateway-1"]
    with Client(first, "alice-key") as alice, Client(second, "chief-key") as chief:
        assert owned(alice) == ("1000.00", "200.00", "16")
        # A gateway that has started since knows the withdrawal from the journal.
        settled = chief.request("POST", "/v1/withdrawals/2/settle")
        assert settled["status"] == "settled"
        assert refusal(lambda: chief.request("POST", "/v1/withdrawals/2/cancel")) == "withdrawal_ended"
        assert owned(alice) == ("1000.00", "0.00", "16")
        assert [order["leaves"] for order in alice.orders()] == ["1"]
        kill = {"scope": "account", "account": "alice", "on": True}
        assert chief.request("POST", "/v1/kill", kill) == {"cancelled": 1}
        until(lambda: owned(alice) == ("1000.00", "0.00", "17"))
        assert refusal(lambda: alice.place("ACME", "sell", "1", "100.00")) == "kill_switch"
        assert refusal(lambda: alice.request("POST", "/v1/kill", kill)) == "role_required"
        total = Decimal(0)
        for account in ("alice", "bob", "chief", "fees", "world"):
            rows = chief.request("GET", "/v1/balances", query={"account": account})["balances"]
            total += sum(Decimal(row[part]) for row in rows if row["asset"] == "USD" for part in ("available", "held"))
        assert total == 0

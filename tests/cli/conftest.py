"""A small venue with two assets and a symbol that is settled, for commands that act on one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from tradsys.cli.main import app
from tradsys.records import COMMAND, Kind, OrderType, Side, details
from workers.desk import Desk
from workers.embedded import EmbeddedVenue, embedded_venue
from workers.statement import account_named, symbol_named

runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
USD, ACM = 1, 2
SMALL: dict[str, Any] = {
    "topology": {"kind": "compact", "pin": False, "idle": "park"},
    "pools": {
        "orders_per_shard": 1024,
        "level_pages_per_shard": 128,
        "directory_entries_per_shard": 8192,
        "symbols_max": 8,
        "accounts_max": 32,
        "positions_max": 256,
        "postings_max": 256,
    },
    "rings": {"log": 1024, "events": 4096, "gateway": 256},
    "accounts": [{"name": "alice"}, {"name": "bob", "group": 7}],
    "symbols": [
        {
            "name": "ACME",
            "tick_size": "0.05",
            "lot_size": "1",
            "lowest_price": "0.05",
            "highest_price": "999.95",
            "reference_price": "25.00",
        }
    ],
}
"""ACME in ticks of 5 cents and lots of one share, so one lot at one tick is worth 5 of USD's smallest units."""


class Bank:
    """The venue, and its command line."""

    def __init__(self, embedded: EmbeddedVenue) -> None:
        self.embedded = embedded
        self.memory = embedded.memory

    def run(self, *arguments: str, typed: str | None = None) -> Result:
        """A command on the venue; `typed` is what it reads from stdin."""
        return runner.invoke(app, [*arguments, "--data-dir", self.embedded.venue.data_directory], input=typed)

    def told(self, *arguments: str) -> Any:
        """What a command that must do what it is told says as JSON."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout.splitlines()[-1])

    def send(self, record: Any) -> None:
        """A record through a desk."""
        with Desk(self.embedded.venue, self.memory) as desk:
            desk.send(record)

    def define_money(self) -> None:
        """Accounts for fees and the world, USD in cents, shares, and what ACME trades: half a cent a share as fees."""
        self.told("account", "open", "fees", "--kind", "fee")
        self.told("account", "open", "world", "--kind", "outside")
        for number, name, decimals in ((USD, b"USD", 2), (ACM, b"ACM", 0)):
            self.send(
                details(
                    Kind.ASSET, asset=number, asset_name=name, decimals=decimals, value_numerator=1, value_divisor=1
                )
            )
        fees = account_named(self.memory, "fees").number
        self.send(
            details(Kind.CONTRACT, symbol=1, asset=ACM, quote=USD, lot_value=1, numerator=5, divisor=1, account=fees)
        )
        self.send(details(Kind.FEES, maker_rate=0, taker_rate=1_000, minimum=0))

    def order(self, name: str, side: Side, price: str, lots: int, symbol_name: str = "ACME") -> None:
        """A limit order."""
        symbol = symbol_named(self.memory, symbol_name)
        record = np.zeros(1, COMMAND)
        record["kind"], record["side"], record["order_type"] = Kind.NEW, side, OrderType.LIMIT
        record["symbol"], record["account"] = symbol.id, account_named(self.memory, name).number
        record["price_ticks"], record["quantity_lots"] = symbol.parse_price(price), lots
        self.send(record)


@pytest.fixture(scope="module")
def bank() -> Iterator[Bank]:
    """One venue for the tests of a module; they use accounts of their own."""
    with embedded_venue(SMALL) as embedded:
        started = Bank(embedded)
        started.define_money()
        yield started

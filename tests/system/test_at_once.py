"""Every setting of which docs/configuration.md says that it counts at once, changed under a running venue: it does."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.conftest import SMALL
from tests.workers.running import ROOT, until
from tradsys.client import Client, TradingError
from tradsys.configuration import Configuration, Origin
from tradsys.configuration.changes import LISTS, named
from tradsys.configuration.monitoring import Thresholds
from tradsys.records import MarketState
from workers import venue as venues
from workers.administration.exporting import exported
from workers.definitions import known_accounts, known_symbols
from workers.embedded import EmbeddedVenue, embedded_venue
from workers.snapshot.files import list_snapshots

pytestmark = pytest.mark.timeout(600)

RELOAD_SECONDS_MAX = 50
EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
(ACME,) = SMALL["symbols"]
HOUSE = [{"name": "fees", "kind": "fee"}, {"name": "world", "kind": "outside"}]
BEFORE: dict[str, Any] = SMALL | {
    "topology": SMALL["topology"] | {"standby": True, "standby_patience_ms": 60_000},
    "monitoring": {"enabled": True},
    "assets": [{"name": "USD", "decimals": 2, "value": "1"}],
    "symbols": [ACME, ACME | {"name": "EMCA"}],
    "accounts": [{"name": "alice", "keys": ["alice-key"]}, {"name": "bob", "keys": ["bob-key"], "group": 7}, *HOUSE],
}
"""What of it is not named here is as by default."""


def after(secrets: Path) -> dict[str, Any]:
    """The same with every setting changed that counts at once."""
    thresholds = {
        name: {"enter": 7, "leave": 8 if name == "disk_segments" else 6, "looks": 3}
        for name in Thresholds.__struct_fields__
    }
    rules = {
        "static_band_bps": 900,
        "dynamic_band_bps": 800,
        "collar_bps": 700,
        "orders_max": 60,
        "trigger_source": "touch",
        "breach_state": "opening_auction",
    }
    return BEFORE | {
        "topology": BEFORE["topology"] | {"standby_patience_ms": 3_000},
        "gateway": {"depth_levels_max": 5},
        "logging": {"level": "info"},
        "security": {"secrets_file": str(secrets), "clear_text": False},
        "snapshots": {
            "interval_seconds": 1,
            "records_min": 1,
            "on_stop": True,
            "keep": 2,
            "keep_hours": 5,
            "segments": "archive",
            "archive": "elsewhere",
        },
        "monitoring": {"enabled": True, "thresholds": thresholds | {"memory_percent": {"enter": 1, "leave": 0}}},
        "assets": [{"name": "USD", "decimals": 2, "value": "2"}, {"name": "SHARE", "decimals": 0, "value": "100"}],
        "symbols": [
            ACME | {"base": "SHARE", "quote": "USD", "opens": "halt", "rules": rules},
            ACME | {"name": "EMCA"},
            ACME | {"name": "LATER"},
        ],
        "accounts": [
            {
                "name": "alice",
                "keys": ["secret:alice_key"],
                "fee_class": 3,
                "roles": ["administrator"],
                "deposits": [{"asset": "USD", "amount": "1234.00"}],
            },
            {"name": "bob", "keys": ["secret:bob_key"], "group": 7},
            *HOUSE,
            {"name": "carol"},
        ],
        "fees": [{"symbol": "ACME", "fee_class": 3, "tier": 1, "maker_rate": 5, "taker_rate": 6, "minimum": 7}],
        "fee_tiers": [{"tier": 1, "volume": "1000.00"}],
        "limits": [
            {"limit": "order_lots_max", "value": 50},
            {"limit": "open_orders", "value": 40, "account": "alice", "symbol": "ACME"},
            {"limit": "exposure", "value": 30, "group": 7},
        ],
        "breakers": [
            {
                "symbol": "ACME",
                "price_move_bps": 500,
                "volatility_bps": 400,
                "volume": 300,
                "window_ms": 8000,
                "halt_ms": 200,
                "half_open_ms": 100,
            },
            {"symbols": 2, "window_ms": 8000},
        ],
        "calendars": [
            {
                "name": "all",
                "phases": [{"at": "00:00", "state": "closed"}],
                "time_zone": "Europe/Berlin",
                "symbols": ["EMCA"],
                "weekdays": EVERY_DAY,
                "holidays": ["2020-01-01"],
                "half_days": [{"date": "2020-01-02", "phases": [{"at": "00:00", "state": "halt"}]}],
            }
        ],
    }


def at_once() -> list[str]:
    """The settings, as section.key, by the tables of the page."""
    found, section = [], ""
    for line in (ROOT / "docs/configuration.md").read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"### (\w+)", line):
            section = heading[1]
        elif row := re.fullmatch(r"\| `([\w.]+)` \|.*\| at once \|", line):
            found.append(f"{section}.{row[1]}")
    return found


class Changing:
    """A venue that runs, before its configuration changes and after."""

    def __init__(self, venue: EmbeddedVenue) -> None:
        self.venue = venue
        self._memory = venue.memory
        self._url = venues.addresses(venue.venue.path)["gateway-0"]
        self._engine = venue.pid("engine")
        self._before = self._wanted = self._read()
        self._seen: dict[str, Callable[[], bool]] = {
            "logging.level": lambda: "the configuration was read again" in venue.log.read_text(),
            "gateway.depth_levels_max": self._shows_few_levels,
            "snapshots.interval_seconds": self._has_a_snapshot,
            "snapshots.records_min": self._has_a_snapshot,
            "security.secrets_file": lambda: self._lets_in("bob-new"),
            "security.clear_text": lambda: not self._lets_in("bob-key"),
            "monitoring.thresholds.memory_percent": self._has_an_alarm,
            "symbols.opens": lambda: self._state_of("ACME") == MarketState.HALT,
            "accounts.keys": lambda: self._lets_in("alice-new") and not self._lets_in("alice-key"),
            "accounts.roles": self._has_an_administrator,
            "accounts.deposits": self._has_the_money,
            "calendars.phases": lambda: self._state_of("EMCA") == MarketState.CLOSED,
        }
        """What somebody outside sees of a setting, where that is more than what every process is told."""

    def change(self, settings: dict[str, Any]) -> None:
        self.venue.configure(settings)
        self._wanted = self._read()

    def counts(self, key: str) -> bool:
        """Whether the venue goes by the new value: as somebody outside sees, or the log's state has it, or each process
        is told, which is where those look that do not run all the time.
        """
        section, _, name = key.partition(".")
        of = attrgetter(name)
        if key in self._seen and not self._seen[key]():
            return False
        told = venues.read(self.venue.venue.path).configuration
        if section not in LISTS:
            return bool(of(getattr(told, section)) == of(getattr(self._wanted, section)))
        if section == "calendars":
            return self._has(told, section, of)
        return key in self._seen or self._has(exported(self._memory, told), section, of)

    def is_changed(self, key: str) -> bool:
        """Whether the two configurations of this test differ in it."""
        section, _, name = key.partition(".")
        of = attrgetter(name)
        if section in LISTS:
            return not self._has(self._before, section, of)
        return bool(of(getattr(self._before, section)) != of(getattr(self._wanted, section)))

    def loses_its_engine_soon(self) -> bool:
        """Whether the standby takes over from an engine that hangs; not before a minute, as it was before."""
        return self.venue.pid("engine") not in (0, self._engine)

    def _has(self, configuration: Configuration, section: str, of: Callable[[Any], Any]) -> bool:
        have = named(section, getattr(configuration, section))
        wanted = named(section, getattr(self._wanted, section))
        return all(name in have and of(have[name]) == of(entry) for name, entry in wanted.items())

    def _read(self) -> Configuration:
        return Origin("production", self.venue.settings, {}).read().configuration

    def _client(self, key: str | None = None) -> Client:
        return Client(self._url, key)

    def _is_refused(self, action: Callable[[], Any]) -> bool:
        try:
            action()
        except TradingError:
            return True
        return False

    def _lets_in(self, key: str) -> bool:
        with self._client(key) as client:
            return not self._is_refused(client.orders)

    def _has_an_administrator(self) -> bool:
        with self._client("alice-new") as alice:
            return self._lets_in("alice-new") and "workers" in alice.health()

    def _shows_few_levels(self) -> bool:
        with self._client() as anybody:
            anybody.depth("EMCA", 5)
            return self._is_refused(lambda: anybody.depth("EMCA", 6))

    def _has_an_alarm(self) -> bool:
        with self._client() as anybody:
            return any("of the host's memory" in words for words in anybody.health()["reasons"])

    def _has_a_snapshot(self) -> bool:
        return bool(list_snapshots(self.venue.venue.journal_directory))

    def _has_the_money(self) -> bool:
        (alice,) = (account.id for account in known_accounts(self._memory) if account.name == "alice")
        balances = np.asarray(self._memory.ledger.balances).reshape(len(self._memory.ledger.accounts), -1)
        return 123_400 in balances["available"][alice].tolist()

    def _state_of(self, symbol: str) -> int:
        (number,) = (known.id for known in known_symbols(self._memory) if known.name == symbol)
        return int(self._memory.shards[0].books[number]["state"])


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[EmbeddedVenue]:
    with embedded_venue(BEFORE, gateways=True, directory=tmp_path / "venue") as running:
        yield running


def test_what_counts_at_once_by_the_page_counts_at_once(venue: EmbeddedVenue, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.write_text("alice_key=alice-new\nbob_key=bob-new\n", encoding="utf-8")
    secrets.chmod(0o600)
    changing, keys = Changing(venue), at_once()
    assert len(keys) > 60
    changing.change(after(secrets))
    assert [key for key in keys if not changing.is_changed(key)] == [], "the test changes all of them"
    for key in keys:
        until(lambda: changing.counts(key), f"{key} to count", RELOAD_SECONDS_MAX)  # noqa: B023
    os.kill(venue.pid("engine"), signal.SIGSTOP)
    until(changing.loses_its_engine_soon, "the standby to have less patience", RELOAD_SECONDS_MAX)

"""`tradsys replay-to`: past moments of a venue that goes on, held against what it said of itself at those moments."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shm import broadcast
from tests.cli.conftest import Bank, runner
from tests.workers.running import until
from tradsys.cli.main import app
from tradsys.records import Side
from workers.memory import JOURNALED
from workers.progress import are_settled


def at_rest(bank: Bank) -> int:
    """Wait until all that was commanded is settled and journaled; gives the log's end."""
    end = int(bank.memory.log.header[broadcast.CURSOR])
    until(lambda: all(int(shard.words[0]) >= end for shard in bank.memory.shards), "the shards")
    told = [int(events.header[broadcast.CURSOR]) for events in bank.memory.events]
    until(lambda: are_settled(bank.memory.events, told), "the ledger")
    until(lambda: int(bank.memory.control[JOURNALED]) >= end, "the journal")
    return end


def shown(bank: Bank, name: str) -> tuple[Any, Any]:
    """What the running venue says of an account."""
    return bank.told("account", "show", name), bank.told("limits", "show", "--account", name)


def then(bank: Bank, *arguments: object) -> Any:
    return bank.told("replay-to", *map(str, arguments))


def dumped(bank: Bank, *arguments: str) -> list[Any]:
    return [json.loads(line) for line in bank.run("journal", "dump", *arguments).stdout.splitlines()]


def test_accounts_books_and_orders_are_those_of_then(bank: Bank) -> None:
    for name, amount, asset in (("then-a", "100", "ACM"), ("then-b", "1000", "USD")):
        bank.told("account", "open", name)
        bank.told("deposit", name, amount, asset)
    assert bank.run("limits", "set", "position", "500", "--account", "then-b").exit_code == 0
    bank.order("then-a", Side.SELL, "10.05", 20)
    bank.order("then-a", Side.SELL, "10.10", 5)
    moments = []
    for lots in (8, 3):
        bank.order("then-b", Side.BUY, "10.05", lots)
        bank.order("then-b", Side.BUY, "9.00", 10)
        moments.append((at_rest(bank), {name: shown(bank, name) for name in ("then-a", "then-b")}))
    assert bank.run("snapshot").exit_code == 0
    bank.told("withdraw", "then-b", "1.50", "USD")
    bank.order("then-b", Side.BUY, "10.05", 9)
    for (sequence, accounts), asks, bids in zip(
        moments, ([["10.05", "12", 1], ["10.10", "5", 1]], [["10.05", "9", 1], ["10.10", "5", 1]]), (1, 2), strict=True
    ):
        for name, (statement, limits) in accounts.items():
            found = then(bank, sequence, "--account", name)
            assert (found["sequence"], len(found["accounts"]), found["symbols"]) == (sequence, 1, [])
            assert found["accounts"][0] == {"statement": statement, "limits": limits}
        (market,) = then(bank, sequence, "--symbol", "ACME")["symbols"]
        assert (market["state"], market["asks"], market["bids"][0]) == (
            "continuous",
            asks,
            ["9.00", f"{10 * bids}", bids],
        )
        whole = then(bank, sequence)
        assert {each["statement"]["account"]["name"] for each in whole["accounts"]} >= {"alice", "fees", *accounts}
        resting = [(each["account"], each["order"]["price"], each["order"]["leaves"]) for each in whole["orders"]]
        assert resting.count(("then-b", "9.00", "10")) == bids
    text = bank.run("replay-to", str(moments[0][0]), "--account", "then-b")
    assert text.exit_code == 0
    for word in ("then-b", "9.00", "position", "live orders"):
        assert word in text.output
    assert "ACME, continuous" in bank.run("replay-to", str(moments[0][0])).output


def test_a_time_leads_to_the_record_of_that_time(bank: Bank) -> None:
    bank.told("deposit", "bob", "11", "USD", "--id", "991")
    bank.told("deposit", "bob", "22", "USD", "--id", "992")
    first, second = (each for each in dumped(bank, "--kind", "posting") if each["number"] in {991, 992})
    at_rest(bank)
    found = then(bank, "--at", first["time"], "--account", "bob")
    assert first["sequence"] <= found["sequence"] < second["sequence"]
    later = then(bank, "--at", second["time"], "--account", "bob")
    assert second["sequence"] <= later["sequence"]
    amounts = [Decimal(each["accounts"][0]["statement"]["balances"][0]["available"]) for each in (found, later)]
    assert amounts[1] - amounts[0] == 22
    early = bank.run("replay-to", "--at", "1990-01-01T00:00:00Z")
    assert (early.exit_code, "no record of the log" in early.output) == (1, True)


@pytest.mark.parametrize("arguments", [(), ("5", "--at", "2025-01-01"), ("--at", "yesterday"), ("0",)])
def test_a_moment_has_to_be_named(bank: Bank, arguments: tuple[str, ...]) -> None:
    assert bank.run("replay-to", *arguments).exit_code == 2


def test_what_is_not_there_is_said(bank: Bank, tmp_path: Path) -> None:
    far = bank.run("replay-to", str(1 << 40))
    assert (far.exit_code, "the log ends with sequence" in far.output) == (1, True)
    nobody = bank.run("replay-to", "20", "--account", "nobody")
    assert (nobody.exit_code, "there is no account 'nobody'" in nobody.output) == (1, True)
    result = runner.invoke(app, ["replay-to", "5", "--data-dir", str(tmp_path)])
    assert (result.exit_code, "no venue has run" in result.output) == (1, True)

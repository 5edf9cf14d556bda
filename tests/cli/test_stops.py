"""Limits and kill switches by the command line of a venue that runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.conftest import SMALL, Bank
from tradsys.reasons import Reason
from tradsys.records import Side
from workers.desk import RefusedError
from workers.embedded import embedded_venue


@pytest.fixture(scope="module", params=[1, 2], ids=["one shard", "two shards"])
def bank(request: pytest.FixtureRequest) -> Iterator[Bank]:
    """A venue in which alice and bob have money; with two shards each symbol has its own."""
    other = {**SMALL["symbols"][0], "name": "OTHER"}
    topology = {**SMALL["topology"], "shards": request.param}
    with embedded_venue({**SMALL, "topology": topology, "symbols": [SMALL["symbols"][0], other]}) as embedded:
        started = Bank(embedded)
        started.define_money()
        for name in ("alice", "bob"):
            started.told("deposit", name, "100000", "USD")
        yield started


@pytest.fixture(autouse=True)
def nothing_is_left(bank: Bank) -> Iterator[None]:
    """Every test ends without orders and switches."""
    yield
    bank.told("kill", "on")
    for scope in ([], ["--account", "alice"], ["--group", "7"], ["--symbol", "ACME"]):
        bank.told("kill", "off", *scope)


def limits(bank: Bank, *options: str) -> dict[tuple[str, str | None], Any]:
    """By limit and symbol."""
    return {(each["limit"], each["symbol"]): each for each in bank.told("limits", "show", *options)}


def refusal(bank: Bank, name: str, lots: int = 10, symbol: str = "ACME") -> Reason:
    """Why an order to buy at 10.00 is refused; NONE when it is not."""
    try:
        bank.order(name, Side.BUY, "10.00", lots, symbol)
    except RefusedError as error:
        return error.reason
    return Reason.NONE


def test_a_limit_counts_where_it_is_set_most_specially(bank: Bank) -> None:
    for whose in ([], ["--group", "7"], ["--account", "bob"], ["--account", "bob", "--symbol", "ACME"]):
        assert bank.run("limits", "set", "order-lots-max", str(100 - 10 * len(whose)), *whose).exit_code == 0
    assert refusal(bank, "bob", 61) == Reason.ORDER_TOO_LARGE
    assert refusal(bank, "bob", 60) == Reason.NONE
    assert refusal(bank, "alice", 101) == Reason.ORDER_TOO_LARGE
    assert refusal(bank, "alice", 100) == Reason.NONE
    shown = limits(bank, "--account", "bob")
    assert shown["order-lots-max", "ACME"]["value"] == 60
    assert shown["order-lots-max", None]["scope"] == "account"
    for whose in ([], ["--group", "7"], ["--account", "bob"], ["--account", "bob", "--symbol", "ACME"]):
        said = bank.run("limits", "remove", "ORDER_LOTS_MAX", *whose)
        assert "no longer set" in said.output
    assert bank.told("limits", "show") == []
    assert refusal(bank, "bob", 61) == Reason.NONE


def test_what_is_used_of_a_limit_is_shown(bank: Bank) -> None:
    for limit, value in (("open-orders", 5), ("open-notional", 1_000_000), ("open-orders-total", 7)):
        assert bank.run("limits", "set", limit, str(value)).exit_code == 0
    for lots in (10, 30):
        assert refusal(bank, "alice", lots) == Reason.NONE
    shown = limits(bank, "--account", "alice")
    assert (shown["open-orders", "ACME"]["used"], shown["open-orders", "ACME"]["value"]) == (2, 5)
    assert shown["open-notional", "ACME"]["used"] == 40 * 1000, "in cents"
    assert shown["open-orders-total", None]["used"] == 2
    assert [shown["open-orders", "ACME"]["percent"], shown["open-notional", "ACME"]["percent"]] == [40, 4]
    text = bank.run("limits", "show", "--account", "alice").output
    assert all(part in text for part in ("open-notional", "40,000", "1,000,000", "venue"))
    for limit in ("open-orders", "open-notional", "open-orders-total"):
        assert bank.run("limits", "remove", limit).exit_code == 0


def test_what_is_left_of_a_rate_is_shown(bank: Bank) -> None:
    for limit, value in (("cancels-per-second", 0), ("orders-per-second", 1), ("orders-burst", 1_000)):
        assert bank.run("limits", "set", limit, str(value), "--account", "bob").exit_code == 0
    shown = limits(bank, "--account", "bob")
    rates = [shown[limit, None] for limit in ("cancels-per-second", "orders-per-second", "orders-burst")]
    assert [(rate["used"], rate["percent"], rate["left"]) for rate in rates] == [
        (1, 100, 0),
        (0, 0, 1000),
        (0, 0, 1000),
    ]
    assert refusal(bank, "bob") == Reason.NONE
    row = next(
        row for row in bank.run("limits", "show", "--account", "bob").output.splitlines() if "orders-burst" in row
    )
    assert row.split()[-4:] in (["1,000", "1", "999", "0"], ["1,000", "0", "1,000", "0"]), "a second may have passed"
    for limit in ("cancels-per-second", "orders-per-second", "orders-burst"):
        assert bank.run("limits", "remove", limit, "--account", "bob").exit_code == 0


def test_a_days_loss_counts_what_stands_at_the_marks_of_now(bank: Bank) -> None:
    assert bank.run("limits", "set", "daily-loss", "5000", "--account", "alice").exit_code == 0
    bank.told("deposit", "bob", "100", "ACM")
    for price, lots in (("10.00", 10), ("9.00", 1)):
        bank.order("bob", Side.SELL, price, lots)
        bank.order("alice", Side.BUY, price, lots)
    # Ten stand at 1.00 less than they cost, and the fees were 0.10 and, rounded up, 0.01.
    assert limits(bank, "--account", "alice")["daily-loss", None]["used"] == 1011
    assert bank.run("limits", "remove", "daily-loss", "--account", "alice").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["set", "no-such-limit", "1"], 2, "is none of"),
        (["set", "position", "1", "--symbol", "ACME"], 2, "say whose"),
        (["set", "position", "1", "--account", "alice", "--group", "7"], 2, "not of both"),
        (["set", "trading", "2"], 1, "invalid_limit"),
        (["set", "exposure", "1", "--account", "alice", "--symbol", "ACME"], 1, "invalid_limit"),
        (["set", "position", "1", "--account", "nobody"], 1, "there is no account 'nobody'"),
        (["remove", "position", "--account", "alice", "--symbol", "NONE"], 1, "there is no symbol 'NONE'"),
    ],
)
def test_limits_that_make_no_sense_are_refused(bank: Bank, arguments: list[str], status: int, said: str) -> None:
    result = bank.run("limits", *arguments)
    assert result.exit_code == status, result.output
    assert said in result.output


@pytest.mark.parametrize(
    ("options", "cancelled", "stopped"),
    [
        ([], 5, {("alice", "ACME"), ("alice", "OTHER"), ("bob", "ACME"), ("bob", "OTHER")}),
        (["--account", "alice"], 3, {("alice", "ACME"), ("alice", "OTHER")}),
        (["--group", "7"], 2, {("bob", "ACME"), ("bob", "OTHER")}),
        (["--symbol", "ACME"], 3, {("alice", "ACME"), ("bob", "ACME")}),
    ],
)
def test_a_kill_switch_takes_out_its_orders_and_lets_no_more_in(
    bank: Bank, options: list[str], cancelled: int, stopped: set[tuple[str, str]]
) -> None:
    everything = [("alice", "ACME"), ("alice", "ACME"), ("alice", "OTHER"), ("bob", "ACME"), ("bob", "OTHER")]
    for name, symbol in everything:
        assert refusal(bank, name, symbol=symbol) == Reason.NONE
    assert bank.told("kill", "on", *options)["cancelled"] == cancelled
    refused = {each for each in everything if refusal(bank, *each[:1], symbol=each[1]) == Reason.KILL_SWITCH}
    assert refused == stopped
    assert bank.run("kill", "off", *options).exit_code == 0
    assert {refusal(bank, name, symbol=symbol) for name, symbol in everything} == {Reason.NONE}


def test_a_killed_account_shows_it_and_the_text_says_how_many(bank: Bank) -> None:
    assert refusal(bank, "alice") == Reason.NONE
    said = bank.run("kill", "on", "--account", "alice", "--yes")
    assert said.output.strip() == "the kill switch of alice is on; 1 order was cancelled"
    assert bank.told("account", "show", "alice")["account"]["kill_switch"] is True
    both = bank.run("kill", "on", "--account", "alice", "--symbol", "ACME")
    assert both.exit_code == 2
    assert bank.run("kill", "on", "--account", "nobody").exit_code == 1


def test_on_a_terminal_a_kill_switch_asks_first(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradsys.cli.kill._is_asked", lambda: True)
    assert refusal(bank, "alice") == Reason.NONE
    declined = bank.run("kill", "on", typed="n\n")
    assert declined.exit_code == 1
    assert "Cancel all orders of the venue" in declined.output
    assert bank.told("account", "show", "alice")["open_orders"] == 1
    agreed = bank.run("kill", "on", "--account", "alice", typed="y\n")
    assert agreed.exit_code == 0
    assert "1 order was cancelled" in agreed.output

"""`tradsys history` of a venue that runs, that is stopped, and of one that never had a recorder."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import SMALL, Bank, runner
from tests.workers.running import until
from tradsys.cli.main import app
from tradsys.records import Side
from workers.embedded import embedded_venue
from workers.recorder.database import history_path
from workers.snapshot.files import list_snapshots


def _asked(directory: Path, *arguments: str) -> Any:
    result = runner.invoke(app, ["history", *arguments, "--json", "--data-dir", str(directory)])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


def _trades(directory: Path) -> list[Any]:
    """None as long as the recorder has not begun."""
    result = runner.invoke(app, ["history", "trades", "--json", "--data-dir", str(directory)])
    return json.loads(result.stdout.splitlines()[-1]) if result.exit_code == 0 else []


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a venue that has traded, with a recorder, and is stopped."""
    directory = tmp_path_factory.mktemp("history") / "venue"
    wanted = {**SMALL, "history": {"enabled": True}, "snapshots": {"keep": 1}}
    with embedded_venue(wanted, directory=directory) as embedded:
        bank = Bank(embedded)
        bank.define_money()
        bank.told("deposit", "alice", "1000.00", "USD", "--id", "1")
        bank.told("deposit", "alice", "1000.00", "USD", "--id", "1")
        bank.told("deposit", "bob", "100", "ACM", "--id", "2")
        assert bank.run("transfer", "alice", "bob", "9999.00", "USD", "--id", "3").exit_code == 1
        bank.order("alice", Side.BUY, "25.00", 10)
        bank.order("bob", Side.SELL, "24.95", 4)
        until(lambda: _trades(directory), "the trade to be recorded")
        assert _asked(directory, "orders", "--account", "alice")[0]["leaves"] == "6"
        bank.told("snapshot")
        bank.told("kill", "on", "--account", "alice", "--yes")
        bank.order("bob", Side.SELL, "30.00", 1)
    return directory


def test_orders_are_shown_as_they_ended(stopped: Path) -> None:
    """Also what happened right before the venue stopped."""
    newest, sold, bought = _asked(stopped, "orders")
    assert (newest["price"], newest["status"], newest["leaves"]) == ("30.00", "open", "1")
    assert (sold["account"], sold["side"], sold["filled"], sold["status"]) == ("bob", "sell", "4", "filled")
    assert (bought["account"], bought["price"], bought["filled"]) == ("alice", "25.00", "4")
    assert (bought["status"], bought["leaves"]) == ("cancelled", "6")
    assert bought["reason"]
    assert [row["order_id"] for row in _asked(stopped, "orders", "--limit", "1")] == [newest["order_id"]]
    assert _asked(stopped, "orders", "--symbol", "ACME", "--account", "alice") == [bought]


def test_trades_are_shown_with_both_sides(stopped: Path) -> None:
    (trade,) = _asked(stopped, "trades", "--symbol", "ACME")
    assert (trade["price"], trade["quantity"], trade["side"]) == ("25.00", "4", "sell")
    assert (trade["account"], trade["counter_account"]) == ("bob", "alice")
    assert _asked(stopped, "trades", "--account", "alice") == _asked(stopped, "trades", "--account", "bob") == [trade]
    assert _asked(stopped, "trades", "--account", "fees") == []


def test_transfers_say_what_moved_and_what_was_refused(stopped: Path) -> None:
    rows = [(row["id"], row["amount"], row["reason"], row["moved"]) for row in _asked(stopped, "transfers")]
    assert rows == [
        ("3", "9999.00", "insufficient_funds", False),
        ("2", "100", None, True),
        ("1", "1000.00", None, False),
        ("1", "1000.00", None, True),
    ]
    assert {row["target"] for row in _asked(stopped, "transfers", "--account", "alice")} == {"alice", "bob"}


def test_people_get_tables_and_are_told_how_far_they_go(stopped: Path) -> None:
    for what, title in (("orders", "Orders"), ("trades", "Trades"), ("transfers", "Transfers")):
        result = runner.invoke(app, ["history", what, "--data-dir", str(stopped)])
        assert result.exit_code == 0, result.output
        assert title in result.output
        assert "what the log says up to record" in result.output


def test_what_the_history_does_not_know_is_an_error(stopped: Path) -> None:
    for what, name in (("account", "carl"), ("symbol", "ACNE")):
        result = runner.invoke(app, ["history", "trades", f"--{what}", name, "--data-dir", str(stopped)])
        assert result.exit_code == 1
        assert f"error[unknown_{what}]: the history knows no {what} '{name}'" in result.output


def test_any_program_can_read_the_file(stopped: Path) -> None:
    with closing(sqlite3.connect(history_path(stopped))) as connection:
        query = "SELECT symbol_name, account_name, counter_account_name, quantity_lots FROM named_trades"
        assert connection.execute(query).fetchall() == [("ACME", "bob", "alice", 4)]
        (sequence,) = connection.execute("SELECT sequence FROM position").fetchone()
    assert sequence > int(list_snapshots(stopped / "journal")[-1].stem)


def test_a_history_beside_a_restored_log_goes_back(stopped: Path, tmp_path: Path) -> None:
    """The history knows of more than the backup: that is gone, as it is for the venue."""
    data, backup = tmp_path / "venue", tmp_path / "backup"
    wanted = {**SMALL, "history": {"enabled": True}}
    with embedded_venue(wanted, directory=data) as embedded:
        bank = Bank(embedded)
        bank.order("alice", Side.BUY, "25.00", 10)
        assert bank.run("backup", str(backup)).exit_code == 0
        bank.order("bob", Side.SELL, "25.00", 4)
        until(lambda: _trades(data), "the trade to be recorded")
    assert not list(backup.glob("history*")), "what can be worked out anew is in no backup"
    (data / "journal").rename(tmp_path / "lost")
    assert runner.invoke(app, ["restore", str(backup), "--data-dir", str(data)]).exit_code == 0
    with embedded_venue(wanted, directory=data) as embedded:
        until(lambda: not _trades(data), "the trade to be forgotten")
        Bank(embedded).order("bob", Side.SELL, "25.00", 3)
    (order, other) = _asked(data, "orders")
    assert (order["filled"], other["filled"], other["leaves"]) == ("3", "3", "7")


def test_without_a_recorder_it_is_said_how_to_have_one(tmp_path: Path) -> None:
    result = runner.invoke(app, ["history", "orders", "--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert "error[no_history]" in result.output
    assert "Set history.enabled to true, and start the venue again" in result.output

"""Accounts, deposits, withdrawals and transfers by the command line of a venue that runs."""

from __future__ import annotations

import json

from tests.cli.conftest import Bank
from tradsys.records import Side


def balance(bank: Bank, name: str, asset: str = "USD") -> tuple[str, str, str] | None:
    """Available, held and reserved."""
    stated = bank.told("account", "show", name)
    found = [each for each in stated["balances"] if each["asset"] == asset]
    return (found[0]["available"], found[0]["held"], found[0]["reserved"]) if found else None


def test_accounts_are_listed_with_what_they_are(bank: Bank) -> None:
    known = {each["name"]: each for each in bank.told("account", "list")}
    assert [known[name]["kind"] for name in ("alice", "bob", "fees", "world")] == ["client", "client", "fee", "outside"]
    assert (known["bob"]["group"], known["bob"]["status"], known["bob"]["kyc_status"]) == (7, "active", "not-needed")
    shown = bank.run("account", "list")
    assert shown.exit_code == 0
    assert "outside" in shown.output


def test_an_account_is_opened_once(bank: Bank) -> None:
    opened = bank.told("account", "open", "opened", "--kind", "house", "--group", "3", "--fee-class", "2")
    assert (opened["kind"], opened["group"], opened["fee_class"]) == ("house", 3, 2)
    again = bank.run("account", "open", "opened")
    assert again.exit_code == 1
    assert "error[account_exists]: there is an account 'opened'" in again.output
    assert bank.run("account", "open", "no spaces").exit_code == 1


def test_money_comes_in_moves_and_leaves(bank: Bank) -> None:
    for name in ("carol", "dave"):
        bank.told("account", "open", name)
    first = bank.told("deposit", "carol", "100.50", "USD")
    assert first["balance"] == {"asset": "USD", "available": "100.50", "held": "0.00", "reserved": "0.00"}
    second = bank.told("deposit", "carol", "0.5", "USD")
    assert second["id"] != first["id"]
    bank.told("transfer", "carol", "dave", "1", "USD")
    assert balance(bank, "dave") == ("1.00", "0.00", "0.00")
    said = bank.run("withdraw", "carol", "40.01", "USD", "--id", "77")
    assert said.exit_code == 0, said.output
    assert said.output.strip() == (
        "withdrew 40.01 USD from carol (id 77); carol now has 59.99 available, 0.00 held of USD"
    )


def test_the_same_id_moves_nothing_twice(bank: Bank) -> None:
    bank.told("account", "open", "twice")
    assert [bank.told("deposit", "twice", "10", "USD", "--id", "5001")["moved"] for _ in range(2)] == [True, False]
    assert "nothing moved: a posting with the id 5001" in bank.run("deposit", "bob", "1", "USD", "--id", "5001").output
    assert balance(bank, "twice") == ("10.00", "0.00", "0.00")
    assert [bank.told("withdraw", "twice", "4", "USD", "--id", "5002")["moved"] for _ in range(2)] == [True, False]
    # The number after that of a withdrawal is free.
    assert bank.told("deposit", "twice", "1", "USD", "--id", "5003")["moved"]
    assert balance(bank, "twice") == ("7.00", "0.00", "0.00")


def test_what_cannot_be_paid_is_refused_and_changes_nothing(bank: Bank) -> None:
    bank.told("account", "open", "poor")
    bank.told("deposit", "poor", "5", "USD")
    for command in (("withdraw", "poor", "5.01", "USD"), ("transfer", "poor", "alice", "6", "USD")):
        refused = bank.run(*command)
        assert refused.exit_code == 1
        assert "insufficient_funds" in refused.output
    assert balance(bank, "poor") == ("5.00", "0.00", "0.00")


def test_a_frozen_account_gives_nothing_until_it_is_active_again(bank: Bank) -> None:
    bank.told("account", "open", "frozen")
    bank.told("deposit", "frozen", "5", "USD")
    assert bank.told("account", "status", "frozen", "--status", "frozen", "--kyc", "pending")["status"] == "frozen"
    refused = bank.run("withdraw", "frozen", "1", "USD")
    assert refused.exit_code == 1
    assert "account_frozen" in refused.output
    now = bank.told("account", "status", "frozen", "--status", "active")
    assert (now["status"], now["kyc_status"]) == ("active", "pending")
    bank.told("withdraw", "frozen", "1", "USD")
    assert balance(bank, "frozen") == ("4.00", "0.00", "0.00")


def test_mistakes_are_told_before_anything_is_sent(bank: Bank) -> None:
    for command, said in (
        (("deposit", "nobody", "1", "USD"), "there is no account 'nobody'"),
        (("deposit", "alice", "1", "EUR"), "error[unknown_asset]: there is no asset 'EUR'; known: ACM, USD"),
        (("deposit", "alice", "1.005", "USD"), "1.005 is not a multiple"),
        (("deposit", "alice", "one", "USD"), "is not a plain decimal number"),
        (("transfer", "alice", "nobody", "1", "USD"), "there is no account 'nobody'"),
    ):
        result = bank.run(*command)
        assert result.exit_code == 1, result.output
        assert said in result.output
        assert "Traceback" not in result.output
    assert bank.run("account", "status", "alice").exit_code == 2


def test_a_trade_shows_in_what_both_own(bank: Bank) -> None:
    for name, amount, asset in (("buyer", "1000", "USD"), ("seller", "30", "ACM")):
        bank.told("account", "open", name)
        bank.told("deposit", name, amount, asset)
    bank.order("seller", Side.SELL, "10.05", 20)
    bank.order("buyer", Side.BUY, "10.05", 8)
    bank.order("buyer", Side.BUY, "9.00", 10)
    bought = bank.told("account", "show", "buyer")
    # 8 shares at 10.05 are 80.40, and 0.1 % of that, rounded up, 9 cents. What rests holds 90.00, 0.1 % of that, and a
    # cent for rounding.
    assert balance(bank, "buyer") == ("829.41", "90.10", "0.00")
    assert balance(bank, "buyer", "ACM") == ("8", "0", "0")
    (position,) = bought["positions"]
    assert position["symbol"] == "ACME"
    assert (position["quantity"], position["average_cost"], position["cost"]) == ("8", "10.050000", "80.40")
    assert (position["fees"], position["turnover"]) == ("0.09", "80.40")
    assert (position["open_orders"], position["open_buy"], position["open_sell"]) == (1, "10", "0")
    assert bought["open_orders"] == 1
    assert balance(bank, "seller") == ("80.40", "0.00", "0.00")
    assert balance(bank, "seller", "ACM") == ("10", "12", "0")
    shown = bank.run("account", "show", "seller")
    assert shown.exit_code == 0
    assert all(text in shown.output for text in ("seller", "80.40", "10.050000", "-8", "ACME"))


def test_the_text_of_json_is_one_line(bank: Bank) -> None:
    lines = bank.run("account", "list", "--json").stdout.strip().splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])

"""`tradsys trace`: the lives of orders, held against what was done to them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from tests.cli.conftest import USD, Bank
from tests.cli.test_replay_to import at_rest, dumped
from tradsys.ledger.terms import PostingKind
from tradsys.records import COMMAND, CommandFlag, Kind, Side, details
from workers.statement import account_named


def orders_of(bank: Bank, account: str) -> list[str]:
    """Ids of the account's live orders."""
    end = at_rest(bank)
    return [each["order"]["order_id"] for each in bank.told("replay-to", str(end), "--account", account)["orders"]]


def life(bank: Bank, order_id: str) -> Any:
    return bank.told("trace", order_id)


def steps(told: Any) -> list[tuple[Any, ...]]:
    return [(step["what"], step["price"], step["quantity"], step["leaves"]) for step in told["steps"]]


def target(bank: Bank, kind: Kind, order_id: str, **fields: int) -> None:
    """A command about an order."""
    record = np.zeros(1, COMMAND)
    record["kind"], record["order_id"], record["symbol"] = kind, int(order_id), 1
    record["account"] = bank.told("account", "show", "tr-seller")["account"]["number"]
    for name, value in fields.items():
        record[name] = value
    bank.send(record)


def test_an_orders_life_is_what_was_done_to_it(bank: Bank) -> None:
    for name, amount, asset in (("tr-seller", "100", "ACM"), ("tr-buyer", "10000", "USD")):
        bank.told("account", "open", name)
        bank.told("deposit", name, amount, asset)
    bank.order("tr-seller", Side.SELL, "31.05", 20)
    (order_id,) = orders_of(bank, "tr-seller")
    bank.order("tr-buyer", Side.BUY, "31.05", 8)
    target(bank, Kind.AMEND, order_id, quantity_lots=15, flags=CommandFlag.NEW_QUANTITY)
    told = life(bank, order_id)
    assert (told["open"], told["account"], told["symbol"], told["side"]) == (True, "tr-seller", "ACME", "sell")
    target(bank, Kind.CANCEL, order_id)
    bank.order("tr-buyer", Side.BUY, "31.05", 1)  # nothing of the order's any more
    (rest,) = orders_of(bank, "tr-buyer")
    told = life(bank, order_id)
    assert not told["open"]
    assert steps(told) == [
        ("accepted", "31.05", "20", "20"),
        ("trade", "31.05", "8", "12"),
        ("amended", "31.05", "7", "7"),
        ("cancelled", "31.05", "7", "0"),
    ]
    assert told["steps"][-1]["reason"] == "cancelled_by_client"
    # The log is the oracle of who asked for what, and when.
    logged = {record["sequence"]: record for record in dumped(bank, "--from", str(told["steps"][0]["log_sequence"]))}
    kinds = [logged[step["log_sequence"]]["kind"] for step in told["steps"]]
    assert kinds == ["new", "new", "amend", "cancel"]
    assert [step["time"] for step in told["steps"]] == [logged[step["log_sequence"]]["time"] for step in told["steps"]]
    assert all(step["asked_by"].startswith("tool-") for step in told["steps"])
    gaps = [step["after_ns"] for step in told["steps"]]
    assert gaps[0] is None
    assert all(gap > 0 for gap in gaps[1:])
    assert all(step["settled_after_ns"] >= 0 for step in told["steps"]), "an AMEND waits until all is settled"
    taker = life(bank, str(told["steps"][1]["other_order_id"]))
    assert steps(taker) == [("accepted", "31.05", "8", "8"), ("trade", "31.05", "8", "0")]
    assert taker["steps"][1]["other_order_id"] == order_id
    assert not taker["open"]
    shown = bank.run("trace", order_id)
    assert shown.exit_code == 0, shown.output
    assert f"order {order_id}: sell ACME of tr-seller, ended" in shown.stdout
    assert "cancelled: cancelled_by_client" in shown.stdout
    # What came before a snapshot is found, and what came after it is read from there.
    bank.told("snapshot")
    bank.order("tr-seller", Side.SELL, "31.05", 3)
    assert life(bank, order_id) == told
    ended = life(bank, rest)
    assert (ended["open"], steps(ended)[-1]) == (False, ("trade", "31.05", "1", "0"))
    assert life(bank, ended["steps"][-1]["other_order_id"])["open"]


def test_a_posting_whose_number_is_an_orders_id_is_no_step_of_its_life(bank: Bank) -> None:
    bank.told("account", "open", "tr-namesake")
    bank.told("deposit", "tr-namesake", "100", "ACM")
    bank.order("tr-namesake", Side.SELL, "900.00", 2)
    (order_id,) = orders_of(bank, "tr-namesake")
    assert [step["what"] for step in life(bank, order_id)["steps"]] == ["accepted"]
    accounts = {name: account_named(bank.memory, name).number for name in ("world", "tr-namesake")}
    bank.send(
        details(
            Kind.POSTING,
            posting_kind=PostingKind.DEPOSIT,
            number=int(order_id),
            account=accounts["world"],
            target=accounts["tr-namesake"],
            asset=USD,
            amount=1,
        )
    )
    assert [step["what"] for step in life(bank, order_id)["steps"]] == ["accepted"]


def test_an_id_that_is_no_orders_is_told(bank: Bank) -> None:
    end = at_rest(bank)
    for order_id, why in (
        (5, "records of the log are numbered from 1"),
        (1 << 22, "record 1 of the log places none"),
        ((end + 1000) << 22, "the log does not go as far"),
    ):
        failed = bank.run("trace", str(order_id))
        assert failed.exit_code == 1
        assert why in failed.stderr
    (order_id_text, *_) = orders_of(bank, "tr-seller")
    wrong = bank.run("trace", str(int(order_id_text) + 1))
    assert "places no order with the id" in wrong.stderr
    assert json.loads(bank.run("trace", order_id_text, "--json").stdout)["order_id"] == order_id_text

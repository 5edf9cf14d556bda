"""Whether what an outside client wrote down agrees with what the log says."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from tests.system.killing.market import FLEETING, LOCAL, PLAIN, SETTLED, TRADERS
from tests.system.killing.notes import read
from tests.system.killing.truth import Fill, Report, State, TrueOrder, Truth
from tests.system.killing.watcher import books_of
from tests.workers.stepped import assert_same
from tradsys import posting_ids
from tradsys.records import EVENT, Kind
from tradsys.reference.messages import records_of

ACCOUNTS = {name: number for number, name in enumerate((*TRADERS, FLEETING, LOCAL), 1)}
SYMBOLS = {SETTLED: 1, PLAIN: 2}
ASSETS = {"USD": (1, 2), "SHARE": (2, 0)}
"""Number and decimals."""


def ticks(price: str) -> int:
    """A price of the market's symbols in ticks of a hundredth."""
    whole, _, part = price.partition(".")
    assert len(part) == 2, price
    return int(whole) * 100 + int(part)


def units(amount: str, decimals: int) -> int:
    """An amount in the asset's smallest units."""
    whole, _, part = amount.partition(".")
    assert len(part) == decimals, amount
    return int(whole + part)


class Told:
    """Everything that one client wrote down, sorted."""

    def __init__(self, path: Path) -> None:
        self.asked: dict[int, dict[str, Any]] = {}
        self.results: dict[int, Any] = {}
        self.refusals: dict[int, str] = {}
        self.found: list[tuple[int, Any]] = []
        self.heard: dict[int, list[dict[str, Any]]] = defaultdict(list)
        self.connections = 0
        self.final: dict[str, Any] | None = None
        for line in read(path):
            match line["what"]:
                case "asked":
                    self.asked[line["ask"]] = line
                case "told" if "result" in line:
                    self.results[line["ask"]] = line["result"]
                case "told":
                    self.refusals[line["ask"]] = line["refused"]
                case "found":
                    self.found.append((line["client_order_id"], line["result"]))
                case "heard":
                    self.heard[line["connection"]].append(line["message"])
                case "connected":
                    self.connections += 1
                case "final":
                    self.final = line

    def asks(self, op: str) -> list[tuple[int, dict[str, Any]]]:
        """The requests of one operation."""
        return [(number, asked) for number, asked in self.asked.items() if asked["op"] == op]

    def is_silent(self, ask: int) -> bool:
        """Whether it is open what came of the request."""
        return ask not in self.results and self.refusals.get(ask, "timeout") == "timeout"


class Checker:
    """Compares one account's notes with the truth."""

    def __init__(self, truth: Truth, account: str, told: Told) -> None:
        self._truth = truth
        self._account = account
        self._number = ACCOUNTS[account]
        self._told = told

    def check(self) -> None:
        """Everything."""
        self._check_orders()
        self._check_lookups()
        self._check_cancels()
        self._check_amendments()
        self._check_transfers()
        for connection, messages in self._told.heard.items():
            self._check_reports(connection, messages)
        self._check_answers_were_heard()
        self._check_final()

    def _orders(self, client_order_id: int) -> list[TrueOrder]:
        return self._truth.by_client.get((self._number, client_order_id), [])

    def _check_orders(self) -> None:
        """An acknowledged order is in the log once and as acknowledged, a refused one is not, no id counts twice."""
        attempts = defaultdict(list)
        for ask, asked in self._told.asks("place"):
            attempts[asked["client_order_id"]].append(ask)
        for client_order_id, asks in attempts.items():
            orders = self._orders(client_order_id)
            assert len(orders) <= 1, f"client order id {client_order_id} of account {self._number} was applied twice"
            answered = [self._told.results[ask] for ask in asks if ask in self._told.results]
            assert len(answered) <= 1, f"client order id {client_order_id} was acknowledged twice"
            for view in answered:
                assert orders, f"the acknowledged order {view} is not in the log"
                self._check_acknowledged(orders[0], view)
            if not answered and not any(self._told.is_silent(ask) for ask in asks):
                assert not orders, f"client order id {client_order_id} was refused, and is in the log"
        assert {number for account, number in self._truth.by_client if account == self._number} <= attempts.keys()

    def _check_acknowledged(self, order: TrueOrder, view: dict[str, Any]) -> None:
        assert int(view["order_id"]) == order.order_id, (view, order.order_id)
        assert state(view) == self._truth.after[order.order_id, order.sequence], view
        fills = [Fill(fill["trade_id"], ticks(fill["price"]), int(fill["quantity"])) for fill in view["fills"]]
        assert fills == order.fills.get(order.sequence, []), view

    def _check_lookups(self) -> None:
        """Who asked for an order by its client's id was told of the one that there is, as it was at some moment."""
        for client_order_id, view in self._told.found:
            orders = self._orders(client_order_id)
            if view is not None:
                assert [int(view["order_id"])] == [order.order_id for order in orders], view
                assert state(view) in orders[0].states, (view, orders[0].states)

    def _check_cancels(self) -> None:
        for ask, asked in self._told.asks("cancel"):
            if ask in self._told.results:
                view = self._told.results[ask]
                order = self._truth.orders[int(asked["order_id"])]
                assert state(view) == order.states[-1], (view, order.states)
                assert order.status == "cancelled"

    def _check_amendments(self) -> None:
        """Each acknowledged amendment stands; besides those none but such as stayed without an answer."""
        told: Counter[int] = Counter()
        silent: Counter[int] = Counter()
        for ask, asked in self._told.asks("amend"):
            order_id = int(asked["order_id"])
            told[order_id] += ask in self._told.results
            silent[order_id] += self._told.is_silent(ask)
        for order_id, count in told.items():
            stand = self._truth.orders[order_id].amendments
            assert count <= stand <= count + silent[order_id], f"{count} amendments of {order_id}, {stand} stand"

    def _check_transfers(self) -> None:
        """An acknowledged transfer is in the log where it was told to be; that none counts twice, the balances show."""
        for ask, asked in self._told.asks("transfer"):
            if ask in self._told.results:
                posting = self._truth.details(int(self._told.results[ask]["sequence"]))
                stands = int(posting["kind"]), int(posting["account"]), int(posting["number"]), int(posting["reason"])
                number = posting_ids.of_transfer(self._account, asked["transfer_id"])
                assert stands == (Kind.POSTING, self._number, number, 0), asked
                assert int(posting["amount"]) == units(asked["amount"], 2)

    def _check_reports(self, connection: int, messages: list[dict[str, Any]]) -> None:
        """What was heard on a connection is an unbroken part of what was to be told, of each shard."""
        heard: dict[int, list[Report]] = defaultdict(list)
        for message in messages:
            if message["channel"] == "orders":
                heard[SYMBOLS[message["symbol"]] % self._truth.shards].append(report(message))
        for shard, reports in heard.items():
            due = self._truth.reports[shard][self._number]
            begin = due.index(reports[0])
            for place, got in enumerate(reports):
                assert got == due[begin + place], f"connection {connection}: heard {got}, due was {due[begin + place]}"

    def _check_answers_were_heard(self) -> None:
        """The reports of an acknowledged order came on the same connection as the acknowledgement."""
        heard = {
            connection: {(message["sequence"], message.get("order_id")) for message in messages}
            for connection, messages in self._told.heard.items()
        }
        for ask, asked in self._told.asks("place"):
            if ask in self._told.results:
                order_id = self._told.results[ask]["order_id"]
                sequence = str(self._truth.orders[int(order_id)].sequence)
                assert (sequence, order_id) in heard[asked["connection"]], (asked, self._told.results[ask])

    def _check_final(self) -> None:
        final = self._told.final
        assert final is not None
        due = self._truth.open_orders(self._number)
        assert {int(view["order_id"]) for view in final["orders"]} == due.keys()
        for view in final["orders"]:
            assert state(view) == due[int(view["order_id"])].states[-1], view
        ledger = self._truth.oracle.ledger
        for row in final["balances"]:
            asset, decimals = ASSETS[row["asset"]]
            assert units(row["available"], decimals) == ledger.available(self._number, asset), row
            assert units(row["held"], decimals) == ledger.held(self._number, asset), row


def check_fleeting(told: Told) -> None:
    """Orders that end with their connection have ended with none that lived."""
    placed = {asked["client_order_id"]: asked["connection"] for _, asked in told.asks("place")}
    for connection, messages in told.heard.items():
        for message in messages:
            if message["event"] == "cancelled":
                assert placed[int(message["client_order_id"])] < connection, message


def check_market(truth: Truth, told: Told) -> None:
    """Who followed the market heard an unbroken part of the trades on each connection, and depth without a gap."""
    for messages in told.heard.values():
        books_of(messages)
        for symbol, number in SYMBOLS.items():
            heard = [
                trade["trade_id"]
                for message in messages
                if message["channel"] == "trades" and message["symbol"] == symbol
                for trade in message["trades"]
            ]
            due = truth.trades[number]
            begin = due.index(heard[0]) if heard else 0
            assert heard == due[begin : begin + len(heard)]


def check_local(truth: Truth, path: Path) -> None:
    """Who read the events from memory saw each once and as they must be, from when it attached."""
    due = [records_of(events) for events in truth.events]
    positions = [0] * truth.shards
    attached = 0
    for line in read(path):
        if line["what"] == "attached":
            attached += 1
            assert all(new >= old for new, old in zip(line["positions"], positions, strict=True)), "none comes twice"
            positions = line["positions"]
        elif line["what"] == "events":
            shard = line["shard"]
            seen = np.frombuffer(bytes.fromhex(line["events"]), EVENT)
            assert_same(seen, due[shard][positions[shard] : positions[shard] + len(seen)])
            positions[shard] += len(seen)
        elif line["what"] == "answered":
            last = line
    assert attached
    assert last["all"]
    orders = [order.client_order_id for order in truth.orders.values() if order.account == ACCOUNTS[LOCAL]]
    assert len(orders) == len(set(orders))


def state(view: dict[str, Any]) -> State:
    """An order's state as a client is told it."""
    return State(view["status"], int(view["filled"]), int(view["leaves"]))


def report(message: dict[str, Any]) -> Report:
    """An execution report as the truth has it."""
    event = message["event"]
    mark: tuple[Any, ...]
    if event == "fill":
        figures = (int(message[name]) for name in ("quantity", "filled", "leaves"))
        mark = (message["trade_id"], message["role"], ticks(message["price"]), *figures)
    elif event == "rejected":
        mark = (int(message.get("client_order_id") or 0), message["reason"])
    else:
        mark = (int(message["filled"]), int(message["leaves"]))
    return Report(event, int(message["sequence"]), int(message.get("order_id") or 0), mark)

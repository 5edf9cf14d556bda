"""What a history must hold, worked out from the log by the reference venue, and the check that it does."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tradsys.book.layout import F_EXTRA, IN_BOOK, IN_HIDDEN
from tradsys.ledger.terms import PostingKind
from tradsys.reasons import Reason
from tradsys.records import (
    ACCOUNT_DEFINITION,
    DETAILS,
    SYMBOL_DEFINITION,
    CommandFlag,
    EventFlag,
    EventKind,
    Kind,
    OrderType,
    TimeInForce,
)

_TRADE_FIELDS = (
    *("log_sequence", "timestamp_ns", "symbol", "price_ticks", "quantity_lots", "flags", "order_id", "account"),
    *("counter_order_id", "counter_account", "source", "request"),
)
_OF_ONE = (EventKind.TERMS, EventKind.RESTED, EventKind.TRIGGERED, EventKind.CANCELLED, EventKind.AMENDED)


class _Live(NamedTuple):
    """An order in a shard's tables."""

    filled: int
    leaves: int
    status: str
    price_ticks: int


class _Lives:
    """What came of every order, by the events of all shards."""

    def __init__(self, events: Sequence[Any]) -> None:
        self.accepted: dict[int, Any] = {}
        self.filled: dict[int, int] = defaultdict(int)
        self.ends: dict[int, tuple[str, int, str | None, int]] = {}
        """Status, what was left, reason, and the log sequence."""
        self.last: dict[int, int] = {}
        """The log sequence of the last event that is about it."""
        for shard in events:
            for event in shard.view(np.ndarray):
                self._see(event)

    def _see(self, event: Any) -> None:
        kind, order, sequence = int(event["kind"]), int(event["order_id"]), int(event["log_sequence"])
        if kind == EventKind.ACCEPTED:
            self.accepted[order] = event
            self.last[order] = sequence
        elif kind == EventKind.TRADE:
            other = int(event["counter_order_id"])
            for each, done in ((order, EventFlag.ORDER_DONE), (other, EventFlag.COUNTER_DONE)):
                self.filled[each] += int(event["quantity_lots"])
                self.last[each] = sequence
                if int(event["flags"]) & done:
                    self.ends[each] = ("filled", 0, None, sequence)
        elif kind == EventKind.PREVENTED:
            self.last[order] = sequence
        elif kind in _OF_ONE:
            self.last[order] = sequence
            if kind == EventKind.CANCELLED:
                reason = Reason(int(event["reason"]))
                self.ends[order] = ("cancelled", int(event["quantity_lots"]), reason.name.lower() or None, sequence)


def assert_history(path: Path, records: Any, events: Sequence[Any], shards: Sequence[Any]) -> None:
    """The history in `path` is that of the whole log `records`, which leads to `events` and live `shards`."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        (mode,) = connection.execute("PRAGMA integrity_check").fetchone()
        assert mode == "ok", mode
        position = dict(connection.execute("SELECT * FROM position").fetchone())
        assert position["sequence"] == len(records), f"the history is at {position}, the log at {len(records)}"
        begins = int(position["begins"])
        _check_trades(connection, events, begins)
        _check_orders(connection, _Lives(events), _live(shards), begins)
        _check_transfers(connection, records)
        _check_definitions(connection, records)


def _check_trades(connection: sqlite3.Connection, events: Sequence[Any], begins: int) -> None:
    wanted = {}
    for shard, told in enumerate(events):
        for at in np.flatnonzero(told["kind"] == EventKind.TRADE):
            event = told[at]
            if event["log_sequence"] > begins:
                is_auction = int(event["flags"]) & EventFlag.AUCTION
                side = None if is_auction else ["buy", "sell"][int(event["flags"]) & EventFlag.SELL]
                wanted[shard, int(at) + 1] = (*(int(event[name]) for name in _TRADE_FIELDS), side)
    names = ["time_ns" if name == "timestamp_ns" else name for name in _TRADE_FIELDS]
    found = {
        (row["shard"], row["event"]): (*(row[name] for name in names), row["side"])
        for row in connection.execute("SELECT * FROM trades")
    }
    assert found.keys() == wanted.keys(), f"trades: {sorted(found.keys() ^ wanted.keys())[:5]} are not in both"
    different = [(key, found[key], wanted[key]) for key in wanted if found[key] != wanted[key]]
    assert different == [], f"trades: {different[:3]}"


def _check_orders(connection: sqlite3.Connection, lives: _Lives, live: dict[int, _Live], begins: int) -> None:
    known = {
        order
        for order, event in lives.accepted.items()
        if event["log_sequence"] > begins or order in live or lives.ends[order][3] > begins
    }
    rows = {row["order_id"]: row for row in connection.execute("SELECT * FROM orders")}
    assert rows.keys() == known, f"orders: {sorted(rows.keys() ^ known)[:5]} are not in both"
    for order, row in rows.items():
        event = lives.accepted[order]
        what = int(event["counter_account"])
        assert (row["account"], row["symbol"]) == (event["account"], event["symbol"]), tuple(row)
        assert row["client_order_id"] == event["client_order_id"], tuple(row)
        words = (["buy", "sell"][int(event["flags"]) & EventFlag.SELL], TimeInForce(what >> 8 & 0xFF).name.lower())
        assert (row["side"], row["time_in_force"]) == words, tuple(row)
        if event["log_sequence"] > begins:
            assert row["order_type"] == OrderType(what & 0xFF).name.lower(), tuple(row)
            placed = (int(event["log_sequence"]), int(event["timestamp_ns"]))
            assert (row["placed_sequence"], row["placed_ns"]) == placed, tuple(row)
        if lives.last[order] > begins:
            assert row["changed_sequence"] == lives.last[order], (tuple(row), lives.last[order])
        assert row["filled_lots"] == lives.filled[order], (tuple(row), lives.filled[order])
        is_budget = what >> 16 & CommandFlag.BUDGET
        assert is_budget or row["quantity_lots"] == row["filled_lots"] + row["leaves_lots"], tuple(row)
        if order in live:
            found = _Live(row["filled_lots"], row["leaves_lots"], row["status"], row["price_ticks"])
            assert found == live[order], (tuple(row), live[order])
        else:
            status, left, reason, _ = lives.ends[order]
            assert (row["status"], row["reason"]) == (status, reason), (tuple(row), lives.ends[order])
            assert row["leaves_lots"] == left or (is_budget and status == "filled"), (tuple(row), lives.ends[order])


def _live(shards: Sequence[Any]) -> dict[int, _Live]:
    found = {}
    for shard in shards:
        orders = np.asarray(shard.orders)
        for slot in np.flatnonzero(orders["order_id"]):
            order, extra = orders[slot], np.asarray(shard.extras)[slot]
            leaves, place = int(order["leaves_lots"]), IN_BOOK
            if order["flags"] & F_EXTRA:
                place = int(extra["place"])
                leaves += int(extra["reserve_lots"]) if place == IN_BOOK else 0
            status = "open" if place in (IN_BOOK, IN_HIDDEN) else "waiting"
            told = _Live(int(order["filled_lots"]), leaves, status, int(order["price_ticks"]))
            found[int(order["order_id"])] = told
    return found


def _check_transfers(connection: sqlite3.Connection, records: Any) -> None:
    wanted, done = [], set()
    for record in records[records["kind"] == Kind.POSTING].view(np.ndarray).view(DETAILS):
        number, reason = int(record["number"]), Reason(int(record["reason"]))
        is_first = reason == Reason.NONE and number not in done
        if is_first:
            done.add(number)
        whole = [int(record[name]) for name in ("sequence", "timestamp_ns")]
        rest = [int(record[name]) for name in ("account", "target", "asset", "amount", "reference")]
        kind = PostingKind(int(record["posting_kind"])).name.lower()
        word = reason.name.lower() if reason else None
        asked = (int(record["source"]), int(record["request"]))
        wanted.append((*whole, kind, number, *rest, word, int(is_first), *asked))
    assert [tuple(row) for row in connection.execute("SELECT * FROM transfers ORDER BY sequence")] == wanted


def _check_definitions(connection: sqlite3.Connection, records: Any) -> None:
    accepted = records[records["reason"] == 0].view(np.ndarray)
    symbols = accepted[accepted["kind"] == Kind.SYMBOL].view(SYMBOL_DEFINITION)
    accounts = accepted[accepted["kind"] == Kind.ACCOUNT].view(ACCOUNT_DEFINITION)
    for table, name, definitions in (("symbols", "symbol", symbols), ("accounts", "account", accounts)):
        wanted = [(int(each[name]), int(each["sequence"]), each["name"].decode()) for each in definitions]
        found = connection.execute(f"SELECT {name}, sequence, name FROM {table} ORDER BY {name}").fetchall()  # noqa: S608
        assert [tuple(row) for row in found] == wanted, table
    assets = accepted[accepted["kind"] == Kind.ASSET].view(DETAILS)
    named = {int(each["asset"]): (each["asset_name"].decode(), int(each["decimals"])) for each in assets}
    rows = connection.execute("SELECT asset, name, decimals FROM assets").fetchall()
    assert {row["asset"]: (row["name"], row["decimals"]) for row in rows} == named

"""What the history says, in the words of the API: names, decimals and times."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from tradsys.decimals import format_units
from tradsys.errors import error
from tradsys.reading.times import format_time
from tradsys.records import CommandFlag
from workers.recorder.database import HistoryError, NoHistoryError, history_path, open_to_read

_BUDGET = int(CommandFlag.BUDGET)


class OrderRow(msgspec.Struct, frozen=True):
    """An order as it is, or ended. Of an order for an amount, quantity and leaves are money."""

    order_id: str
    client_order_id: str | None
    account: str
    symbol: str
    side: str
    type: str
    time_in_force: str
    price: str | None
    quantity: str
    filled: str
    leaves: str
    status: str
    reason: str | None
    placed: str | None
    """None: it rested when the history began."""
    changed: str
    log_sequence: int


class TradeRow(msgspec.Struct, frozen=True):
    """A trade. `side` is the aggressor's, None in an auction: there the buyer comes first."""

    trade_id: str
    time: str
    symbol: str
    side: str | None
    price: str
    quantity: str
    account: str
    order_id: str
    counter_account: str
    counter_order_id: str
    log_sequence: int


class TransferRow(msgspec.Struct, frozen=True):
    """A posting. Only one that `moved` something counts: a repeated one is answered as the first was."""

    id: str
    time: str
    kind: str
    account: str
    target: str
    asset: str
    amount: str
    reason: str | None
    moved: bool
    log_sequence: int


class HistoryReader:
    """The history of one data directory, for as long as it is read."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.row_factory = sqlite3.Row
        self._connection = connection
        scales = connection.execute("SELECT * FROM symbols").fetchall()
        self._scales = {row["symbol"]: row for row in scales}
        assert all(row["tick_units"] > 0 and row["lot_units"] > 0 for row in scales), "a tick and a lot are something"
        self._decimals = dict(connection.execute("SELECT asset, decimals FROM assets").fetchall())

    def reach(self) -> tuple[int, int]:
        """(the log sequence that it goes to, the one behind which it begins)."""
        row = self._connection.execute("SELECT sequence, begins FROM position").fetchone()
        if row is None:
            raise NoHistoryError("the history is empty yet: the recorder has just begun")
        assert 0 <= row["begins"] <= row["sequence"], "it goes forward"
        return int(row["sequence"]), int(row["begins"])

    def orders(self, account: str | None, symbol: str | None, limit: int) -> list[OrderRow]:
        """The newest orders first. Raises TradingError."""
        conditions = self._conditions(("account",), account, symbol)
        return [self._order(row) for row in self._rows("named_orders", conditions, "order_id DESC", limit)]

    def trades(self, account: str | None, symbol: str | None, limit: int) -> list[TradeRow]:
        """The newest trades first. Raises TradingError."""
        conditions = self._conditions(("account", "counter_account"), account, symbol)
        by = "log_sequence DESC, event DESC"
        return [self._trade(row) for row in self._rows("named_trades", conditions, by, limit)]

    def transfers(self, account: str | None, limit: int) -> list[TransferRow]:
        """The newest postings first. Raises TradingError."""
        conditions = self._conditions(("account", "target"), account, None)
        return [self._transfer(row) for row in self._rows("named_transfers", conditions, "sequence DESC", limit)]

    def _conditions(self, accounts: tuple[str, ...], account: str | None, symbol: str | None) -> dict[str, int]:
        """What must hold, as SQL, with the number that it asks for."""
        assert accounts, "somebody is concerned"
        found = {}
        if account is not None:
            number = self._number("account", account)
            found["(" + " OR ".join(f"{name} = ?1" for name in accounts) + ")"] = number
        if symbol is not None:
            found[f"symbol = ?{len(found) + 1}"] = self._number("symbol", symbol)
        return found

    def _number(self, what: str, name: str) -> int:
        assert what in {"account", "symbol"}, "a table of names"
        row = self._connection.execute(f"SELECT {what} FROM {what}s WHERE name = ?", (name,)).fetchone()  # noqa: S608
        if row is None:
            raise error(f"unknown_{what}", f"the history knows no {what} {name!r}")
        return int(row[0])

    def _rows(self, view: str, conditions: dict[str, int], by: str, limit: int) -> list[sqlite3.Row]:
        assert limit > 0, "something is asked for"
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        query = f"SELECT * FROM {view}{where} ORDER BY {by} LIMIT {limit}"  # noqa: S608
        return self._connection.execute(query, tuple(conditions.values())).fetchall()

    def _price(self, row: Any) -> str:
        scale = self._scales[row["symbol"]]
        return format_units(row["price_ticks"], scale["price_decimals"], scale["tick_units"])

    def _quantity(self, row: Any, lots: int, is_money: int = 0) -> str:
        assert lots >= 0, "of an order there is nothing or more"
        scale = self._scales[row["symbol"]]
        decimals, units = scale["quantity_decimals"], scale["lot_units"]
        if is_money:
            decimals, units = decimals + scale["price_decimals"], units * scale["tick_units"]
        return format_units(lots, decimals, units)

    def _order(self, row: Any) -> OrderRow:
        is_money = row["flags"] & _BUDGET
        return OrderRow(
            order_id=str(row["order_id"]),
            client_order_id=str(row["client_order_id"]) if row["client_order_id"] else None,
            account=row["account_name"],
            symbol=row["symbol_name"],
            side=row["side"],
            type=row["order_type"],
            time_in_force=row["time_in_force"],
            price=self._price(row) if row["price_ticks"] and row["order_type"] != "market" else None,
            quantity=self._quantity(row, row["quantity_lots"], is_money),
            filled=self._quantity(row, row["filled_lots"]),
            leaves=self._quantity(row, row["leaves_lots"], is_money),
            status=row["status"],
            reason=row["reason"],
            placed=format_time(row["placed_ns"]) if row["placed_ns"] else None,
            changed=format_time(row["changed_ns"]),
            log_sequence=row["changed_sequence"],
        )

    def _trade(self, row: Any) -> TradeRow:
        return TradeRow(
            trade_id=f"{row['symbol']}-{row['event']}",
            time=format_time(row["time_ns"]),
            symbol=row["symbol_name"],
            side=row["side"],
            price=self._price(row),
            quantity=self._quantity(row, row["quantity_lots"]),
            account=row["account_name"],
            order_id=str(row["order_id"]),
            counter_account=row["counter_account_name"],
            counter_order_id=str(row["counter_order_id"]),
            log_sequence=row["log_sequence"],
        )

    def _transfer(self, row: Any) -> TransferRow:
        """One that was refused may name what there is not."""
        return TransferRow(
            id=str(row["number"]),
            time=format_time(row["time_ns"]),
            kind=row["kind"],
            account=row["account_name"] or str(row["account"]),
            target=row["target_name"] or str(row["target"]),
            asset=row["asset_name"] or str(row["asset"]),
            amount=format_units(row["amount"], self._decimals.get(row["asset"], 0), 1),
            reason=row["reason"],
            moved=bool(row["moved"]),
            log_sequence=row["sequence"],
        )


@contextmanager
def reading(data_directory: Path) -> Iterator[HistoryReader]:
    """The history of a data directory. Raises NoHistoryError, HistoryError."""
    path = history_path(data_directory)
    try:
        with closing(open_to_read(path)) as connection:
            connection.execute("BEGIN")  # all is of one moment
            yield HistoryReader(connection)
    except sqlite3.Error as problem:
        raise HistoryError(f"{path} cannot be read: {problem}") from problem

"""The history on disk: what follows from a part of the log, and how far that goes, written in one transaction.

So each record of the log counts once, whatever dies when. Some earlier positions stay as checkpoints, the closer
together the later, for when the log turns out to be another one than the history followed: then the history goes back
to one that both have in common. Trades, transfers and definitions name the record that they come from, and those behind
it go. Of an order there is only its last state; so each transaction keeps, of those that it changes, the state before
(`orders_before`), until no checkpoint is as old.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tradsys.records import EventKind
from workers.recorder.database import HistoryError, damaged, open_to_write
from workers.recorder.orders import Order, Orders, row_of
from workers.recorder.rows import Row, Rows, trade_row

_NEWEST_KEPT = 16
_SPACING_MAX = 32
"""Of checkpoints: the oldest one is about 500 transactions old, which is longer than what level `memory` may lose."""
_BY_SEQUENCE = ("symbols", "accounts", "assets", "transfers")
_ORDER = ", ".join(Order.__struct_fields__)


class Place(NamedTuple):
    """A place in the log: a sequence that a frame ends with, the journal's chain there, each shard's last event."""

    sequence: int
    chain: int
    events: list[int]


class Checkpoint(NamedTuple):
    """How far the history was with a transaction, which are numbered."""

    number: int
    place: Place


class History:
    """The only writer of the file. Everything raises sqlite3.Error, and HistoryError where that is the file's fault."""

    def __init__(self, path: Path) -> None:
        """Open it, or make a new one, which has not begun."""
        self.path = path
        with self._blaming():
            self._connection = open_to_write(path)
        self._inode = path.stat().st_ino

    def close(self) -> None:
        """Let go of the file."""
        with suppress(sqlite3.Error):
            self._connection.close()

    def check_there(self) -> None:
        """Raises HistoryError when the file is not the one that has this name any more."""
        try:
            is_other = self.path.stat().st_ino != self._inode
        except FileNotFoundError:
            is_other = True
        if is_other:
            raise HistoryError(f"{self.path} was moved away; another one begins")

    @contextmanager
    def _blaming(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise damaged(self.path, error) or error from None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing."""
        connection = self._connection
        assert not connection.in_transaction, "one transaction at a time"
        with self._blaming():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")  # which SQLite may have done by itself
                raise

    # What there is.

    @property
    def venue(self) -> str:
        """The id of the venue that it is of; "" before it has begun."""
        return str(self._begun()[0])

    @property
    def begins(self) -> int:
        """The log sequence behind which everything is in it; 0: all of the log. Of what was before, only transfers."""
        return int(self._begun()[1])

    def _begun(self) -> Row:
        with self._blaming():
            row: Row | None = self._connection.execute("SELECT venue, begins FROM history").fetchone()
        return row or ("", 0)

    def checkpoints(self) -> list[Checkpoint]:
        """Where it may go on, the newest first: that is how far it is. None before it has begun."""
        with self._blaming():
            rows = self._connection.execute("SELECT * FROM checkpoints ORDER BY number DESC").fetchall()
        found = [Checkpoint(number, Place(sequence, chain, json.loads(told))) for number, sequence, chain, told in rows]
        assert bool(found) == bool(self.venue), "a history that has begun is somewhere"
        assert all(each.place.sequence >= self.begins for each in found), "nothing is before its beginning"
        return found

    # What is written.

    def begin(self, venue: str, place: Place, rows: Rows) -> None:
        """Begin with what there is at a place in the log, in the place of all that there was: `rows` has what rests."""
        assert venue, "a log is a venue's"
        assert place.sequence >= 0, "records are numbered from 1"
        with self._transaction() as connection:
            for table in (*_BY_SEQUENCE, "orders", "orders_before", "trades", "checkpoints", "history"):
                connection.execute(f"DELETE FROM {table}")  # noqa: S608
            connection.execute("INSERT INTO history VALUES (?, ?)", (venue, place.sequence))
            connection.executemany(_insert("orders", Order.__struct_fields__), map(row_of, rows.orders))
            self._write(connection, 1, rows)
            self._write_place(connection, 1, place)

    def record(self, rows: Rows, place: Place) -> None:
        """What the log says from the present position to `place`, which is the position then."""
        (number, before) = self._newest()
        assert place.sequence > before, "the log is followed forward"
        assert not rows.orders, "orders rest where a history begins"
        assert all(before < row[0] <= place.sequence for row in rows.transfers), "postings of this part of the log"
        with self._transaction() as connection:
            self._write(connection, number + 1, rows)
            self._write_place(connection, number + 1, place)

    def roll_back(self, to: Checkpoint) -> None:
        """Forget what came after a checkpoint."""
        sequence, number = to.place.sequence, to.number
        assert to in self.checkpoints(), "it goes back to where it was"
        assert sequence >= self.begins, "not to before it began"
        with self._transaction() as connection:
            for table in _BY_SEQUENCE:
                connection.execute(f"DELETE FROM {table} WHERE sequence > ?", (sequence,))  # noqa: S608
            connection.execute("DELETE FROM trades WHERE log_sequence > ?", (sequence,))
            connection.execute("DELETE FROM orders WHERE placed_sequence > ?", (sequence,))
            # As it was at the checkpoint: as the first transaction behind that found it. SQLite gives the row of MIN.
            connection.execute(
                f"INSERT OR REPLACE INTO orders ({_ORDER}) SELECT {_ORDER} FROM"  # noqa: S608
                f" (SELECT {_ORDER}, MIN(number) FROM orders_before WHERE number > ? GROUP BY order_id)"
                " WHERE placed_sequence <= ?",
                (number, sequence),
            )
            connection.execute("DELETE FROM orders_before WHERE number > ?", (number,))
            connection.execute("DELETE FROM checkpoints WHERE number > ?", (number,))
        assert self._newest() == (number, sequence), "it is where it went"

    def _newest(self) -> tuple[int, int]:
        """(number, log sequence) of the last transaction."""
        with self._blaming():
            row = self._connection.execute("SELECT number, sequence FROM checkpoints ORDER BY number DESC LIMIT 1")
            number, sequence = row.fetchone()
        assert number > 0, "transactions are numbered from 1"
        assert sequence >= 0, "records are numbered from 1"
        return number, sequence

    def _write(self, connection: sqlite3.Connection, number: int, rows: Rows) -> None:
        connection.executemany("INSERT INTO symbols VALUES (?, ?, ?, ?, ?, ?, ?)", rows.symbols)
        connection.executemany("INSERT INTO accounts VALUES (?, ?, ?)", rows.accounts)
        # An asset is defined again when it gets another value.
        connection.executemany("INSERT OR IGNORE INTO assets VALUES (?, ?, ?, ?)", rows.assets)
        # A posting that is sent again is answered as the first time, and moves nothing.
        connection.executemany(
            "INSERT INTO transfers SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10 IS NULL AND NOT EXISTS"
            " (SELECT 1 FROM transfers WHERE number = ?4 AND moved), ?11, ?12",
            rows.transfers,
        )
        orders, trades = Orders(self._order), []
        for shard, event in rows.told():
            orders.apply(event)
            if event.kind == EventKind.TRADE:
                trades.append(trade_row(shard, event))
        assert len(orders.before) <= len(orders.touched), "an order was there before at most once"
        before = _insert("orders_before", ("number", *Order.__struct_fields__))
        connection.executemany(before, ((number, *row_of(order)) for order in orders.before))
        connection.executemany(
            _insert("orders", Order.__struct_fields__, "INSERT OR REPLACE"), map(row_of, orders.touched)
        )
        connection.executemany("INSERT INTO trades VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", trades)

    def _order(self, order_id: int) -> Order | None:
        found = self._connection.execute(f"SELECT {_ORDER} FROM orders WHERE order_id = ?", (order_id,))  # noqa: S608
        row = found.fetchone()
        assert row is None or row[0] == order_id, "the order that is asked for"
        return None if row is None else Order(*row)

    def _write_place(self, connection: sqlite3.Connection, number: int, place: Place) -> None:
        row = (number, place.sequence, place.chain, json.dumps(place.events))
        connection.execute("INSERT INTO checkpoints VALUES (?, ?, ?, ?)", row)
        connection.execute(
            "DELETE FROM checkpoints WHERE ?1 - number >= ?2 * MIN(number & -number, ?3)",
            (number, _NEWEST_KEPT, _SPACING_MAX),
        )
        connection.execute("DELETE FROM orders_before WHERE number <= (SELECT MIN(number) FROM checkpoints)")


def _insert(table: str, columns: tuple[str, ...], how: str = "INSERT") -> str:
    assert columns, "a row has columns"
    return f"{how} INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"

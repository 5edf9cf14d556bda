"""The file of the history: its tables, how it is opened, and what is wrong with one that cannot be used.

In WAL mode readers and the recorder do not wait for each other. `synchronous` is FULL: whoever reads a position there,
to clear away the log before it, may rely on it after a loss of power too. That is one sync a transaction, some ten a
second at most.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tradsys.errors import InfrastructureError, OperatingError

RECORDER = "recorder"
VERSION = 1
_FILE = "history.sqlite3"
_PATIENCE_SECONDS = 5.0
_CACHE_KIB, _WAL_PAGES = 32 * 1024, 4096
"""More than SQLite's own: every trade goes into several indexes, of which any page may be next."""
_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
ASIDE = "move it aside, with its -wal and -shm: the recorder makes another one from the log and snapshots"

_TABLES = """
CREATE TABLE history (venue TEXT NOT NULL, begins INTEGER NOT NULL);
CREATE TABLE checkpoints (
    number INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, chain INTEGER NOT NULL, events TEXT NOT NULL
);
CREATE VIEW position AS
    SELECT sequence, chain, venue, begins FROM checkpoints, history ORDER BY number DESC LIMIT 1;
CREATE TABLE symbols (
    symbol INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, name TEXT NOT NULL,
    price_decimals INTEGER NOT NULL, tick_units INTEGER NOT NULL,
    quantity_decimals INTEGER NOT NULL, lot_units INTEGER NOT NULL
);
CREATE TABLE accounts (account INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, name TEXT NOT NULL);
CREATE TABLE assets (
    asset INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, name TEXT NOT NULL, decimals INTEGER NOT NULL
);
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, {order});
CREATE INDEX orders_of_account ON orders (account);
CREATE TABLE orders_before (number INTEGER, order_id INTEGER, {order}, PRIMARY KEY (order_id, number)) WITHOUT ROWID;
CREATE TABLE trades (
    shard INTEGER, event INTEGER, log_sequence INTEGER NOT NULL, time_ns INTEGER NOT NULL, symbol INTEGER NOT NULL,
    price_ticks INTEGER NOT NULL, quantity_lots INTEGER NOT NULL, side TEXT, flags INTEGER NOT NULL,
    order_id INTEGER NOT NULL, account INTEGER NOT NULL,
    counter_order_id INTEGER NOT NULL, counter_account INTEGER NOT NULL,
    source INTEGER NOT NULL, request INTEGER NOT NULL,
    PRIMARY KEY (shard, event)
) WITHOUT ROWID;
CREATE INDEX trades_by_sequence ON trades (log_sequence);
CREATE INDEX trades_of_account ON trades (account);
CREATE INDEX trades_of_counter_account ON trades (counter_account);
CREATE TABLE transfers (
    sequence INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL,
    account INTEGER NOT NULL, target INTEGER NOT NULL, asset INTEGER NOT NULL, amount INTEGER NOT NULL,
    reference INTEGER NOT NULL, reason TEXT, moved INTEGER NOT NULL, source INTEGER NOT NULL, request INTEGER NOT NULL
);
CREATE INDEX transfers_by_number ON transfers (number);
CREATE VIEW named_orders AS
    SELECT symbols.name AS symbol_name, accounts.name AS account_name, orders.*
    FROM orders LEFT JOIN symbols USING (symbol) LEFT JOIN accounts USING (account);
CREATE VIEW named_trades AS
    SELECT symbols.name AS symbol_name, mine.name AS account_name, other.name AS counter_account_name, trades.*
    FROM trades LEFT JOIN symbols USING (symbol) LEFT JOIN accounts AS mine ON mine.account = trades.account
    LEFT JOIN accounts AS other ON other.account = trades.counter_account;
CREATE VIEW named_transfers AS
    SELECT assets.name AS asset_name, mine.name AS account_name, other.name AS target_name, transfers.*
    FROM transfers LEFT JOIN assets USING (asset) LEFT JOIN accounts AS mine ON mine.account = transfers.account
    LEFT JOIN accounts AS other ON other.account = transfers.target;
"""
ORDER_COLUMNS = """
    client_order_id INTEGER NOT NULL, account INTEGER NOT NULL, symbol INTEGER NOT NULL,
    side TEXT NOT NULL, order_type TEXT NOT NULL, time_in_force TEXT NOT NULL, flags INTEGER NOT NULL,
    price_ticks INTEGER NOT NULL, trigger_ticks INTEGER NOT NULL, expires_ns INTEGER NOT NULL,
    quantity_lots INTEGER NOT NULL, filled_lots INTEGER NOT NULL, leaves_lots INTEGER NOT NULL,
    status TEXT NOT NULL, reason TEXT, waits_for INTEGER NOT NULL,
    placed_sequence INTEGER NOT NULL, placed_ns INTEGER NOT NULL,
    changed_sequence INTEGER NOT NULL, changed_ns INTEGER NOT NULL
"""


class HistoryError(OperatingError, InfrastructureError):
    """The history cannot be used; the message names the file and says what to do."""

    CODE = "history_unusable"


class NoHistoryError(OperatingError, InfrastructureError):
    """There is none; the message says how to have one."""

    CODE = "no_history"


def history_path(data_directory: Path) -> Path:
    """The file of a venue's history."""
    return data_directory / _FILE


def damaged(path: Path, error: sqlite3.Error) -> HistoryError | None:
    """What to say of an error that the file itself is to blame for; None of one that may pass."""
    if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _CORRUPT:
        return None
    return HistoryError(f"{path} is damaged ({error}); {ASIDE}")


def connect(file: Path | str) -> sqlite3.Connection:
    """A connection to a file or URI, of which transactions are begun and ended by hand. Raises sqlite3.Error."""
    return sqlite3.connect(file, _PATIENCE_SECONDS, isolation_level=None, uri=isinstance(file, str))


def open_to_write(path: Path) -> sqlite3.Connection:
    """A connection for its only writer; a new file gets its tables. Raises HistoryError, sqlite3.Error, OSError."""
    if not path.exists():
        path.touch(0o640)  # for the same eyes as the journal; SQLite gives its other files the same mode
    connection = connect(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
        if not _version(connection, path):
            # The version is set with the tables, or not at all.
            tables = _TABLES.format(order=ORDER_COLUMNS)
            connection.executescript(f"BEGIN IMMEDIATE; {tables} PRAGMA user_version = {VERSION}; COMMIT;")
    except BaseException as error:
        connection.close()
        raise (isinstance(error, sqlite3.Error) and damaged(path, error)) or error from None
    assert _version(connection, path) == VERSION, "the file has the tables of this version"
    return connection


def open_to_read(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing, beside the recorder or without. Raises NoHistoryError, HistoryError."""
    if not path.is_file():
        raise NoHistoryError(
            f"there is no {path}: no recorder has run there. Set history.enabled to true, and start the venue again"
        )
    try:
        connection = connect(f"{path.absolute().as_uri()}?mode=ro")
    except sqlite3.Error as error:
        raise HistoryError(f"{path} cannot be read: {error}") from error
    try:
        if not _version(connection, path):
            raise NoHistoryError(f"{path} is empty yet: the recorder has just begun")
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise damaged(path, error) or HistoryError(f"{path} cannot be read: {error}") from error
        raise
    return connection


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """0: a new file. Raises HistoryError for another version's, sqlite3.Error."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version not in (0, VERSION):
        raise HistoryError(f"{path} was written by another version (format {version}, not {VERSION}); {ASIDE}")
    assert isinstance(version, int), "SQLite keeps a whole number"
    return version

"""Rows of a ledger that another process may be writing: where they stand, and copies of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from shm.hashing import hash_pair
from tradsys.assets import Asset
from tradsys.ledger.layout import W_ASSETS, Ledger
from tradsys.ledger.positions import ACCOUNT_MASK, PLACES_A_LINE, SYMBOL_SHIFT

_COPIES_MAX = 1000

_hashes: Any = getattr(hash_pair, "py_func", hash_pair)
"""Not compiled: it takes arrays, and nothing waits for a compiler."""


def account_of(key: Any) -> Any:
    """The account in a position's key, or those in an array of keys."""
    return key & ACCOUNT_MASK


def symbol_of(key: Any) -> Any:
    """The symbol in a position's key, or those in an array of keys."""
    return key >> SYMBOL_SHIFT


def steady(copy: Callable[[], tuple[Any, ...]]) -> tuple[Any, ...]:
    """The arrays that `copy` gives, called until it gives the same twice in a row.

    Then each field is one that stood there, and what is written together, a few instructions apart, is of one moment
    unless the writer was stopped between for as long as both copies took. What never keeps still is given as last
    copied.
    """
    before = copy()
    for _ in range(_COPIES_MAX):
        copies = copy()
        if all(one.tobytes() == other.tobytes() for one, other in zip(before, copies, strict=True)):
            break
        before = copies
    return copies


def rows_of(table: Any, first: int, count: int) -> Any:
    """A copy of rows that stand side by side. Rows are each for themselves: what lies between two may have moved."""
    (rows,) = steady(lambda: (np.asarray(table)[first : first + count].copy(),))
    return rows


def row_of(table: Any, place: int) -> Any:
    """A copy of one row."""
    return rows_of(table, place, 1)[0]


def assets_of(ledger: Ledger) -> list[Asset]:
    """The assets that there are, by their numbers."""
    known = int(ledger.words[W_ASSETS])
    rows = rows_of(ledger.assets, 0, known + 1)
    return [Asset.from_row(number, rows[number]) for number in range(1, known + 1)]


def balances_of(ledger: Ledger, account: int) -> Any:
    """BALANCE of an account by asset number; row 0 is none's."""
    return rows_of(ledger.balances, *_balances(ledger, account))


def positions_of(ledger: Ledger, account: int) -> dict[int, Any]:
    """POSITION of an account by symbol, in their order."""
    (rows,) = steady(lambda: (np.asarray(ledger.positions)[_positions(ledger, account, _symbols(ledger))],))
    return _by_symbol(rows)


def position_in(ledger: Ledger, account: int, symbol: int) -> Any | None:
    """POSITION of an account in a symbol; None when it has none."""
    rows = _positions(ledger, account, np.array([symbol]))
    return row_of(ledger.positions, int(rows[0])) if len(rows) else None


def group_of(ledger: Ledger, group: int) -> Any | None:
    """GROUP of a trade group; None when there is nothing to say of it."""
    places = _places(ledger.groups, np.array([_hashes(group, 0)]), np.array([group]))
    return row_of(ledger.groups, int(places[0])) if len(places) else None


class Owned(NamedTuple):
    """All that belongs to an account at one moment, see `steady`."""

    account: Any  # ACCOUNT
    balances: Any  # BALANCE by asset number; row 0 is none's
    positions: dict[int, Any]  # POSITION by symbol, in their order


def owned_by(ledger: Ledger, account: int) -> Owned:
    """What an account is and owns."""
    first, count = _balances(ledger, account)

    def copy() -> tuple[Any, ...]:
        return (
            np.asarray(ledger.accounts)[account : account + 1].copy(),
            np.asarray(ledger.balances)[first : first + count].copy(),
            np.asarray(ledger.positions)[_positions(ledger, account, _symbols(ledger))],
        )

    row, balances, positions = steady(copy)
    return Owned(row[0], balances, _by_symbol(positions))


def _balances(ledger: Ledger, account: int) -> tuple[int, int]:
    """Where an account's balances begin, and how many there are: see tradsys.ledger.balances."""
    columns = len(ledger.assets)
    return account * columns, columns


def _positions(ledger: Ledger, account: int, symbols: Any) -> Any:
    """The rows of the positions that an account has in some of these symbols, in their order."""
    table = np.asarray(ledger.position_places)
    hashes = _hashes(symbols, account) << PLACES_A_LINE  # as the kernel looks for them: tradsys.ledger.positions
    return table["row"][_places(table, hashes, symbols << SYMBOL_SHIFT | account)]


def _symbols(ledger: Ledger) -> Any:
    return np.arange(1, len(ledger.contracts))


def _places(table: Any, hashes: Any, wanted: Any) -> Any:
    """Where a table has those of some keys that it has, looked for as shm.hashing.place_of does."""
    keys = np.asarray(table)["key"]
    mask = len(keys) - 1
    places = hashes & mask
    while True:
        found = keys[places]
        others = (found != 0) & (found != wanted)
        if not others.any():
            return places[found == wanted]
        places = np.where(others, (places + 1) & mask, places)


def _by_symbol(rows: Any) -> dict[int, Any]:
    return {int(symbol_of(row["key"])): row for row in rows}

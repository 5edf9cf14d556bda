"""Copies of rows of a ledger, and where an account's positions stand."""

from __future__ import annotations

import random

import numpy as np

from shm.arena import new_array
from tradsys.ledger.layout import Ledger, LedgerSize, carve
from tradsys.ledger.positions import position_row
from tradsys.reading.rows import (
    account_of,
    balances_of,
    group_of,
    owned_by,
    position_in,
    positions_of,
    steady,
    symbol_of,
)
from tradsys.risk.limits import group_row

ACCOUNTS, SYMBOLS = 40, 25


def crowded() -> tuple[Ledger, dict[int, set[int]]]:
    """A ledger whose table of positions is as full as it may be, made by the kernel, and the symbols by account."""
    ledger = carve(new_array, LedgerSize(accounts_max=ACCOUNTS, assets_max=3, symbols_max=SYMBOLS, positions=255))
    pairs = [(account, symbol) for account in range(1, ACCOUNTS + 1) for symbol in range(1, SYMBOLS + 1)]
    symbols: dict[int, set[int]] = {}
    for account, symbol in random.Random(7).sample(pairs, len(ledger.positions) - 1):
        row = position_row(ledger, account, symbol)
        ledger.positions.view(np.ndarray)["quantity"][row] = 1000 * account + symbol
        symbols.setdefault(account, set()).add(symbol)
    return ledger, symbols


def test_all_positions_of_an_account_are_found_and_no_others() -> None:
    ledger, symbols = crowded()
    assert len(ledger.positions) == 256
    for account in range(1, ACCOUNTS + 1):
        found = positions_of(ledger, account)
        expected = {symbol: 1000 * account + symbol for symbol in sorted(symbols.get(account, set()))}
        assert [(symbol, int(row["quantity"])) for symbol, row in found.items()] == list(expected.items())
        assert owned_by(ledger, account).positions.keys() == found.keys()
        assert {(account_of(int(row["key"])), symbol_of(int(row["key"]))) for row in found.values()} == {
            (account, symbol) for symbol in expected
        }


def test_one_position_and_one_group_are_found_by_their_keys() -> None:
    ledger, symbols = crowded()
    for account in (1, ACCOUNTS):
        for symbol in range(1, SYMBOLS + 1):
            row = position_in(ledger, account, symbol)
            found = None if row is None else int(row["quantity"])
            assert found == (1000 * account + symbol if symbol in symbols.get(account, set()) else None)
    numbers = [3, 7, (1 << 32) - 1]
    for number in numbers:
        ledger.groups.view(np.ndarray)["limits_row"][group_row(ledger, number)] = number % 100
    rows = [group_of(ledger, number) for number in (*numbers, 8)]
    assert [None if row is None else (int(row["key"]), int(row["limits_row"])) for row in rows] == [
        *((number, number % 100) for number in numbers),
        None,
    ]


def test_balances_are_those_of_the_account() -> None:
    ledger, _ = crowded()
    ledger.balances.view(np.ndarray)["available"] = np.arange(len(ledger.balances))
    assert balances_of(ledger, 5)["available"].tolist() == [20, 21, 22, 23]
    owned = owned_by(ledger, 5)
    assert owned.balances["available"].tolist() == [20, 21, 22, 23]
    ledger.accounts.view(np.ndarray)["open_orders"][5] = 9
    assert (int(owned.account["open_orders"]), int(owned_by(ledger, 5).account["open_orders"])) == (0, 9)


def test_what_is_being_written_is_copied_until_it_keeps_still() -> None:
    one, other = np.zeros(2, np.int64), np.zeros(1, np.int64)
    copies = 0

    def copy() -> tuple[np.ndarray, np.ndarray]:
        nonlocal copies
        copies += 1
        if copies <= 5:  # now the one, now the other is written
            (one if copies % 2 else other)[0] = copies
        return one.copy(), other.copy()

    first, second = steady(copy)
    assert (first.tolist(), second.tolist(), copies) == ([5, 0], [4], 6)


def test_what_never_keeps_still_is_given_as_last_copied() -> None:
    moving = np.zeros(1, np.int64)

    def copy() -> tuple[np.ndarray]:
        moving[0] += 1
        return (moving.copy(),)

    (last,) = steady(copy)
    assert last[0] == moving[0] > 100

"""Positions: what accounts have traded in a symbol, at what cost, and what closing it made.

The rule: docs/ledger.md, Positions.
"""

from __future__ import annotations

from typing import Any

from shm.atomics import prefetch, prefetch_all
from shm.hashing import hash_pair, place_of
from shm.integers import signed
from shm.jit import kernel
from tradsys.ledger.amounts import part_of
from tradsys.ledger.layout import W_POSITIONS, Ledger

SYMBOL_SHIFT = 32
"""Of a position's key."""
NO_ROOM = -1
"""Instead of a row: the table is full."""


ACCOUNT_MASK = (1 << SYMBOL_SHIFT) - 1
PLACES_A_LINE = 2
"""As bits. Looking begins at the first place of a cache line, and seldom goes beyond that line."""


@kernel
def account_of(key: int) -> int:
    """The account in a position's key."""
    return key & ACCOUNT_MASK


@kernel
def symbol_of(key: int) -> int:
    """The symbol in a position's key."""
    return key >> SYMBOL_SHIFT


@kernel
def _hashed(account: int, symbol: int) -> int:
    return hash_pair(symbol, account) << PLACES_A_LINE


@kernel
def ask_for_place(ledger: Ledger, account: int, symbol: int) -> None:
    """Start loading where an account's position is; any numbers will do."""
    prefetch(ledger.position_places, _hashed(account, symbol) & (len(ledger.position_places) - 1))


@kernel
def ask_for_position(ledger: Ledger, row: int) -> None:
    """Start loading a position; any row will do."""
    prefetch_all(ledger.positions, row)


@kernel
def position_of(ledger: Ledger, account: int, symbol: int) -> int:
    """The row of an account's position in a symbol; 0 when there is none."""
    places = ledger.position_places
    return signed(places[place_of(places, _hashed(account, symbol), symbol << SYMBOL_SHIFT | account)].row)


@kernel
def position_row(ledger: Ledger, account: int, symbol: int) -> int:
    """The row of an account's position in a symbol, made when there is none; NO_ROOM when it cannot be."""
    assert 0 < account <= ACCOUNT_MASK, "the account of a key begins where its symbol ends"
    assert symbol > 0, "a key of 0 would be a free place"
    key = symbol << SYMBOL_SHIFT | account
    place = ledger.position_places[place_of(ledger.position_places, _hashed(account, symbol), key)]
    if place.key == key:
        return signed(place.row)
    row = ledger.words[W_POSITIONS] + 1
    if row == len(ledger.positions):
        return signed(NO_ROOM)
    assert 0 < row < len(ledger.positions), "a row of the table"
    assert place.key == 0, "a position that is not found has a free place"
    assert ledger.positions[row].key == 0, "rows are used from the first on, each for one position"
    ledger.words[W_POSITIONS] = row
    ledger.positions[row].key = key
    place.key = key
    place.row = row
    return signed(row)


@kernel
def trade(position: Any, is_buy: bool, lots: int, notional: int, fee: int) -> None:
    """What a trade of the position's account changes in it."""
    assert lots > 0, "a trade moves something"
    assert notional >= 0, "prices of a settled symbol are from 0"
    assert position.quantity >= 0 or position.cost <= 0, "opening what is short brought in its cost"
    assert position.quantity <= 0 or position.cost >= 0, "what is long was paid for"
    position.fees += fee
    position.turnover += notional
    sign = signed(1) if is_buy else signed(-1)
    quantity = signed(position.quantity)
    if quantity * sign >= 0:
        position.quantity += sign * lots
        position.cost += sign * notional
        return
    open_lots = abs(quantity)
    closed = min(open_lots, lots)
    # Of a short position cost is negative: what opening it brought in. Either the trade closes all of the position, or
    # the position takes all of the trade: only of the other there is a part to be found.
    share, value = abs(signed(position.cost)), notional
    is_all_of_trade = lots < open_lots
    part = part_of(share if is_all_of_trade else value, closed, open_lots if is_all_of_trade else lots)
    if is_all_of_trade:
        share = part
    else:
        value = part
    position.realised += value - share if quantity > 0 else share - value
    assert 0 <= value <= max(notional, signed(0)), "what closes is a part of the trade"
    position.cost += share * sign
    position.quantity += sign * closed
    assert position.quantity != 0 or position.cost == 0, "a position that is closed has no cost"
    rest = lots - closed
    if rest > 0:
        position.quantity = sign * rest
        position.cost = sign * (notional - value)

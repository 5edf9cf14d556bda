"""Positions: what accounts have traded in a symbol, at what cost, and what closing it made.

The rule: docs/ledger.md, Positions.
"""

from __future__ import annotations

from typing import Any

from shm.atomics import prefetch_all
from shm.hashing import hash_pair, place_of
from shm.integers import signed
from shm.jit import kernel
from tradsys.ledger.amounts import part_of
from tradsys.ledger.layout import W_POSITIONS, Ledger

NO_ROOM = -1
"""Instead of a row: the table is full."""


@kernel
def ask_for_position(ledger: Ledger, account: int, symbol: int) -> None:
    """Start loading an account's position; any numbers will do."""
    prefetch_all(ledger.positions, hash_pair(symbol, account) & (len(ledger.positions) - 1))


@kernel
def position_row(ledger: Ledger, account: int, symbol: int) -> int:
    """The row of an account's position in a symbol, made when there is none; NO_ROOM when it cannot be."""
    positions = ledger.positions
    key = symbol << 32 | account
    row = place_of(positions, hash_pair(symbol, account), key)
    if positions[row].key == key:
        return row
    if 2 * (ledger.words[W_POSITIONS] + 1) > len(positions):
        return signed(NO_ROOM)
    ledger.words[W_POSITIONS] += 1
    positions[row].key = key
    return row


@kernel
def trade(position: Any, is_buy: bool, lots: int, notional: int, fee: int) -> None:
    """What a trade of the position's account changes in it."""
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
    # Of a short position cost is negative: what opening it brought in.
    share = part_of(abs(signed(position.cost)), closed, open_lots)
    value = part_of(notional, closed, lots)
    position.realised += value - share if quantity > 0 else share - value
    position.cost += share * sign
    position.quantity += sign * closed
    rest = lots - closed
    if rest > 0:
        position.quantity = sign * rest
        position.cost = sign * (notional - value)

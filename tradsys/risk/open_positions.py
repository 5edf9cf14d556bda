"""Which positions of an account are not 0. The rule: docs/risk.md, What is counted.

A check of the account's loss looks at all of them. So what it needs stands beside the account for the first OPEN_NEAR
of them, as copies that can be asked for at once; only what is beyond, and what is too large for a copy, is a list of
positions, each found through the one before.
"""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.layout import ACCOUNT_ENTRIES, OPEN_NEAR, Ledger
from tradsys.ledger.positions import position_of, symbol_of

_SMALL = (1 << 31) - 1
"""Lots: a larger position is not among the near ones."""


@kernel
def first_of(number: int) -> int:
    """Where the near ones of an account begin."""
    return number * ACCOUNT_ENTRIES + ACCOUNT_ENTRIES - OPEN_NEAR


@kernel_entry
def _leave_near(ledger: Ledger, number: int, position: Any) -> None:
    """A position that stands with the near ones does no longer: the last of them takes its place."""
    account, first = ledger.accounts[number], first_of(number)
    assert 1 <= signed(position.open_place) <= signed(account.open_near) <= OPEN_NEAR, "the position is among them"
    account.open_near = signed(account.open_near) - 1
    last = ledger.open_positions[first + signed(account.open_near)]
    if signed(position.open_place) != signed(account.open_near) + 1:
        ledger.open_positions[first + signed(position.open_place) - 1] = last
        ledger.positions[position_of(ledger, number, signed(last.symbol))].open_place = position.open_place
    position.open_place = 0


@kernel_entry
def _enter_far(ledger: Ledger, account: Any, row: int) -> None:
    """A position is not 0, and has no place with the near ones."""
    positions = ledger.positions
    assert row != account.open_far, "a position is in the list once"
    assert positions[row].previous == 0, "and nobody is before it yet"
    assert positions[row].open_place == 0, "who is in the list has no place with the near ones"
    positions[row].next = account.open_far
    if account.open_far != 0:
        positions[account.open_far].previous = row
    account.open_far = row


@kernel_entry
def _leave_far(ledger: Ledger, account: Any, position: Any) -> None:
    """A position in the list is 0."""
    positions = ledger.positions
    assert position.previous != 0 or position.key == positions[account.open_far].key, "the first of the list"
    if position.previous != 0:
        positions[position.previous].next = position.next
    else:
        account.open_far = position.next
    if position.next != 0:
        positions[position.next].previous = position.previous
    position.next = 0
    position.previous = 0


@kernel
def keep_open(ledger: Ledger, number: int, row: int, was_open: bool) -> None:
    """A position of an account has changed."""
    account, position = ledger.accounts[number], ledger.positions[row]
    quantity = signed(position.quantity)
    is_small = abs(quantity) <= _SMALL
    if position.open_place != 0:
        if quantity == 0 or not is_small:
            _leave_near(ledger, number, position)
            if quantity != 0:
                _enter_far(ledger, account, row)
            return
    elif was_open:
        if quantity == 0:
            _leave_far(ledger, account, position)
        return
    elif quantity == 0:
        return
    elif not is_small or account.open_near == OPEN_NEAR:
        _enter_far(ledger, account, row)
        return
    else:
        account.open_near = signed(account.open_near) + 1
        assert account.open_near <= OPEN_NEAR, "an account has room for so many"
        position.open_place = account.open_near
    entry = ledger.open_positions[first_of(number) + signed(position.open_place) - 1]
    entry.symbol = symbol_of(signed(position.key))
    entry.quantity = quantity
    entry.cost = position.cost

"""Which positions of an account are not 0. The rule: docs/risk.md, What is counted.

A check of the account's loss looks at all of them. So what it needs stands side by side for the first OPEN_NEAR of
them, as copies that can be asked for at once; only what is beyond is a list of positions, each found through the one
before.
"""

from __future__ import annotations

from typing import Any

from shm.atomics import prefetch
from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.layout import OPEN_NEAR, Ledger

_SYMBOL_SHIFT = 32
"""Of a position's key."""
_ENTRIES_A_LINE = 3
"""An entry of each cache line: the first, and every third from there."""


@kernel
def ask_for_open_positions(ledger: Ledger, account: int) -> None:
    """Start loading the copies of an account's open positions; any number will do."""
    for entry in range(0, OPEN_NEAR, _ENTRIES_A_LINE):
        prefetch(ledger.open_positions, account * OPEN_NEAR + entry)


@kernel_entry
def _leave_near(ledger: Ledger, account: Any, first: int, position: Any) -> None:
    """A position that stands with the near ones is 0: the last of them takes its place."""
    account.open_near = signed(account.open_near) - 1
    last = ledger.open_positions[first + signed(account.open_near)]
    if signed(position.open_place) != signed(account.open_near) + 1:
        ledger.open_positions[first + signed(position.open_place) - 1] = last
        ledger.positions[last.row].open_place = position.open_place
    position.open_place = 0


@kernel_entry
def _enter_far(ledger: Ledger, account: Any, row: int) -> None:
    """A position that is not 0 any more, and there is no place with the near ones."""
    positions = ledger.positions
    positions[row].next = account.open_far
    if account.open_far != 0:
        positions[account.open_far - 1].previous = row + 1
    account.open_far = row + 1


@kernel_entry
def _leave_far(ledger: Ledger, account: Any, position: Any) -> None:
    """A position in the list is 0."""
    positions = ledger.positions
    if position.previous != 0:
        positions[position.previous - 1].next = position.next
    else:
        account.open_far = position.next
    if position.next != 0:
        positions[position.next - 1].previous = position.previous
    position.next = 0
    position.previous = 0


@kernel
def keep_open(ledger: Ledger, number: int, row: int, was_open: bool) -> None:
    """A position of an account has changed."""
    account, position = ledger.accounts[number], ledger.positions[row]
    first = number * OPEN_NEAR
    is_open = position.quantity != 0
    if is_open and not was_open:
        if account.open_near == OPEN_NEAR:
            _enter_far(ledger, account, row)
            return
        entry = ledger.open_positions[first + signed(account.open_near)]
        account.open_near = signed(account.open_near) + 1
        entry.row = row
        entry.symbol = signed(position.key) >> _SYMBOL_SHIFT
        position.open_place = account.open_near
    elif was_open and not is_open:
        if position.open_place != 0:
            _leave_near(ledger, account, first, position)
        else:
            _leave_far(ledger, account, position)
    if position.open_place != 0:
        entry = ledger.open_positions[first + signed(position.open_place) - 1]
        entry.quantity = position.quantity
        entry.cost = position.cost

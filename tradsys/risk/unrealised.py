"""What an account's open positions would make at the marks of now. The rule: docs/risk.md, What is counted.

An account's positions that are not 0 are a list, so that they can be walked.
"""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.layout import Ledger
from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.ledger.values import value_of
from tradsys.risk.sums import PART, PART_BITS, bounded, joined

_SYMBOL_SHIFT = 32


@kernel
def keep_listed(ledger: Ledger, account: Any, row: int, was_open: bool) -> None:
    """A position has changed: it is in its account's list when it is not 0."""
    positions = ledger.positions
    position = positions[row]
    if was_open == (position.quantity != 0):
        return
    if was_open:
        if position.previous != 0:
            positions[position.previous - 1].next = position.next
        else:
            account.open_positions = position.next
        if position.next != 0:
            positions[position.next - 1].previous = position.previous
        position.next = 0
        position.previous = 0
        return
    position.next = account.open_positions
    if account.open_positions != 0:
        positions[account.open_positions - 1].previous = row + 1
    account.open_positions = row + 1


@kernel
def _worth(contract: Any, mark_ticks: int, quantity: int) -> int:
    """What a quantity would bring in quote units, rounded down; below 0 for what would have to be bought."""
    spent = signed(AMOUNT_MAX)
    if mark_ticks == 0 or abs(quantity) <= contract.notional_max // mark_ticks:
        spent = mark_ticks * abs(quantity) * contract.numerator
    return (spent if quantity > 0 else -spent) // signed(contract.divisor)


@kernel_entry
def unrealised_of(ledger: Ledger, account: Any) -> int:
    """The value of all its open positions at the marks of now, less their cost."""
    low, high = signed(0), signed(0)
    link = signed(account.open_positions)
    while link != 0:
        position = ledger.positions[link - 1]
        symbol = signed(position.key) >> _SYMBOL_SHIFT
        contract = ledger.contracts[symbol]
        mark = max(signed(ledger.symbols[symbol].mark_ticks), signed(0))
        profit = bounded(_worth(contract, mark, signed(position.quantity)) - position.cost)
        value = value_of(ledger, signed(contract.quote), profit)
        low += value & PART
        high += value >> PART_BITS
        link = signed(position.next)
    return joined(high, low)

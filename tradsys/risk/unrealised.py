"""What an account's open positions would make at the marks of now. The rule: docs/risk.md, What is counted."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.amounts import product_is_above
from tradsys.ledger.contracts import rounded_down
from tradsys.ledger.layout import Ledger
from tradsys.ledger.positions import symbol_of
from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.ledger.values import value_of
from tradsys.risk.open_positions import first_of
from tradsys.risk.sums import PART, PART_BITS, joined


@kernel
def _worth(contract: Any, mark_ticks: int, quantity: int) -> int:
    """What a quantity would bring in quote units, rounded down; below 0 for what would have to be bought."""
    if product_is_above(abs(quantity), mark_ticks, signed(contract.notional_max)):
        return rounded_down(contract, signed(AMOUNT_MAX) if quantity > 0 else -signed(AMOUNT_MAX))
    return rounded_down(contract, mark_ticks * quantity * contract.numerator)


@kernel
def _value(ledger: Ledger, symbol: int, quantity: int, cost: int) -> int:
    """The value of what closing a position at the mark would make."""
    contract = ledger.contracts[symbol]
    mark = max(signed(ledger.symbols[symbol].mark_ticks), signed(0))
    return value_of(ledger, signed(contract.quote), _worth(contract, mark, quantity) - cost)


@kernel_entry
def unrealised_of(ledger: Ledger, number: int) -> int:
    """The value of all open positions of an account at the marks of now, less their cost."""
    account = ledger.accounts[number]
    low, high = signed(0), signed(0)
    first = first_of(number)
    for place in range(first, first + signed(account.open_near)):
        entry = ledger.open_positions[place]
        value = _value(ledger, signed(entry.symbol), signed(entry.quantity), signed(entry.cost))
        low += value & PART
        high += value >> PART_BITS
    link = signed(account.open_far)
    while link != 0:
        position = ledger.positions[link]
        symbol = symbol_of(signed(position.key))
        value = _value(ledger, symbol, signed(position.quantity), signed(position.cost))
        low += value & PART
        high += value >> PART_BITS
        link = signed(position.next)
    return joined(high, low)

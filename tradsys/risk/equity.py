"""What an account owns. The rule: docs/risk.md, LEVERAGE_LIMIT."""

from __future__ import annotations

from shm.integers import signed
from shm.jit import kernel_entry
from tradsys.ledger.balances import balance_of
from tradsys.ledger.layout import W_ASSETS, Ledger
from tradsys.ledger.values import value_of
from tradsys.risk.sums import PART, PART_BITS, joined


@kernel_entry
def equity_of(ledger: Ledger, account: int) -> int:
    """The value of all its balances, what is available and what is held."""
    low, high = signed(0), signed(0)
    for asset in range(1, ledger.words[W_ASSETS] + 1):
        balance = balance_of(ledger, account, asset)
        value = value_of(ledger, signed(asset), balance.available + balance.held)
        low += value & PART
        high += value >> PART_BITS
    return joined(high, low)

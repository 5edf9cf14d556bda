"""Balances: what an account has available and what it holds of each asset."""

from __future__ import annotations

from typing import Any

from shm.jit import kernel
from tradsys.ledger.layout import Ledger


@kernel
def columns_of(ledger: Ledger) -> int:
    """Balances of one account, one behind the other: its asset 0, which is none, and all assets there can be."""
    return len(ledger.assets)


@kernel
def balance_of(ledger: Ledger, account: int, asset: int) -> Any:
    """The balance of an account that exists in an asset that exists."""
    return ledger.balances[account * columns_of(ledger) + asset]


@kernel
def has_account(ledger: Ledger, account: int) -> bool:
    """Whether there is an account of that number."""
    return 0 < account < len(ledger.accounts) and ledger.accounts[account].kind != 0


@kernel
def take(ledger: Ledger, account: int, asset: int, amount: int, floor: int) -> bool:
    """Hold an amount; False, and nothing done, when less than the floor would be available."""
    assert amount >= 0, "an order holds something or nothing"
    balance = balance_of(ledger, account, asset)
    if balance.available - floor < amount:
        return False
    balance.available -= amount
    balance.held += amount
    assert balance.available >= floor, "what must stay available does"
    return True

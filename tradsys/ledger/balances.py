"""Balances: what an account has available and what it holds of each asset."""

from __future__ import annotations

from typing import Any

from shm.jit import kernel
from tradsys.ledger.layout import Ledger
from tradsys.ledger.terms import AMOUNT_MAX


@kernel
def columns_of(ledger: Ledger) -> int:
    """Balances of one account, one behind the other: its asset 0, which is none, and all assets there can be."""
    return len(ledger.assets)


@kernel
def balance_of(ledger: Ledger, account: int, asset: int) -> Any:
    """The balance of an account that exists in an asset that exists."""
    assert 0 < account < len(ledger.accounts), "an account has a number from 1"
    assert 0 < asset < columns_of(ledger), "an asset has a number from 1: else the balance would be another account's"
    return ledger.balances[account * columns_of(ledger) + asset]


@kernel
def has_account(ledger: Ledger, account: int) -> bool:
    """Whether there is an account of that number."""
    return 0 < account < len(ledger.accounts) and ledger.accounts[account].kind != 0


@kernel
def take(ledger: Ledger, account: int, asset: int, amount: int, floor: int) -> bool:
    """Hold an amount; False, and nothing done, when less than the floor would be available."""
    assert 0 <= amount <= AMOUNT_MAX, "an order holds nothing or an amount"
    assert floor <= 0, "no more must stay than nothing"
    balance = balance_of(ledger, account, asset)
    if balance.available - floor < amount:
        return False
    balance.available -= amount
    balance.held += amount
    assert balance.available >= floor, "what must stay available does"
    assert balance.held >= amount, "nothing that was held before was less than nothing"
    return True

"""Which fee schedule an order has. The rule: docs/ledger.md, Fees."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel
from tradsys.ledger.layout import FEE_CLASSES, FEE_TIERS, Ledger
from tradsys.ledger.volumes import volume_of


@kernel
def schedule_row(symbol: int, fee_class: int, tier: int) -> int:
    """The row of a schedule, defined or not; those of the tiers below stand before it."""
    assert symbol >= 0, "a symbol, or 0 for all without a schedule of their own"
    assert 0 <= fee_class < FEE_CLASSES, "a fee class: else the row would be another symbol's"
    assert 0 <= tier < FEE_TIERS, "a fee tier: else the row would be another class's"
    return (symbol * FEE_CLASSES + fee_class) * FEE_TIERS + tier


@kernel
def tier_at(ledger: Ledger, volume: int) -> int:
    """The greatest fee tier that a volume reaches."""
    assert volume >= 0, "nobody trades less than nothing"
    tier = signed(0)
    while tier + 1 < FEE_TIERS and ledger.tiers[tier + 1] != 0 and volume >= ledger.tiers[tier + 1]:
        tier += 1
    return tier


@kernel
def tier_of(ledger: Ledger, account: int) -> int:
    """The fee tier of an account today."""
    return tier_at(ledger, volume_of(ledger, account)) if ledger.tiers[1] != 0 else signed(0)


@kernel
def _greatest_defined(ledger: Ledger, symbol: int, fee_class: int, tier: int) -> int:
    """The row of the greatest tier up to this one that is defined, or of tier 0."""
    row = schedule_row(symbol, fee_class, tier)
    while tier > 0 and ledger.schedules[row].defined == 0:
        tier -= 1
        row -= 1
    assert row == schedule_row(symbol, fee_class, tier), "tier and row go down together"
    return row


@kernel
def schedule_at(ledger: Ledger, account: int, symbol: int, tier: int) -> Any:
    """The schedule of an account's orders when it has this tier; all 0 where there is none."""
    fee_class = signed(ledger.accounts[account].fee_class)
    assert symbol < len(ledger.contracts), "a symbol that there can be"
    row = _greatest_defined(ledger, symbol, fee_class, tier)
    if ledger.schedules[row].defined == 0:
        row = _greatest_defined(ledger, signed(0), fee_class, tier)
    return ledger.schedules[row]


@kernel
def schedule_of(ledger: Ledger, account: int, symbol: int) -> Any:
    """The schedule of an order that is decided now."""
    return schedule_at(ledger, account, symbol, tier_of(ledger, account))

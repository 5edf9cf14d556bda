"""What amounts are worth in the venue's unit of account. The rule: docs/risk.md, Units."""

from __future__ import annotations

from shm.integers import signed
from shm.jit import kernel
from tradsys.ledger.amounts import fits
from tradsys.ledger.layout import Ledger
from tradsys.ledger.terms import AMOUNT_MAX


@kernel
def _value(amount: int, numerator: int, divisor: int, rounding: int) -> int:
    """Of an amount from 0; `rounding` is added before the division."""
    if fits(amount, numerator):
        return min((amount * numerator + rounding) // divisor, signed(AMOUNT_MAX))
    whole = amount // divisor
    if numerator != 0 and whole > AMOUNT_MAX // numerator:
        return signed(AMOUNT_MAX)
    return min(whole * numerator + (amount % divisor * numerator + rounding) // divisor, signed(AMOUNT_MAX))


@kernel
def value_of(ledger: Ledger, asset: int, amount: int) -> int:
    """The value of an amount of an asset, rounded up (towards plus infinity), within AMOUNT_MAX of 0."""
    row = ledger.assets[asset]
    numerator, divisor = signed(row.value_numerator), signed(row.value_divisor)
    if numerator == divisor:
        return amount
    if amount >= 0:
        return _value(amount, numerator, divisor, divisor - 1)
    return -_value(-amount, numerator, divisor, signed(0))

"""What amounts are worth in the venue's unit of account. The rule: docs/risk.md, Units."""

from __future__ import annotations

from shm.division import divided
from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.amounts import fits
from tradsys.ledger.layout import Ledger
from tradsys.ledger.terms import AMOUNT_MAX


@kernel
def value_of(ledger: Ledger, asset: int, amount: int) -> int:
    """The value of an amount of an asset, rounded up (towards plus infinity); both count as within AMOUNT_MAX of 0."""
    row = ledger.assets[asset]
    numerator, divisor, reciprocal = (
        signed(row.value_numerator),
        signed(row.value_divisor),
        signed(row.value_reciprocal),
    )
    assert divisor > 0, "an asset that is defined"
    if fits(abs(amount), numerator):
        value = divided(amount * numerator + divisor - 1, divisor, reciprocal)
    else:
        value = _long_value(amount, numerator, divisor, reciprocal)
    assert value >= 0 if amount >= 0 else value <= 0, "a value has the sign of its amount"
    assert -AMOUNT_MAX <= value <= AMOUNT_MAX, "what fits, and is divided by 1 or more, is an amount"
    return value


@kernel_entry
def _long_value(amount: int, numerator: int, divisor: int, reciprocal: int) -> int:
    """The same where the product may not fit."""
    assert numerator > 0, "what is worth nothing always fits"
    amount = min(max(amount, signed(-AMOUNT_MAX)), signed(AMOUNT_MAX))
    whole = divided(amount, divisor, reciprocal)
    rest = amount - whole * divisor
    most = AMOUNT_MAX // numerator + 2  # with what the rest adds, which is up to one numerator, still too much
    value = min(max(whole, -most), most) * numerator + divided(rest * numerator + divisor - 1, divisor, reciprocal)
    return min(max(value, signed(-AMOUNT_MAX)), signed(AMOUNT_MAX))

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
    """The value of an amount of an asset, rounded up (towards plus infinity), within AMOUNT_MAX of 0."""
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
    return min(max(value, signed(-AMOUNT_MAX)), signed(AMOUNT_MAX))


@kernel_entry
def _long_value(amount: int, numerator: int, divisor: int, reciprocal: int) -> int:
    """The same where the product may not fit; perhaps beyond AMOUNT_MAX."""
    assert numerator > 0, "what is worth nothing always fits"
    whole = divided(amount, divisor, reciprocal)
    rest = amount - whole * divisor
    most = AMOUNT_MAX // numerator + 1
    return min(max(whole, -most), most) * numerator + divided(rest * numerator + divisor - 1, divisor, reciprocal)

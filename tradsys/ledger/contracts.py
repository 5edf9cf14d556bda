"""What prices and lots of a settled symbol are in units of its quote asset. The rule: docs/ledger.md, Units.

A price in ticks times lots times the contract's numerator, over its divisor: both functions get that product, which is
within AMOUNT_MAX of 0.
"""

from __future__ import annotations

from typing import Any

from shm.division import divided
from shm.integers import signed
from shm.jit import kernel
from tradsys.ledger.terms import AMOUNT_MAX


@kernel
def rounded_down(contract: Any, product: int) -> int:
    """In quote units, rounded towards minus infinity."""
    assert -AMOUNT_MAX <= product <= AMOUNT_MAX, "price, lots and numerator make an amount"
    return divided(product, signed(contract.divisor), signed(contract.reciprocal))


@kernel
def rounded_up(contract: Any, product: int) -> int:
    """In quote units, rounded towards plus infinity."""
    assert -AMOUNT_MAX <= product <= AMOUNT_MAX, "price, lots and numerator make an amount"
    return divided(product + signed(contract.divisor) - 1, signed(contract.divisor), signed(contract.reciprocal))

"""Exact division by a number that seldom changes, without the processor's slow division and without a branch.

For a divisor d, the l bits that d - 1 has, and m = ceil(2**(63 + l) / d), n // d is n m // 2**(63 + l) for every n from
0 to 2**63 - 1: Granlund and Montgomery, "Division by Invariant Integers using Multiplication", 1994, theorem 4.2.
"""

from __future__ import annotations

import numpy as np

from shm.atomics import leading_zeros, scaled
from shm.integers import signed
from shm.jit import kernel, kernel_entry


@kernel
def _bits(divisor: int) -> int:
    return 64 - leading_zeros(divisor - 1)


@kernel_entry
def reciprocal_of(divisor: int) -> int:
    """The m of a divisor, which is above 0 and below 2**62: to be kept beside it. As an unsigned number."""
    assert 0 < divisor < signed(1) << 62, "a divisor that amounts are divided by"
    # 2**(63 + l) - 1 over d, bit by bit, and one more.
    rest = (signed(1) << _bits(divisor)) - 1
    quotient = signed(rest >= divisor)
    rest -= quotient * divisor
    for _ in range(63):
        rest = 2 * rest + 1
        bit = signed(rest >= divisor)
        rest -= bit * divisor
        quotient = quotient << 1 | bit
    return signed(np.uint64(quotient) + np.uint64(1))


def reciprocal_of_constant(divisor: int) -> int:
    """The same for a number that the program names; no kernel."""
    assert 0 < divisor < 1 << 62, "a divisor that amounts are divided by"
    reciprocal = -((-1 << 63 + (divisor - 1).bit_length()) // divisor)
    assert reciprocal >> 64 == 0, "it has a word's bits"
    return reciprocal - (reciprocal >> 63 << 64)


@kernel
def divided(amount: int, divisor: int, reciprocal: int) -> int:
    """`amount / divisor` rounded towards minus infinity, for any amount."""
    sign = amount >> 63  # 0 or -1: the complement of a number below 0 is from 0 on, and so is that of its quotient
    quotient = scaled((amount ^ sign) << 1, reciprocal, _bits(divisor)) ^ sign
    assert 0 <= amount - quotient * divisor < divisor, "the reciprocal is that of the divisor"
    return quotient

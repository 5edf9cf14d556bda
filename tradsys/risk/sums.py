"""Sums of amounts that are exact however great they get, shown as at most AMOUNT_MAX.

Such a sum is two fields: what is left of it, from 0 to AMOUNT_MAX, and how often AMOUNT_MAX + 1 is beside.
"""

from __future__ import annotations

from shm.integers import signed
from shm.jit import kernel
from tradsys.ledger.amounts import fits
from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.risk.terms import SHARE_MAX

_BITS = 62
"""AMOUNT_MAX + 1 is 2**62."""
PART_BITS = 31
PART = (1 << PART_BITS) - 1


@kernel
def rest_of(amount: int) -> int:
    """What is left of a sum's first field after it has changed by at most AMOUNT_MAX."""
    return amount & AMOUNT_MAX


@kernel
def over_of(amount: int) -> int:
    """By how much its second field changes then."""
    return amount >> _BITS


@kernel
def shown(amount: int, over: int) -> int:
    """The sum, at most AMOUNT_MAX."""
    assert 0 <= amount <= AMOUNT_MAX, "what is left is less than what is counted beside"
    return signed(AMOUNT_MAX) if over > 0 else amount


@kernel
def shown_with(amount: int, over: int, change: int) -> int:
    """The sum if it changed by so much, at most AMOUNT_MAX."""
    return shown(rest_of(amount + change), over + over_of(amount + change))


@kernel
def joined(high: int, low: int) -> int:
    """Of a sum taken in two parts, each amount's `>> PART_BITS` and its `& PART`: the whole, within AMOUNT_MAX of 0."""
    assert low >= 0, "lower parts are parts from 0"
    high += low >> PART_BITS
    most = signed(1) << (_BITS - PART_BITS)
    if high >= most:
        return signed(AMOUNT_MAX)
    if high < -most:
        return signed(-AMOUNT_MAX)
    return bounded((high << PART_BITS) + (low & PART))


@kernel
def share_of(amount: int, part: int, whole: int) -> int:
    """`amount * part / whole` rounded down, at most AMOUNT_MAX; `amount` from 0, `part` at most SHARE_MAX."""
    assert amount >= 0, "a share of what there is"
    assert 0 <= part <= SHARE_MAX, "parts that do not overflow"
    if fits(amount, part):
        return amount * part // whole
    quotient = amount // whole
    if not fits(quotient, part) and quotient > AMOUNT_MAX // part:
        return signed(AMOUNT_MAX)
    return min(quotient * part + amount % whole * part // whole, signed(AMOUNT_MAX))


@kernel
def bounded(amount: int) -> int:
    """At most AMOUNT_MAX, and at least its negative."""
    return min(max(amount, signed(-AMOUNT_MAX)), signed(AMOUNT_MAX))

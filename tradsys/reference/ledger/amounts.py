"""How amounts are rounded: what an order holds and pays up, what a trade moves down."""

from __future__ import annotations

from tradsys.ledger.terms import MILLION


def rounded_up(amount: int, divisor: int) -> int:
    """`amount / divisor`, towards plus infinity."""
    return -(-amount // divisor)


def rounded_to_zero(amount: int, divisor: int) -> int:
    """`amount / divisor` towards zero; `divisor` is above 0."""
    return amount // divisor if amount >= 0 else rounded_up(amount, divisor)


def up(amount: int, rate: int) -> int:
    """So many millionths of an amount, rounded towards plus infinity."""
    return rounded_up(amount * rate, MILLION)

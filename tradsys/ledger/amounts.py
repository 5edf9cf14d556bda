"""Exact arithmetic on amounts: 64-bit integers whose products may need more, and the rounding of docs/ledger.md."""

from __future__ import annotations

from shm.division import divided, reciprocal_of_constant
from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.terms import MILLION

_MILLIONTH = reciprocal_of_constant(MILLION)
_SHORT = 1 << 40
"""Three amounts below this, each times a rate, add up to an amount."""
_SMALL = 1 << 31
_HALF = 32
_ROOM = 1 << (62 - _HALF)
"""What an amount has room for above so many bits."""


@kernel
def fits(amount: int, factor: int) -> bool:
    """Whether the product surely is an amount, seen without a division; `amount` one from 0, `factor` below 2**31.

    Of some that are it says no: the amount counts as rounded up to a multiple of 2**32.
    """
    assert amount >= 0, "an amount from 0"
    assert 0 <= factor < _SMALL, "a factor from 0 that leaves the comparison in range"
    return ((amount >> _HALF) + 1) * factor <= _ROOM


@kernel
def product_is_above(first: int, second: int, most: int) -> bool:
    """Whether a product of two numbers from 0, which may be no amount, is above one."""
    assert (first | second) >= 0, "two numbers from 0"
    if (first | second) < _SMALL:
        return first * second > most
    return second != 0 and first > most // second


@kernel
def divide_up(amount: int, divisor: int) -> int:
    """`amount / divisor` rounded towards plus infinity; `divisor` above 0."""
    assert divisor > 0, "another sign would round the other way"
    return -(-amount // divisor)


@kernel
def up(amount: int, rate: int) -> int:
    """`amount * rate` millionths, rounded up; `amount` from 0, `rate` within a million of 0."""
    assert amount >= 0, "what has traded is from 0"
    assert -MILLION <= rate <= MILLION, "a rate takes or gives no more than everything"
    if amount < _SHORT:
        return divided(amount * rate + MILLION - 1, signed(MILLION), signed(_MILLIONTH))
    result = (amount // MILLION) * rate + divide_up((amount % MILLION) * rate, MILLION)
    assert -amount <= result <= amount, "a rate takes or gives no more than everything, rounded too"
    return result


@kernel
def up3(first: int, first_rate: int, second: int, second_rate: int, third: int, third_rate: int) -> int:
    """The sum of three amounts, each times its rate in millionths, rounded up once."""
    assert (first | second | third) >= 0, "three amounts from 0"
    if (first | second | third) < _SHORT:
        total = first * first_rate + second * second_rate + third * third_rate
        return divided(total + MILLION - 1, signed(MILLION), signed(_MILLIONTH))
    whole = (first // MILLION) * first_rate + (second // MILLION) * second_rate + (third // MILLION) * third_rate
    rest = (first % MILLION) * first_rate + (second % MILLION) * second_rate + (third % MILLION) * third_rate
    return whole + divide_up(rest, MILLION)


@kernel
def part_of(amount: int, part: int, whole: int) -> int:
    """`amount * part / whole` rounded down; `amount` from 0, `part` from 0 to `whole`, which is an amount above 0."""
    assert whole > 0, "there is something to be divided"
    assert 0 <= part <= whole, "a part of the whole"
    assert amount >= 0, "an amount from 0"
    if whole < _SMALL and fits(amount, part):
        return amount * part // whole
    rest = amount % whole
    if whole < _SMALL:
        return (amount // whole) * part + rest * part // whole
    return (amount // whole) * part + _long_part(rest, part, whole)


@kernel_entry
def _long_part(amount: int, part: int, whole: int) -> int:
    """The same for `amount` below `whole`, bit by bit: the product may have 124 of them."""
    assert 0 <= amount < whole, "the whole multiples were taken off before"
    quotient = signed(0)
    rest = signed(0)
    for number in range(62):
        quotient *= 2
        rest *= 2
        if rest >= whole:
            rest -= whole
            quotient += 1
        if (part >> (61 - number)) & 1:
            rest += amount
            if rest >= whole:
                rest -= whole
                quotient += 1
        assert 0 <= rest < whole, "what is left of a division is less than the divisor"
    assert 0 <= quotient <= amount, "a part is no more than the amount"
    return quotient

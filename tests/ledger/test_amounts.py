from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

from hypothesis import given
from hypothesis import strategies as st

from tradsys.ledger.amounts import divide_up, fits, part_of, product_is_above, up, up3
from tradsys.ledger.terms import AMOUNT_MAX, MILLION

AMOUNTS = st.integers(0, AMOUNT_MAX) | st.integers(0, 10_000)
RATES = st.integers(-MILLION, MILLION)


@given(AMOUNTS, RATES)
def test_a_fee_is_rounded_up(amount: int, rate: int) -> None:
    assert up(amount, rate) == ceil(Fraction(amount * rate, MILLION))


@given(AMOUNTS, RATES, AMOUNTS, RATES, AMOUNTS, RATES)
def test_three_fees_are_rounded_up_once(a: int, rate_a: int, b: int, rate_b: int, c: int, rate_c: int) -> None:
    assert up3(a, rate_a, b, rate_b, c, rate_c) == ceil(Fraction(a * rate_a + b * rate_b + c * rate_c, MILLION))


@given(AMOUNTS, st.integers(1, AMOUNT_MAX) | st.integers(1, 1000), st.data())
def test_a_part_is_exact_though_the_product_has_more_than_64_bits(amount: int, whole: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, whole))
    assert part_of(amount, part, whole) == floor(Fraction(amount * part, whole))


@given(AMOUNTS, st.integers(1, AMOUNT_MAX))
def test_dividing_up(amount: int, divisor: int) -> None:
    assert divide_up(amount, divisor) == ceil(Fraction(amount, divisor))


@given(AMOUNTS, st.integers(0, (1 << 31) - 1))
def test_what_is_said_to_fit_is_an_amount(amount: int, factor: int) -> None:
    if fits(amount, factor):
        assert amount * factor <= AMOUNT_MAX
    else:
        assert (amount + (1 << 32)) * factor > AMOUNT_MAX


@given(AMOUNTS, st.integers(0, (1 << 31) - 1), AMOUNTS)
def test_a_product_is_compared_exactly(first: int, second: int, most: int) -> None:
    assert product_is_above(first, second, most) == (first * second > most)
    assert product_is_above(second, first, most) == (first * second > most)

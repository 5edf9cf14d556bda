"""Division with a reciprocal, against Python's own."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shm.division import divided, reciprocal_of, reciprocal_of_constant

LEAST, MOST = -(1 << 63), (1 << 63) - 1
DIVISOR_MAX = (1 << 62) - 1
EDGES = [1, 2, 3, 4, 5, 7, 10, 999_999_999, (1 << 31) - 1, 1 << 31, (1 << 31) + 1, (1 << 61) + 1, DIVISOR_MAX]


@given(st.integers(LEAST, MOST), st.integers(1, DIVISOR_MAX))
@example(MOST, 1)
@example(LEAST, 1)
@example(MOST, DIVISOR_MAX)
@example(LEAST, DIVISOR_MAX)
@example(0, 1)
@example(-1, 3)
def test_the_quotient_is_that_of_integers(amount: int, divisor: int) -> None:
    assert divided(amount, divisor, reciprocal_of(divisor)) == amount // divisor


@given(st.integers(1, DIVISOR_MAX))
@example(1)
@example(DIVISOR_MAX)
def test_a_constant_has_the_reciprocal_that_a_kernel_finds(divisor: int) -> None:
    assert reciprocal_of_constant(divisor) == reciprocal_of(divisor)


@pytest.mark.parametrize("divisor", EDGES)
def test_at_every_edge_where_the_quotient_steps(divisor: int) -> None:
    reciprocal = reciprocal_of(divisor)
    largest = MOST // divisor
    for times in (*range(-20, 20), largest, -largest):
        for amount in (times * divisor - 1, times * divisor, times * divisor + 1):
            if LEAST <= amount <= MOST:
                assert divided(amount, divisor, reciprocal) == amount // divisor

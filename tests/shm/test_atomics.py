from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shm.jit import JIT_DISABLED
from tests.shm import kernels

WORDS = st.integers(-(1 << 63), (1 << 63) - 1)


@given(WORDS)
def test_a_stored_word_is_loaded(value: int) -> None:
    words = np.zeros(4, np.int64)
    kernels.store_release(words, 2, value)
    assert kernels.load_acquire(words, 2) == value
    assert words.tolist() == [0, 0, value, 0]


def test_fetch_add_gives_what_was_before() -> None:
    words = np.array([5, 7], np.int64)
    assert kernels.fetch_add(words, 1, -10) == 7
    assert words.tolist() == [5, -3]


def test_compare_exchange_writes_only_over_what_is_expected() -> None:
    words = np.array([5, 7], np.int64)
    assert not kernels.compare_exchange(words, 1, 5, 9)
    assert words.tolist() == [5, 7]
    assert kernels.compare_exchange(words, 1, 7, 9)
    assert words.tolist() == [5, 9]


@given(WORDS)
def test_bit_scans_agree_with_the_binary_digits(value: int) -> None:
    digits = format(value & 0xFFFF_FFFF_FFFF_FFFF, "064b")
    assert kernels.trailing_zeros(value) == len(digits) - len(digits.rstrip("0"))
    assert kernels.leading_zeros(value) == len(digits) - len(digits.lstrip("0"))


@given(WORDS, WORDS, st.integers(0, 62))
def test_a_scaled_product_is_that_of_unsigned_integers(first: int, second: int, shift: int) -> None:
    ones = 0xFFFF_FFFF_FFFF_FFFF
    assert kernels.scaled(first, second, shift) & ones == (first & ones) * (second & ones) >> 64 + shift


def test_cycles_grow_and_hints_do_nothing() -> None:
    before = kernels.cycles()
    kernels.fence_and_pause()
    assert kernels.cycles() > before


@pytest.mark.parametrize("dtype", [np.int64, np.uint32, np.dtype([("a", "i8"), ("b", "u1")])])
def test_prefetching_changes_nothing_even_far_outside_the_array(dtype: Any) -> None:
    array = np.zeros(4, dtype)
    for index in (0, 3, -1, 1 << 40):
        kernels.prefetch(array, index)
    assert not array.view(np.uint8).any()


@pytest.mark.skipif(JIT_DISABLED, reason="the stand-ins are for one thread")
def test_a_spinning_thread_sees_what_another_stores() -> None:
    words = np.zeros(1, np.int64)
    kernels.spin_until(words, 0, 0, 1)  # compiled before the thread needs it
    seen: list[bool] = []
    thread = threading.Thread(target=lambda: seen.append(kernels.spin_until(words, 0, 1, 1 << 40)))
    thread.start()
    kernels.store_release(words, 0, 1)
    thread.join(60)
    assert seen == [True]

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest

from shm.jit import JIT_DISABLED
from tests.shm import kernels

INDICES = [np.int64(2), np.int32(2), np.uint8(2), np.uint64(2)]


@pytest.mark.parametrize("index", INDICES, ids=lambda index: type(index).__name__)
def test_an_index_of_any_integer_type_counts_from_the_start(index: Any) -> None:
    array = np.arange(4) * 10
    assert kernels.element(array, index) == 10 * int(index)


@pytest.mark.skipif(JIT_DISABLED, reason="Python's indices wrap around")
def test_only_kernels_lose_the_wrap_around() -> None:
    array = np.arange(4)
    # An index of -1 is the element before the array: with an array inside another one that is no stray access.
    assert kernels.element(array[1:], -1) == 0
    assert numba.njit(lambda values, index: values[index])(array[1:], -1) == 3

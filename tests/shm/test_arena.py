from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shm.arena import ALIGNMENT, Arena, allocate, new_array, read_as, sizeof
from tests.shm import kernels

RECORD = np.dtype([("number", "<i8"), ("name", "S3")])
SPECIFICATIONS = st.lists(st.tuples(st.sampled_from(["<i8", "u1", "<u4", RECORD]), st.integers(0, 300)), max_size=8)


def lay_out(arena: Arena, specifications: list[tuple[Any, int]]) -> list[Any]:
    return [arena.array(dtype, count) for dtype, count in specifications]


@given(SPECIFICATIONS)
def test_arrays_are_aligned_disjoint_zeroed_and_as_long_as_asked(specifications: list[tuple[Any, int]]) -> None:
    arrays = allocate(lambda arena: lay_out(arena, specifications))
    end = 0
    for array, (dtype, count) in zip(arrays, specifications, strict=True):
        assert (len(array), array.dtype.itemsize) == (count, np.dtype(dtype).itemsize)
        assert not np.any(array.view(np.ndarray).view(np.uint8))
        if count:
            address = array.ctypes.data
            assert address % ALIGNMENT == 0
            assert address >= end
            end = address + array.nbytes


def test_memory_is_read_as_other_records_too() -> None:
    pair = np.dtype([("low", "<i4"), ("high", "<i4")])
    words = np.dtype([("word", "<i8"), ("other", "<i8")])
    lengths = []

    def layout(arena: Arena) -> Any:
        array = arena.array(words, 3)
        lengths.append(len(read_as(array, pair)))
        return array, read_as(array, pair)

    array, pairs = allocate(layout)
    array["other"][1] = 5 + (7 << 32)
    assert (pairs["low"][3], pairs["high"][3]) == (5, 7)
    assert lengths == [6, 6], "when it was measured, and when it was laid out"


@given(SPECIFICATIONS)
def test_a_layout_fits_exactly_into_the_size_measured(specifications: list[tuple[Any, int]]) -> None:
    size = sizeof(lambda arena: lay_out(arena, specifications))
    arena = Arena(bytearray(size))
    lay_out(arena, specifications)
    assert arena.used == size


def test_arrays_over_the_same_buffer_show_the_same_memory() -> None:
    buffer = bytearray(1024)
    first, second = Arena(buffer).array("<i8", 4), Arena(buffer).array("<i8", 4)
    first[3] = 42
    assert second[3] == 42


def test_a_layout_that_does_not_fit_is_refused() -> None:
    arena = Arena(bytearray(200))
    arena.array("<i8", 4)
    with pytest.raises(ValueError, match="has 200 bytes, 384 are needed"):
        arena.array("<i8", 32)
    with pytest.raises(ValueError, match="cannot have -1 elements"):
        arena.array("<i8", -1)


def test_kernels_reach_the_fields_of_records_with_and_without_the_jit() -> None:
    records = new_array(RECORD, 3)
    kernels.raise_field(records, 1)
    kernels.raise_field(records, 1)
    assert records["number"].tolist() == [0, 2, 0]

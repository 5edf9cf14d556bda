from __future__ import annotations

import gc
import sys

import numpy as np
import pytest

from shm.jit import JIT_DISABLED
from shm.table import table_of
from tests.shm import table_kernels as kernels


def test_a_kernel_reaches_every_array_of_an_addressed_tuple_also_nested_ones() -> None:
    office = kernels.open_office()
    kernels.fill(office, 41)
    assert office.words.tolist() == [0, 41, 0]
    assert office.records["number"].tolist() == [0, 42, 0, 0]
    assert office.records["small"].tolist() == [0, 0, 43, 0]
    assert office.pair.first.tolist() == [0, 44, 0, 0, 0]
    assert office.pair.second.tolist() == [0, 45, 0, 0, 0, 0]
    assert office.last.tolist() == [0, 46, 0, 0, 0, 0, 0]


def test_a_kernel_knows_how_long_the_arrays_are() -> None:
    assert kernels.lengths(kernels.open_office()) == 34567


def test_two_tuples_of_one_class_do_not_mix() -> None:
    one, other = kernels.open_office(), kernels.open_office()
    kernels.fill(one, 1)
    kernels.fill(other, 2)
    assert (one.words[1], other.words[1]) == (1, 2)


def test_the_table_holds_address_and_length_of_each_array_in_turn() -> None:
    words, small = np.zeros(3, np.int64), np.zeros(5, np.uint8)
    pair = kernels.Pair(np.zeros(2, np.int64), np.zeros(1, np.uint32))
    arrays = (words, *pair, small)
    expected = [number for array in arrays for number in (array.ctypes.data, len(array))]
    assert table_of([words, pair, small]).tolist() == expected


def test_a_field_written_through_one_tuple_is_seen_through_another_over_the_same_arrays() -> None:
    office = kernels.open_office()
    same = kernels.Office(table_of(office[1:]), *office[1:])
    kernels.fill(office, 9)
    assert kernels.weigh(same, 2) == 18


@pytest.mark.skipif(JIT_DISABLED, reason="without the JIT there are no addresses")
def test_an_instance_is_found_at_the_address_of_its_table() -> None:
    office, other = kernels.open_office(), kernels.open_office()
    office.words[:] = (5, 6, 7)
    other.words[:] = (1, 2, 3)
    assert [kernels.word_at(office.table.ctypes.data, index) for index in range(3)] == [5, 6, 7]
    assert kernels.word_at(other.table.ctypes.data, 2) == 3


@pytest.mark.skipif(JIT_DISABLED, reason="only the JIT takes instances apart")
def test_calls_keep_no_reference_to_what_they_were_given() -> None:
    office = kernels.open_office()
    kernels.lengths(office)
    before = [sys.getrefcount(value) for value in office], sys.getrefcount(office)
    for _ in range(100):
        kernels.lengths(office)
    gc.collect()
    assert ([sys.getrefcount(value) for value in office], sys.getrefcount(office)) == before


@pytest.mark.skipif(JIT_DISABLED, reason="only the JIT needs a table")
def test_a_tuple_without_its_table_is_an_error_and_not_a_crash() -> None:
    office = kernels.open_office()
    with pytest.raises((TypeError, AttributeError, ValueError)):
        kernels.lengths(office._replace(table=None))

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from shm.arena import Arena, allocate, sizeof
from shm.counters import NAME_BYTES_MAX, STRIDE, CounterKind, Counters
from shm.segment import Segment
from tests.shm import kernels


def new_table(capacity: int = 8) -> Counters:
    return allocate(lambda arena: Counters.create(arena, capacity))


def test_counters_are_found_and_read_by_name() -> None:
    table = new_table()
    orders = table.allocate("orders accepted")
    depth = table.allocate("ring fill", CounterKind.GAUGE)
    table.values[orders * STRIDE] += 3
    kernels.fetch_add(table.values, depth * STRIDE, 5)
    assert table.snapshot() == {"orders accepted": 3, "ring fill": 5}
    assert (table.find("ring fill"), table.find("ring"), len(table)) == (depth, None, 2)
    assert (table.kind(orders), table.kind(depth)) == (CounterKind.COUNTER, CounterKind.GAUGE)


def test_every_value_has_a_line_pair_of_its_own() -> None:
    table = new_table()
    addresses = [table.values[table.allocate(name) * STRIDE :].ctypes.data for name in "abc"]
    assert all(address % 128 == 0 for address in addresses)
    assert len(set(addresses)) == 3


def test_a_worker_that_comes_back_goes_on_with_its_counter() -> None:
    table = new_table()
    index = table.allocate("restarts")
    table.values[index * STRIDE] = 4
    assert table.allocate("restarts") == index
    assert table.value(index) == 4
    with pytest.raises(ValueError, match="exists as a COUNTER, not as a TIME"):
        table.allocate("restarts", CounterKind.TIME)


def test_another_mapping_of_the_table_sees_the_same(
    make_segment: Callable[[str, Callable[[Arena], object]], Segment],
) -> None:
    segment = make_segment("counters", lambda arena: Counters.create(arena, 16))
    table = Counters.create(segment.arena(), 16)
    index = table.allocate("trades")
    outside = Counters.attach(Segment.attach(segment.name).arena())
    table.values[index * STRIDE] = 9
    assert outside.snapshot() == {"trades": 9}
    assert Counters.create(segment.arena(), 16).snapshot() == {"trades": 9}
    with pytest.raises(ValueError, match="made for 16, not for 8"):
        Counters.create(segment.arena(), 8)


def test_a_full_table_says_so() -> None:
    table = new_table(2)
    table.allocate("a")
    table.allocate("b")
    with pytest.raises(RuntimeError, match="table of 2 counters is full: no place for 'c'"):
        table.allocate("c")


@pytest.mark.parametrize("name", ["", "x" * (NAME_BYTES_MAX + 1), "a\0b"])
def test_names_that_do_not_fit_are_refused_and_never_cut(name: str) -> None:
    with pytest.raises(ValueError, match="1 to 96 bytes"):
        new_table().allocate(name)


def test_the_longest_name_is_kept_whole() -> None:
    table = new_table()
    name = "é" * (NAME_BYTES_MAX // 2)
    table.allocate(name)
    assert table.snapshot() == {name: 0}


def test_memory_without_a_table_is_refused() -> None:
    with pytest.raises(ValueError, match="no table of counters"):
        Counters.attach(Arena(bytearray(1024)))
    with pytest.raises(ValueError, match="above zero"):
        new_table(0)


def test_a_claimed_counter_is_invisible_until_it_has_its_kind() -> None:
    table = new_table()
    table.allocate("done")
    header: Any = table._header
    header[1] += 1  # what a worker leaves that is killed between claiming and naming
    assert table.snapshot() == {"done": 0}
    assert table.allocate("next") == 2


def test_the_size_is_known_before() -> None:
    assert sizeof(lambda arena: Counters.create(arena, 4)) == 128 + 128 + 384 + 4 * STRIDE * np.dtype(np.int64).itemsize

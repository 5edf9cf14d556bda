from __future__ import annotations

import numpy as np
import pytest

from shm.hashing import hash_pair
from shm.jit import kernel

PAIRS = {
    "accounts of symbols": [(symbol, account) for symbol in range(1, 1000, 9) for account in range(1, 2000)],
    "ids from 1": [(0, number) for number in range(1, 200_000)],
    "large ids": [(number >> 31, number) for number in range(1 << 40, (1 << 40) + 200_000)],
    "times in nanoseconds": [(n >> 31, n) for n in range(1_790_000_000_000_000_000, 1_790_000_000_200_000_000, 1_000)],
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_table_twice_as_large_as_its_keys_has_few_on_one_place(name: str) -> None:
    pairs = PAIRS[name]
    mask = (1 << (2 * len(pairs) - 1).bit_length()) - 1
    places = np.bincount([hash_pair(*pair) & mask for pair in pairs])
    assert places.max() <= 12
    assert np.count_nonzero(places) > len(pairs) // 2


@kernel
def _compiled(first: int, second: int) -> int:
    return hash_pair(first, second)


def test_the_hash_is_the_same_compiled_or_not() -> None:
    plain = getattr(hash_pair, "py_func", hash_pair)
    for first, second in ((0, 1), (5, 1 << 62), ((1 << 31) - 1, (1 << 63) - 1)):
        assert plain(first, second) == _compiled(first, second) >= 0

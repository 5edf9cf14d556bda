"""The atomics as plain functions: intrinsics can only be called from kernels."""

from __future__ import annotations

from typing import Any

from shm import atomics
from shm.jit import kernel


@kernel
def load_acquire(words: Any, index: int) -> int:
    return atomics.load_acquire(words, index)


@kernel
def store_release(words: Any, index: int, value: int) -> None:
    atomics.store_release(words, index, value)


@kernel
def fetch_add(words: Any, index: int, value: int) -> int:
    return atomics.fetch_add(words, index, value)


@kernel
def compare_exchange(words: Any, index: int, expected: int, value: int) -> bool:
    return atomics.compare_exchange(words, index, expected, value)


@kernel
def fence_and_pause() -> None:
    atomics.fence()
    atomics.pause()


@kernel
def element(array: Any, index: Any) -> int:
    return array[index]  # type: ignore[no-any-return]


@kernel
def prefetch(array: Any, index: int) -> None:
    atomics.prefetch(array, index)


@kernel
def cycles() -> int:
    return atomics.cycles()


@kernel
def trailing_zeros(value: int) -> int:
    return atomics.trailing_zeros(value)


@kernel
def leading_zeros(value: int) -> int:
    return atomics.leading_zeros(value)


@kernel
def scaled(first: int, second: int, shift: int) -> int:
    return atomics.scaled(first, second, shift)


@kernel
def spin_until(words: Any, index: int, value: int, spins_max: int) -> bool:
    """Spin until the word has the value; False after `spins_max` looks."""
    for _ in range(spins_max):
        if atomics.load_acquire(words, index) == value:
            return True
        atomics.pause()
    return False


@kernel
def raise_field(records: Any, index: int) -> None:
    """Add 1 to the field `number` of a record."""
    records[index].number += 1

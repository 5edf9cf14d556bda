"""Kernels that state what must hold: one inlined into another, one called."""

from __future__ import annotations

from typing import Any

from shm.jit import kernel, kernel_entry


@kernel
def take_one(words: Any, place: int) -> None:
    """Take one off a word, which must not be empty."""
    assert words[place] > 0, "nothing is taken from an empty word"
    words[place] -= 1


@kernel
def take_one_boldly(words: Any, place: int) -> None:
    """The same without looking."""
    words[place] -= 1


@kernel_entry
def _take_first(words: Any) -> None:
    take_one(words, 0)


@kernel_entry
def take_both(words: Any) -> int:
    """Take one off each of two words; gives their sum."""
    _take_first(words)
    take_one(words, 1)
    rest: int = words[0] + words[1]
    return rest

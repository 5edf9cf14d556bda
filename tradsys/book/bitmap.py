"""Which pages of a side hold orders, as a tree of 64-way bitmaps, to find the next better occupied price.

The lowest bitmap is a page's own occupancy word. Above it each side has three summaries in one run of words:
bit p of the first says that page p of the directory has an occupied level, bit w of the second that word w of
the first is not zero, and so on. Three summaries cover 2**24 prices.
"""

from __future__ import annotations

from typing import Any

from shm.atomics import trailing_zeros
from shm.integers import signed
from shm.jit import kernel

PAGES_MAX = 1 << 18
"""Directory entries of one side: 2**24 prices."""


@kernel
def bit(number: int) -> int:
    """The word with only bit `number` (0 to 63) set."""
    return signed(1) << signed(number)


@kernel
def words_needed(pages: int) -> int:
    """Words that the summaries of a side with `pages` directory entries take."""
    first = (pages + 63) >> 6
    return first + ((first + 63) >> 6) + 1


@kernel
def mark(summary: Any, base: int, pages: int, page: int) -> None:
    """Directory entry `page` now has an occupied level."""
    assert 0 <= page < pages, "a page within its side"
    first = (pages + 63) >> 6
    second = (first + 63) >> 6
    summary[base + (page >> 6)] |= bit(page & 63)
    summary[base + first + (page >> 12)] |= bit((page >> 6) & 63)
    summary[base + first + second] |= bit(page >> 12)


@kernel
def clear(summary: Any, base: int, pages: int, page: int) -> None:
    """Directory entry `page` has no occupied level any more."""
    assert 0 <= page < pages, "a page within its side"
    first = (pages + 63) >> 6
    second = (first + 63) >> 6
    word = base + (page >> 6)
    assert summary[word] & bit(page & 63) != 0, "the page was marked"
    left = summary[word] & ~bit(page & 63)
    summary[word] = left
    if left != 0:
        return
    word = base + first + (page >> 12)
    left = summary[word] & ~bit((page >> 6) & 63)
    summary[word] = left
    if left == 0:
        summary[base + first + second] &= ~bit(page >> 12)


@kernel
def above(word: int, bit_number: int) -> int:
    """The bits of `word` higher than number `bit_number` (0 to 63)."""
    return word & (signed(-2) << signed(bit_number))


@kernel
def next_page(summary: Any, base: int, pages: int, page: int) -> int:
    """The nearest occupied directory entry higher than `page`. There must be one."""
    bits = above(summary[base + (page >> 6)], page & 63)
    if bits != 0:
        return (page & ~63) + trailing_zeros(bits)
    first = (pages + 63) >> 6
    word = page >> 6
    bits = above(summary[base + first + (word >> 6)], word & 63)
    if bits == 0:
        second = (first + 63) >> 6
        block = trailing_zeros(above(summary[base + first + second], word >> 6))
        word = block << 6
        bits = summary[base + first + block]
    word = (word & ~63) + trailing_zeros(bits)
    found = (word << 6) + trailing_zeros(summary[base + word])
    assert page < found < pages, "there is an occupied page behind this one"
    return found

"""Open-addressed tables of records with a field `key`, 0 where a place is free: one hash and one way to look.

The hash is the same with and without the JIT. A table's length is a power of two, and it is never full.
"""

from __future__ import annotations

from typing import Any

from shm.jit import kernel

_MULTIPLIER = 0x45D9F3B
"""Odd and below 2**27: a product with 31 bits stays in range."""
_LOW = 0x7FFF_FFFF


@kernel
def hash_pair(first: int, second: int) -> int:
    """Scatters two numbers from 0 over 0 to 2**42 - 1; for a table of up to 2**26 places its low bits will do."""
    mixed = ((first & _LOW) * _MULTIPLIER ^ second ^ (second >> 31)) & _LOW
    return (mixed * _MULTIPLIER) >> 16


@kernel
def place_of(table: Any, hashed: int, key: int) -> int:
    """Where `table` has `key`, whose hash is `hashed`, or the free place where it would go."""
    mask = len(table) - 1
    assert len(table) & mask == 0, "the length of a table is a power of two"
    assert hashed >= 0, "a hash counts from 0"
    place = hashed & mask
    while table[place].key != 0 and table[place].key != key:
        place = (place + 1) & mask
    return place

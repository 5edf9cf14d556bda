"""One hash for open-addressed tables whose keys are pairs of numbers, the same with and without the JIT."""

from __future__ import annotations

from shm.jit import kernel

_MULTIPLIER = 0x45D9F3B
"""Odd and below 2**27: a product with 31 bits stays in range."""
_LOW = 0x7FFF_FFFF


@kernel
def hash_pair(first: int, second: int) -> int:
    """Scatters two numbers from 0 over 0 to 2**42 - 1; for a table of up to 2**26 places its low bits will do."""
    mixed = ((first & _LOW) * _MULTIPLIER ^ second ^ (second >> 31)) & _LOW
    return (mixed * _MULTIPLIER) >> 16

"""CRC-32C (Castagnoli) over int64 words: the CPU's instruction where there is one, else a table; the same value.

The polynomial, bit order and final inversion are those of RFC 3720, appendix B.4.
"""

# ruff: noqa: ANN001, ANN202 - numba's intrinsic protocol passes untyped compiler objects
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

from __future__ import annotations

import platform
from typing import Any

import numpy as np

from shm.integers import signed
from shm.jit import JIT_DISABLED, kernel

_POLYNOMIAL = 0x82F6_3B78
_ALL_ONES = 0xFFFF_FFFF


def _table() -> Any:
    table = np.zeros(256, np.int64)
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        table[byte] = value
    assert table[0] == 0, "a byte of zeros changes nothing"
    assert len(set(table.tolist())) == len(table), "every byte has a remainder of its own"
    return table


_TABLE = _table()


@kernel
def _step_table(crc: int, word: int) -> int:
    """`crc` after the eight bytes of `word`, lowest first."""
    for shift in range(0, 64, 8):
        crc = (crc >> 8) ^ _TABLE[(crc ^ (word >> shift)) & 0xFF]
    return crc


def _has_instruction() -> bool:
    if JIT_DISABLED or platform.machine() not in ("x86_64", "AMD64"):
        return False
    import llvmlite.binding

    return bool(llvmlite.binding.get_host_cpu_features().get("sse4.2", False))


HARDWARE = _has_instruction()
"""Whether the CPU's own CRC-32C instruction is used."""

if HARDWARE:
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    _I64 = ir.IntType(64)

    @intrinsic
    def _step_instruction(typing_context, crc, word):
        """`crc` after the eight bytes of `word`, lowest first (SSE 4.2)."""

        def generate(context, builder, signature, arguments):
            instruction = builder.module.declare_intrinsic(
                "llvm.x86.sse42.crc32.64.64", (), ir.FunctionType(_I64, [_I64, _I64])
            )
            return builder.call(instruction, arguments)

        return types.int64(types.int64, types.int64), generate

    _step: Any = _step_instruction
else:
    _step = _step_table


@kernel
def crc32c(words: Any, start: int, count: int, before: int) -> int:
    """The checksum of `count` int64 words from `start`, continuing from `before` (0, or an earlier result)."""
    assert start >= 0, "an index counts from the start"
    assert 0 <= count <= len(words) - start, "no more words than there are"
    crc = signed(before) ^ _ALL_ONES
    for i in range(start, start + count):
        crc = _step(crc, words[i])
    return crc ^ _ALL_ONES


@kernel
def crc32c_by_table(words: Any, start: int, count: int, before: int) -> int:
    """The same value without the instruction; for tests and for machines that lack it."""
    assert start >= 0, "an index counts from the start"
    assert 0 <= count <= len(words) - start, "no more words than there are"
    crc = signed(before) ^ _ALL_ONES
    for i in range(start, start + count):
        crc = _step_table(crc, words[i])
    return crc ^ _ALL_ONES

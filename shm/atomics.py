"""Atomic operations on int64 arrays, bit scans and CPU hints, as numba intrinsics.

`load_acquire` and `store_release` order the plain reads and writes around them; `fence` is sequentially
consistent and is the only one that orders a store before a later load. Without the JIT each has a
plain Python stand-in with the same result in one thread.
"""

# ruff: noqa: ANN001, ANN201, ANN202 - numba's intrinsic protocol passes untyped compiler objects
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

from __future__ import annotations

import time
from typing import Any

from shm.jit import JIT_DISABLED

Words = Any
"""A one-dimensional int64 array, in shared or private memory."""

if JIT_DISABLED:

    def load_acquire(words: Words, index: int) -> int:
        assert index >= 0, "an index counts from the start"
        return int(words[index])

    def store_release(words: Words, index: int, value: int) -> None:
        assert index >= 0, "an index counts from the start"
        words[index] = value

    def fetch_add(words: Words, index: int, value: int) -> int:
        assert index >= 0, "an index counts from the start"
        before = int(words[index])
        words[index] = before + value
        return before

    def compare_exchange(words: Words, index: int, expected: int, value: int) -> bool:
        assert index >= 0, "an index counts from the start"
        if int(words[index]) != expected:
            return False
        words[index] = value
        return True

    def fence() -> None:
        """Order every earlier load and store before every later one."""

    def pause() -> None:
        """Tell the CPU that this is a spin loop."""

    def cycles() -> int:
        return time.perf_counter_ns()

    def prefetch(array: Any, index: int) -> None:
        """Ask for the cache line of an element that will soon be used."""

    def prefetch_all(array: Any, index: int) -> None:
        """Ask for all cache lines of an element that will soon be used."""

    def trailing_zeros(value: int) -> int:
        value = int(value)
        return (value & -value).bit_length() - 1 if value else 64

    def leading_zeros(value: int) -> int:
        return 64 - (int(value) & 0xFFFF_FFFF_FFFF_FFFF).bit_length()

    def scaled(first: int, second: int, shift: int) -> int:
        assert 0 <= shift < 64, "the processor shifts a word by less than its bits"
        product = (int(first) & 0xFFFF_FFFF_FFFF_FFFF) * (int(second) & 0xFFFF_FFFF_FFFF_FFFF) >> 64 + int(shift)
        return product - (1 << 64) if product >> 63 else product

else:
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic
    from numba.np import arrayobj

    _I64 = ir.IntType(64)
    _I32 = ir.IntType(32)
    _BYTES = ir.IntType(8).as_pointer()
    _LINE = 64

    def _word_pointer(context, builder, array_type, array, index):
        assert array_type.dtype == types.int64, "the pointer steps by the words that are loaded and stored"
        assert array_type.ndim == 1, "one index names a word"
        return builder.gep(arrayobj.make_array(array_type)(context, builder, array).data, [index])

    @intrinsic
    def load_acquire(typing_context, words, index):
        """The word at `index`; later reads and writes are not moved before it."""

        def generate(context, builder, signature, arguments):
            pointer = _word_pointer(context, builder, signature.args[0], *arguments)
            return builder.load_atomic(pointer, "acquire", 8, typ=_I64)

        return types.int64(words, types.intp), generate

    @intrinsic
    def store_release(typing_context, words, index, value):
        """Write the word at `index`; earlier reads and writes are not moved behind it."""

        def generate(context, builder, signature, arguments):
            array, position, word = arguments
            pointer = _word_pointer(context, builder, signature.args[0], array, position)
            builder.store_atomic(word, pointer, "release", 8)
            return context.get_dummy_value()

        return types.none(words, types.intp, types.int64), generate

    @intrinsic
    def fetch_add(typing_context, words, index, value):
        """Add to the word at `index` and give what it was before."""

        def generate(context, builder, signature, arguments):
            array, position, word = arguments
            pointer = _word_pointer(context, builder, signature.args[0], array, position)
            return builder.atomic_rmw("add", pointer, word, "seq_cst")

        return types.int64(words, types.intp, types.int64), generate

    @intrinsic
    def compare_exchange(typing_context, words, index, expected, value):
        """Write `value` if the word at `index` is `expected`; True when it was."""

        def generate(context, builder, signature, arguments):
            array, position, before, after = arguments
            pointer = _word_pointer(context, builder, signature.args[0], array, position)
            result = builder.cmpxchg(pointer, before, after, "seq_cst", "seq_cst")
            return builder.extract_value(result, 1)

        return types.boolean(words, types.intp, types.int64, types.int64), generate

    @intrinsic
    def fence(typing_context):
        """Order every earlier load and store before every later one."""

        def generate(context, builder, signature, arguments):
            builder.fence("seq_cst")
            return context.get_dummy_value()

        return types.none(), generate

    @intrinsic
    def pause(typing_context):
        """Tell the CPU that this is a spin loop (x86 pause, arm64 yield)."""

        def generate(context, builder, signature, arguments):
            # By intrinsic: inline assembly would need an assembler, which numba does not start.
            module = builder.module
            if module.triple.startswith(("x86", "i386", "i686")):
                hint = cgutils.get_or_insert_function(module, ir.FunctionType(ir.VoidType(), []), "llvm.x86.sse2.pause")
                builder.call(hint, [])
            elif module.triple.startswith(("aarch64", "arm64")):
                hint = cgutils.get_or_insert_function(
                    module, ir.FunctionType(ir.VoidType(), [_I32]), "llvm.aarch64.hint"
                )
                builder.call(hint, [_I32(1)])
            return context.get_dummy_value()

        return types.none(), generate

    @intrinsic
    def cycles(typing_context):
        """The CPU's cycle counter, a raw count whose rate differs between machines."""

        def generate(context, builder, signature, arguments):
            counter = builder.module.declare_intrinsic("llvm.readcyclecounter", (), ir.FunctionType(_I64, []))
            return builder.call(counter, [])

        return types.int64(), generate

    @intrinsic
    def prefetch(typing_context, array, index):
        """Ask for the cache line of an element that will soon be used. Any index will do: nothing is loaded."""

        def generate(context, builder, signature, arguments):
            view = arrayobj.make_array(signature.args[0])(context, builder, arguments[0])
            pointer = builder.bitcast(builder.gep(view.data, [arguments[1]]), _BYTES)
            kind = ir.FunctionType(ir.VoidType(), [_BYTES, _I32, _I32, _I32])
            hint = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
            builder.call(hint, [pointer, _I32(0), _I32(3), _I32(1)])  # to read, into the first cache, data
            return context.get_dummy_value()

        return types.none(array, types.intp), generate

    @intrinsic
    def prefetch_all(typing_context, array, index):
        """Ask for all cache lines of an element that will soon be used, of an array aligned to them. See prefetch."""

        def generate(context, builder, signature, arguments):
            view = arrayobj.make_array(signature.args[0])(context, builder, arguments[0])
            start = builder.bitcast(builder.gep(view.data, [arguments[1]]), _BYTES)
            kind = ir.FunctionType(ir.VoidType(), [_BYTES, _I32, _I32, _I32])
            hint = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
            size = context.get_abi_sizeof(context.get_data_type(signature.args[0].dtype))
            assert size % _LINE == 0, "an element takes whole lines: else its last one would be forgotten"
            for offset in range(0, size, _LINE):
                pointer = builder.gep(start, [_I64(offset)])
                builder.call(hint, [pointer, _I32(0), _I32(3), _I32(1)])
            return context.get_dummy_value()

        return types.none(array, types.intp), generate

    @intrinsic
    def trailing_zeros(typing_context, value):
        """Number of zero bits below the lowest set bit; 64 when there is none."""

        def generate(context, builder, signature, arguments):
            return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

        return types.int64(types.int64), generate

    @intrinsic
    def leading_zeros(typing_context, value):
        """Number of zero bits above the highest set bit; 64 when there is none."""

        def generate(context, builder, signature, arguments):
            return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

        return types.int64(types.int64), generate

    @intrinsic
    def scaled(typing_context, first, second, shift):
        """The product of two words, taken for unsigned numbers, over 2**(64 + shift)."""

        def generate(context, builder, signature, arguments):
            wide = ir.IntType(128)
            product = builder.mul(*(builder.zext(argument, wide) for argument in arguments[:2]))
            return builder.lshr(builder.trunc(builder.lshr(product, wide(64)), _I64), arguments[2])

        return types.int64(types.int64, types.int64, types.int64), generate

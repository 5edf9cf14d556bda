"""Memory at an address as an array, for kernels that C calls (numba.carray needs reference counting)."""

# ruff: noqa: ANN001, ANN201, ANN202 - numba's intrinsic protocol passes untyped compiler objects
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

from __future__ import annotations

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj


@intrinsic
def array_at(typing_context, address, count, dtype):
    """The one-dimensional array of `count` elements of `dtype` at `address`."""
    array_type = types.Array(dtype.dtype, 1, "C")

    def generate(context, builder, signature, arguments):
        array = arrayobj.make_array(array_type)(context, builder)
        size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(array_type.dtype)))
        arrayobj.populate_array(
            array,
            data=builder.inttoptr(arguments[0], array.data.type),
            shape=cgutils.pack_array(builder, [arguments[1]]),
            strides=cgutils.pack_array(builder, [size]),
            itemsize=size,
            meminfo=None,
        )
        return array._getvalue()

    return array_type(types.int64, types.intp, dtype), generate

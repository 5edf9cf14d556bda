"""NamedTuples of many arrays that kernels take as one address.

Numba passes a NamedTuple of n arrays as 7 n words, and takes it apart and together again in every function that is
given it: with twenty arrays that is most of what compiling costs, and much of a call. A class with `@addressed` is
passed as the address of a table of its arrays' addresses and lengths instead. The table never changes, so the
compiler may load from it when it likes, and as seldom.
"""

# ruff: noqa: ANN001, ANN202 - numba's extension protocol passes untyped compiler objects
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    NativeValue,
    infer_getattr,
    intrinsic,
    lower_getattr_generic,
    register_model,
    typeof_impl,
    unbox,
)
from numba.np import arrayobj

_Class = TypeVar("_Class", bound=type)
TABLE = "table"
"""The first field of such a class: int64, address and length of every array in turn."""


class TableType(types.Type):
    """What numba takes an instance for; `members` are (name, type) of the fields but the table."""

    def __init__(self, label: str, members: tuple[tuple[str, Any], ...]) -> None:
        self.label = label
        self.members = members
        # A type's name is part of the name of every function that takes it, and that of every call.
        digest = hashlib.sha256(repr(members).encode()).hexdigest()[:12]
        super().__init__(name=f"{label}({digest})")


@register_model(TableType)
class _TableModel(models.OpaqueModel):
    pass


def addressed(cls: _Class) -> _Class:
    """Let kernels take instances of a NamedTuple as one address. Its first field must be `table`; see table_of()."""

    fields: tuple[str, ...] = cls._fields  # type: ignore[attr-defined]
    assert fields[0] == TABLE, "the first field is the table of the others"

    @typeof_impl.register(cls)
    def _typeof(value, context):
        members = tuple((name, typeof_impl(getattr(value, name), context)) for name in fields if name != TABLE)
        return TableType(f"{cls.__module__}.{cls.__qualname__}", members)

    return cls


def _arrays(values: Any) -> Iterator[Any]:
    for value in values:
        if isinstance(value, tuple):
            yield from _arrays(value)
        else:
            yield value


def table_of(values: Any) -> Any:
    """The table for the fields behind it: arrays of one dimension, or NamedTuples of them."""
    arrays = list(_arrays(values))
    # An array that a measuring arena gave has a stride of 0.
    assert all(array.strides in ((0,), (array.itemsize,)) for array in arrays), "kernels step by the size of an element"
    numbers = [number for array in arrays for number in (array.ctypes.data, len(array))]
    assert all(address > 0 for address in numbers[::2]), "every array lies somewhere"
    return np.array(numbers, np.int64)


@unbox(TableType)
def _unbox(typ, value, context):
    table = context.pyapi.object_getattr_string(value, TABLE)
    native = context.unbox(types.Array(types.int64, 1, "C"), table)
    context.pyapi.decref(table)
    array = context.context.make_array(types.Array(types.int64, 1, "C"))(context.context, context.builder, native.value)
    address = context.builder.bitcast(array.data, cgutils.voidptr_t)
    return NativeValue(address, is_error=native.is_error)


@infer_getattr
class _Members(AttributeTemplate):
    key = TableType

    def generic_resolve(self, typ, attr):
        return dict(typ.members).get(attr)


def _width(member: Any) -> int:
    """How many arrays a member stands for."""
    arrays = member.types if isinstance(member, types.NamedTuple) else (member,)
    assert all(isinstance(each, types.Array) for each in arrays), "the table holds arrays, or NamedTuples of them"
    return len(arrays)


def _load(builder, table, place):
    """A word of the table, which nothing ever writes to again."""
    word = builder.load(builder.gep(table, [cgutils.intp_t(place)]))
    word.set_metadata("invariant.load", builder.module.add_metadata([]))
    return word


def _array(context, builder, array_type, table, place):
    assert array_type.ndim == 1, "the table has one length of an array"
    assert array_type.layout == "C", "the table has no strides"
    array = arrayobj.make_array(array_type)(context, builder)
    size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(array_type.dtype)))
    arrayobj.populate_array(
        array,
        data=builder.inttoptr(_load(builder, table, 2 * place), array.data.type),
        shape=cgutils.pack_array(builder, [_load(builder, table, 2 * place + 1)]),
        strides=cgutils.pack_array(builder, [size]),
        itemsize=size,
        meminfo=None,
    )
    return array._getvalue()


@lower_getattr_generic(TableType)
def _lower_member(context, builder, typ, value, attr):
    table = builder.bitcast(value, cgutils.intp_t.as_pointer())
    place = 0
    for name, member in typ.members:
        if name == attr:
            break
        place += _width(member)
    assert name == attr, "the type has the member: its attributes were resolved before"
    if not isinstance(member, types.NamedTuple):
        return _array(context, builder, member, table, place)
    arrays = [_array(context, builder, each, table, place + number) for number, each in enumerate(member.types)]
    return context.make_tuple(builder, member, arrays)


def at_address(instance: Any) -> Any:
    """An intrinsic `f(address)` that gives the instance whose table is at an address, typed like `instance`."""
    typ = typeof_impl(instance, None)

    @intrinsic
    def instance_at(typing_context, address):
        def generate(context, builder, signature, arguments):
            return builder.inttoptr(arguments[0], cgutils.voidptr_t)

        return typ(types.int64), generate

    return instance_at

"""The compiler of every kernel: numba's, without the wrap-around of negative array indices, and with calls kept.

An index of a kernel counts from the start of the array. Python's rule that a negative one counts from the end costs
three instructions at every access whose sign the compiler cannot prove: 9 to 12 % of the time of a message through the
matching kernel.

What is not forced inline stays a call. LLVM would take a large function that is called once into its caller, and
everything that this calls in turn: the hot path would grow by all that is rare, and compiling take ten times as long.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import types
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering
from numba.np import arrayobj

from shm.assertions import DEBUG, without_assertions


def _index_from_start(context, builder, kind, index, size):  # noqa: ANN001, ANN202 - numba's objects have no types
    return context.cast(builder, index, kind, types.intp if kind.signed else types.uintp)


@contextmanager
def _no_wrap_around() -> Iterator[None]:
    """Safe beside other threads: numba compiles under one lock."""
    usual = arrayobj.fix_integer_index
    arrayobj.fix_integer_index = _index_from_start
    try:
        yield
    finally:
        arrayobj.fix_integer_index = usual


@register_pass(mutates_CFG=True, analysis_only=False)
class _KernelLowering(NativeLowering):
    _name = "kernel_lowering"

    def run_pass(self, state):  # noqa: ANN001, ANN202
        with _no_wrap_around():
            changed = super().run_pass(state)
        if not state.flags.forceinline:
            name = state["cr"].fndesc.llvm_func_name
            state.library._final_module.get_function(name).add_function_attribute("noinline")
        return changed


class KernelCompiler(CompilerBase):
    """Numba's nopython pipeline with the lowering of this module; for the option `pipeline_class`."""

    def compile_extra(self, func):  # noqa: ANN001, ANN201
        """Compile one function; in the release build without its assertions."""
        return super().compile_extra(func if DEBUG else without_assertions(func))

    def define_pipelines(self) -> list[Any]:
        """The only pipeline there is."""
        pipeline = DefaultPassBuilder.define_nopython_pipeline(self.state)
        pipeline.passes = [
            (_KernelLowering if one is NativeLowering else one, description) for one, description in pipeline.passes
        ]
        assert sum(one is _KernelLowering for one, _ in pipeline.passes) == 1, "numba lowers a function in one pass"
        pipeline.finalize()
        return [pipeline]

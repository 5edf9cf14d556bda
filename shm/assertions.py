"""The debug build: kernels with their assertions; the release build, which every venue runs, compiles none of them.

A kernel states what must hold with `assert`, as any function does. With TRADSYS_DEBUG=1, and without the JIT always,
one that fails raises AssertionError, and the process that ran the kernel ends with its words. Otherwise numba is given
the code that Python itself would compile with -O, and not one instruction is left of any assertion.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType

DEBUG: bool = os.environ.get("TRADSYS_DEBUG", "0") not in ("", "0")
"""True in the debug build, whose machine code has a cache of its own."""


def _within(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _within(constant)


@cache
def _stripped(path: str) -> dict[tuple[str, int], CodeType]:
    module = compile(Path(path).read_bytes(), path, "exec", dont_inherit=True, optimize=1)
    return {(code.co_qualname, code.co_firstlineno): code for code in _within(module)}


def without_assertions(function: FunctionType) -> FunctionType:
    """The same function of the same file, compiled without its assertions."""
    assert function.__name__ != "<lambda>", "a line can have several lambdas: only a name tells which"
    code = _stripped(function.__code__.co_filename)[function.__qualname__, function.__code__.co_firstlineno]
    assert code.co_varnames[: code.co_argcount] == function.__code__.co_varnames[: code.co_argcount], (
        "the same function"
    )
    return FunctionType(code, function.__globals__, None, function.__defaults__, function.__closure__)

"""The functions that C calls: machine code that needs neither the interpreter nor its lock."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import cfunc, types

from bench.abi import adapter
from bench.abi.engine import MESSAGE, REPORT, RING, Engine, addresses, new_engine
from bench.abi.pointers import array_at
from shm import ring
from shm.arena import Arena, sizeof
from shm.jit import JIT_DISABLED
from shm.ring import Ring

_ADDRESS = types.int64
_engines: list[tuple[Engine, Any]] = []
"""The engine that C works on, with the table of its addresses: memory that must not be freed meanwhile."""


def _deliver(table: int, messages: int, count: int) -> int:
    return adapter.deliver(adapter.engine_at(table), array_at(messages, count, MESSAGE), count)


def _flush(table: int) -> int:
    adapter.flush(adapter.engine_at(table))
    return 0


def _best_price(table: int, side: int) -> int:
    return adapter.best_price(adapter.engine_at(table), side)


def _depth_at(table: int, price_ticks: int, side: int) -> int:
    return adapter.depth_at(adapter.engine_at(table), price_ticks, side)


def _push(handle: int, report: int) -> int:
    return ring.push(adapter.ring_at(handle), array_at(report, 1, REPORT))


def _drain(handle: int, out: int, count: int) -> int:
    return ring.pop(adapter.ring_at(handle), array_at(out, count, REPORT))


_FUNCTIONS: list[tuple[Callable[..., int], Any]] = [
    (_deliver, types.int64(_ADDRESS, _ADDRESS, types.int64)),
    (_flush, types.int64(_ADDRESS)),
    (_best_price, types.int64(_ADDRESS, types.int64)),
    (_depth_at, types.int64(_ADDRESS, types.int64, types.int64)),
    (_push, types.int64(_ADDRESS, _ADDRESS)),
    (_drain, types.int64(_ADDRESS, _ADDRESS, types.int64)),
]


def compiled() -> list[Any]:
    """The functions as numba's C callbacks, in the order of `struct machine_code` in tradsys_abi.c."""
    if JIT_DISABLED:
        raise RuntimeError("the shared library needs compiled kernels: unset NUMBA_DISABLE_JIT")
    options = {"nopython": True, "_nrt": False, "error_model": "numpy", "boundscheck": False}
    return [cfunc(signature, cache=True, **options)(function) for function, signature in _FUNCTIONS]


_callbacks: list[Any] = []


# What C calls through the interpreter: every function takes two integers and gives one.


def connect(destination: int, count: int) -> int:
    """Write the addresses of the machine code to the array of `count` pointers at `destination`."""
    if not _callbacks:
        _callbacks.extend(compiled())
    assert count == len(_callbacks), "tradsys_abi.c was built for other callbacks"
    (ctypes.c_int64 * count).from_address(destination)[:] = [callback.address for callback in _callbacks]
    return 0


def ring_bytes(capacity: int, _unused: int) -> int:
    """How much memory a ring of `capacity` reports takes."""
    return sizeof(lambda arena: _lay_out(arena, capacity))


def initialise_ring(handle: int, capacity: int) -> int:
    """Make an empty ring of `capacity` reports in the zeroed memory at `handle`."""
    memory = (ctypes.c_char * ring_bytes(capacity, 0)).from_address(handle)
    ring.initialise(_lay_out(Arena(memory), capacity))
    return 0


def _lay_out(arena: Arena, capacity: int) -> Ring:
    return Ring(arena.array(np.int64, ring.HEADER_WORDS), arena.array(REPORT, capacity))


def open_engine(handle: int, _unused: int) -> int:
    """A new engine that reports into the ring at `handle`; gives the address of its table."""
    engine = new_engine()
    engine.work[RING] = handle
    table = addresses(engine)
    _engines.append((engine, table))
    return int(table.ctypes.data)


def close_engine(_first: int, _second: int) -> int:
    """Free the engine's memory."""
    _engines.clear()
    return 0

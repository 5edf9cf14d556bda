"""The functions that C calls: machine code that needs neither the interpreter nor its lock."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from numba import cfunc, types

from bench.abi import adapter, transport
from bench.abi.engine import MESSAGE, Engine, addresses, new_engine
from bench.abi.pointers import array_at
from bench.abi.transport import REPORT, Transport
from shm.arena import Arena, sizeof
from shm.jit import JIT_DISABLED

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
    return transport.push(handle, array_at(report, 1, REPORT))


def _drain(handle: int, out: int, count: int) -> int:
    return transport.drain(handle, array_at(out, count, REPORT))


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
    """How much memory a transport with a ring of `capacity` takes."""
    return sizeof(lambda arena: transport.lay_out(arena, capacity))


def initialise_ring(handle: int, capacity: int) -> int:
    """Make an empty transport with a ring of `capacity` in the memory at `handle`."""
    transport.initialise(_transport_at(handle, capacity))
    return 0


def _transport_at(handle: int, capacity: int) -> Transport:
    memory = (ctypes.c_char * ring_bytes(capacity, 0)).from_address(handle)
    return transport.lay_out(Arena(memory), capacity)


def open_engine(handle: int, _unused: int) -> int:
    """A new engine that reports into the transport at `handle`; gives the address of its table."""
    capacity = ctypes.c_int64.from_address(handle + transport.CAPACITY_AT).value
    engine = new_engine(_transport_at(handle, capacity), handle)
    table = addresses(engine)
    _engines.append((engine, table))
    return int(table.ctypes.data)


def close_engine(_first: int, _second: int) -> int:
    """Free the engine's memory."""
    _engines.clear()
    return 0

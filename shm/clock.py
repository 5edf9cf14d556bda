"""Clocks and waiting, callable from kernels: thin ctypes bindings of libc."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from shm.jit import kernel

_libc = ctypes.CDLL(None, use_errno=True)

_clock_gettime = _libc.clock_gettime
_clock_gettime.argtypes = [ctypes.c_int, ctypes.c_void_p]
_clock_gettime.restype = ctypes.c_int

_sched_yield = _libc.sched_yield
_sched_yield.argtypes = []
_sched_yield.restype = ctypes.c_int

_REALTIME = 0
_MONOTONIC = 1
_NANOSECONDS = 1_000_000_000


def timespec() -> Any:
    """A two-word int64 buffer (seconds, nanoseconds) that the clock functions below write into."""
    return np.zeros(2, np.int64)


@kernel
def monotonic_ns(buffer: Any) -> int:
    """CLOCK_MONOTONIC in nanoseconds; `buffer` is this thread's `timespec()`."""
    _clock_gettime(_MONOTONIC, buffer.ctypes.data)
    return buffer[0] * _NANOSECONDS + buffer[1]


@kernel
def realtime_ns(buffer: Any) -> int:
    """CLOCK_REALTIME in nanoseconds since 1970; `buffer` is this thread's `timespec()`."""
    _clock_gettime(_REALTIME, buffer.ctypes.data)
    return buffer[0] * _NANOSECONDS + buffer[1]


@kernel
def yield_core() -> None:
    """Let another runnable thread of this core go first (sched_yield)."""
    _sched_yield()

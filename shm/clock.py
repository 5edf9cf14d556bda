"""Clocks and giving way, callable from kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from shm.jit import kernel
from shm.libc import clock_gettime, sched_yield

_REALTIME = 0
_MONOTONIC = 1
_NANOSECONDS = 1_000_000_000


def timespec() -> Any:
    """A two-word int64 buffer (seconds, nanoseconds) that the clock functions below write into."""
    return np.zeros(2, np.int64)


@kernel
def monotonic_ns(buffer: Any) -> int:
    """CLOCK_MONOTONIC in nanoseconds; `buffer` is this thread's `timespec()`."""
    assert len(buffer) == 2, "the system writes two words"
    clock_gettime(_MONOTONIC, buffer.ctypes.data)
    return buffer[0] * _NANOSECONDS + buffer[1]


@kernel
def realtime_ns(buffer: Any) -> int:
    """CLOCK_REALTIME in nanoseconds since 1970; `buffer` is this thread's `timespec()`."""
    assert len(buffer) == 2, "the system writes two words"
    clock_gettime(_REALTIME, buffer.ctypes.data)
    return buffer[0] * _NANOSECONDS + buffer[1]


@kernel
def yield_core() -> None:
    """Let another runnable thread of this core go first (sched_yield)."""
    sched_yield()

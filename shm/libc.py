"""The C library's functions that `@kernel` functions call, by symbol name.

Ctypes function objects would also work in kernels, but they hold this process's addresses, and numba refuses
to cache any kernel that reaches one. Symbols are looked up when the machine code is loaded.
Pointers are passed as integers (`array.ctypes.data`); a result below zero means failure, as in C.
"""

from __future__ import annotations

import ctypes
import platform

from shm.jit import JIT_DISABLED

FUTEX = {"x86_64": 202, "aarch64": 98, "riscv64": 98}.get(platform.machine(), 98)
"""Number of the futex system call on this machine."""

if JIT_DISABLED:
    _libc = ctypes.CDLL(None, use_errno=True)
    _errno = ctypes.c_int()

    clock_gettime = _libc.clock_gettime
    clock_gettime.argtypes = [ctypes.c_int, ctypes.c_size_t]

    sched_yield = _libc.sched_yield
    sched_yield.argtypes = []

    mq_send = _libc.mq_send
    mq_send.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_uint]

    pwritev = _libc.pwritev
    pwritev.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int, ctypes.c_int64]
    pwritev.restype = ctypes.c_int64

    fdatasync = _libc.fdatasync
    fdatasync.argtypes = [ctypes.c_int]

    def errno_location() -> int:
        # ctypes has put the real one aside.
        _errno.value = ctypes.get_errno()
        return ctypes.addressof(_errno)

    memcpy = ctypes.memmove

    syscall = _libc.syscall
    syscall.argtypes = [ctypes.c_long] * 7
    syscall.restype = ctypes.c_long
else:
    import llvmlite.binding
    from numba import types

    if llvmlite.binding.address_of_symbol("mq_send") is None:
        llvmlite.binding.load_library_permanently("librt.so.1")  # a C library from before 2021

    clock_gettime = types.ExternalFunction("clock_gettime", types.int32(types.int32, types.uintp))
    sched_yield = types.ExternalFunction("sched_yield", types.int32())
    mq_send = types.ExternalFunction("mq_send", types.int32(types.int32, types.uintp, types.uintp, types.uint32))
    pwritev = types.ExternalFunction("pwritev", types.int64(types.int32, types.uintp, types.int32, types.int64))
    fdatasync = types.ExternalFunction("fdatasync", types.int32(types.int32))
    errno_location = types.ExternalFunction("__errno_location", types.uintp())
    memcpy = types.ExternalFunction("memcpy", types.uintp(types.uintp, types.uintp, types.uintp))
    # Called with all six arguments of the longest system call: the kernel looks only at those it needs.
    syscall = types.ExternalFunction("syscall", types.int64(*[types.int64] * 7))

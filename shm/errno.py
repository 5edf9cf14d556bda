"""Why the last call of the C library failed, for kernels."""

from __future__ import annotations

from typing import Any

from shm.jit import kernel
from shm.libc import errno_location, memcpy

_INT_BYTES = 4


@kernel
def last_errno(buffer: Any) -> int:
    """This thread's errno, by way of `buffer`, an int64 word; to be asked at once after the failure."""
    assert len(buffer) > 0, "there is a word to write to"
    buffer[0] = 0
    memcpy(buffer.ctypes.data, errno_location(), _INT_BYTES)  # little-endian
    return buffer[0]

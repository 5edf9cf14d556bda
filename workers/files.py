"""Writing files whole, reading them through, and copying one durably, without filling the page cache."""

from __future__ import annotations

import hashlib
import mmap
import os
import shutil
from pathlib import Path
from typing import Any

_CHUNK_BYTES = 1 << 20
_SYNC_BYTES = 8 << 20
"""Written out in small parts, so that who else writes to that disk does not wait long for it."""


def copy_file(source: Path, target: Path, used: int | None = None) -> tuple[int, str]:
    """Copy a file with its permissions; gives its size and the SHA-256 of the copy. Raises OSError.

    `used`: take only so many bytes, and zeros for the rest, which need no room on the disk.
    """
    assert used is None or used >= 0, "a number of bytes"
    digest = hashlib.sha256()
    with source.open("rb", buffering=0) as file, target.open("xb", buffering=0) as copy:
        size = os.fstat(file.fileno()).st_size
        end = size if used is None else min(used, size)
        done = unsynced = 0
        while done < end and (part := file.read(min(_CHUNK_BYTES, end - done))):
            digest.update(part)
            write_all(copy.fileno(), part)
            done += len(part)
            unsynced += len(part)
            if unsynced >= _SYNC_BYTES:
                os.fdatasync(copy.fileno())
                unsynced = 0
        assert done <= end <= size, "no more is taken than is wanted"
        copy.truncate(size)
        for begin in range(done, size, _CHUNK_BYTES):
            digest.update(bytes(min(_CHUNK_BYTES, size - begin)))
        os.fsync(copy.fileno())
        # What is checked afterwards shall come from the disk.
        os.posix_fadvise(copy.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    shutil.copymode(source, target)
    return size, digest.hexdigest()


def unreadable(descriptor: int, size: int) -> str:
    """Where and why the first `size` bytes of a file cannot be read, in words; empty when they can.

    For what is read through a mapping afterwards: there a bad page of the disk ends the process without a word.
    """
    buffer = memoryview(bytearray(_CHUNK_BYTES))
    at, step = 0, _CHUNK_BYTES
    while at < size:
        try:
            count = os.preadv(descriptor, [buffer[: min(step, size - at)]], at)
        except OSError as error:
            if step > mmap.PAGESIZE:
                step = mmap.PAGESIZE  # to say where exactly
                continue
            return f"cannot be read at offset {at} ({error.strerror})"
        if not count:
            return f"ends at offset {at}, not at {size}"
        at += count
    return ""


def write_all(descriptor: int, data: Any) -> None:
    """Write every byte of a contiguous buffer, however many calls that takes. Raises OSError."""
    view = memoryview(data).cast("B")
    while len(view):
        view = view[os.write(descriptor, view) :]

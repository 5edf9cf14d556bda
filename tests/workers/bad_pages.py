"""Pages of files that the disk cannot give back any more."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

PAGE_BYTES = 4096


def break_page(monkeypatch: pytest.MonkeyPatch, path: Path, number: int) -> int:
    """From now on whoever reads this page of a file gets EIO; gives its offset."""
    read, place = os.preadv, number * PAGE_BYTES
    inode = path.stat().st_ino

    def preadv(descriptor: int, buffers: list[memoryview], offset: int) -> int:
        end = offset + sum(len(buffer) for buffer in buffers)
        if os.fstat(descriptor).st_ino == inode and offset < place + PAGE_BYTES and end > place:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(descriptor, buffers, offset)

    monkeypatch.setattr(os, "preadv", preadv)
    return place

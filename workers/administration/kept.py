"""Small files of a data directory that several processes change: written whole, durable, for the venue's user alone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workers.files import write_all

MODE = 0o600


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """A descriptor of the file, made if it is not there, for reading and appending, locked against other writers.

    Whoever makes it as root gives it to the owner of the directory, who has to read it. Raises OSError.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        owner = path.parent.stat()
        if os.geteuid() == 0 and os.fstat(descriptor).st_uid != owner.st_uid:
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        yield descriptor
    finally:
        os.close(descriptor)


def replace(path: Path, content: bytes) -> None:
    """Put a file in the place of the one before, of which a reader sees all or nothing. Raises OSError.

    Who may change it is the caller's business: see `opened`, of another file.
    """
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)
    with opened(temporary) as descriptor:
        write_all(descriptor, content)
        assert os.fstat(descriptor).st_size == len(content), "the file is whole before it has its name"
        os.fsync(descriptor)
    temporary.rename(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)

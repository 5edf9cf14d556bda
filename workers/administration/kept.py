"""Small files of a data directory that several processes change: written whole, durable, for the venue's user alone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from tradsys.errors import OperatingError
from workers.files import write_all
from workers.journal.segments import sync_directory

MODE = 0o600

Content = TypeVar("Content", bound=msgspec.Struct)
Stamp = tuple[int, int, int]


class KeptFile(Generic[Content]):
    """A file of JSON, of one type, whose fields all have defaults: that is what it says while it is not there."""

    def __init__(self, path: Path, kind: type[Content], unreadable: type[OperatingError]) -> None:
        """`unreadable` is raised where the file is, and is none of ours."""
        assert path.suffix not in {"", ".lock", ".new"}, "the lock and the next one are files of other names"
        assert not any(field.required for field in msgspec.structs.fields(kind)), "a missing file says something too"
        self.path = path
        self._kind = kind
        self._unreadable = unreadable

    def stamp(self) -> Stamp | None:
        """Another one after each change; None while there is no file. Raises OSError."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def read(self) -> Content:
        """What it says now. Raises what it was made with."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=self._kind)
        except FileNotFoundError:
            return self._kind()
        except (OSError, msgspec.DecodeError) as problem:
            raise self._unreadable(f"{self.path} cannot be read: {problem}") from problem

    def change(self, change: Callable[[Content], Content]) -> tuple[Content, Content]:
        """Let it say what `change` makes of it, durably; gives what it said, and what it says.

        What `change` raises is raised. Raises OSError, and as read() does.
        """
        with opened(self.path.with_suffix(".lock")):
            before = self.read()
            after = change(before)
            replace(self.path, msgspec.json.format(msgspec.json.encode(after)) + b"\n")
        return before, after


class Followed(Generic[Content]):
    """A kept file as a process follows it that runs for long. What cannot be read leaves what was read before."""

    def __init__(self, file: KeptFile[Content], beginning: Content) -> None:
        assert beginning == type(beginning)(), "what counts at first is what a missing file says"
        self.content = beginning
        self.trouble = ""
        """Why the content may not be what the file says; "" when it is."""
        self._file = file
        self._stamp: Stamp | None = None

    def look(self) -> bool:
        """Read it again if it has changed; whether anything is otherwise than before."""
        before = self.trouble
        try:
            stamp = self._file.stamp()
            if stamp == self._stamp:
                self.trouble = ""  # what was read stands there, also when something else did meanwhile
                return before != ""
            self.content, self.trouble = self._file.read(), ""
            self._stamp = stamp  # taken before the reading: what was written between the two is read again
        except (OSError, OperatingError) as problem:
            self.trouble = str(problem)
            return self.trouble != before
        return True


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
    assert content.endswith(b"\n"), "a file that people can read ends its last line"
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)
    with opened(temporary) as descriptor:
        write_all(descriptor, content)
        assert os.fstat(descriptor).st_size == len(content), "the file is whole before it has its name"
        os.fsync(descriptor)
    temporary.rename(path)
    sync_directory(path.parent)

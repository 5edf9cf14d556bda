"""Named POSIX shared memory, owned by the process that created it.

The first 4,096 bytes of a segment are its header, little-endian; the rest is the creator's to lay out:

     0       8        16     24       32          40            48       80
     +-------+--------+------+--------+-----------+-------------+--------+ - - - - - +
     | magic | layout | size | owner  | owner's   | created     | kind   | zero      |
     |  i64  | version| bytes| pid    | start time| ns of 1970  | 32 byte| up to 4096|
     +-------+--------+------+--------+-----------+-------------+--------+ - - - - - +

The owner's start time (clock ticks since the host booted) keeps a reused pid from being taken for the owner.
The magic is written last. A segment whose owner is gone, or that never got its magic, is *stale*: `create`
reclaims it. Creators hold a lock on the file while they judge or build, so two of them cannot both win.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import posix_ipc

from shm.arena import Arena

HEADER_BYTES = 4096
LAYOUT_VERSION = 1
KIND_BYTES_MAX = 32
_MAGIC = 0x4D48_5353_5944_5254
_DIRECTORY = Path("/dev/shm")  # noqa: S108 - where Linux keeps named shared memory
_HEADER = np.dtype(
    [
        ("magic", "<i8"),
        ("version", "<i8"),
        ("size", "<i8"),
        ("pid", "<i8"),
        ("start_time", "<i8"),
        ("created_ns", "<i8"),
        ("kind", f"S{KIND_BYTES_MAX}"),
    ]
)


class SegmentError(Exception):
    """A shared-memory segment cannot be used; the message says which and why."""


class SegmentNotFoundError(SegmentError):
    """There is no segment of this name."""


class InvalidSegmentError(SegmentError):
    """The segment exists, but is not what the caller expects: foreign, unfinished, or of another version."""


class SegmentInUseError(SegmentError):
    """The segment belongs to a live process, `pid`."""

    def __init__(self, name: str, pid: int) -> None:
        super().__init__(f"shared memory {name} is in use by process {pid}")
        self.pid = pid


class SharedMemoryFullError(SegmentError):
    """The host's shared memory has no room: `needed` and `free` in bytes."""

    def __init__(self, name: str, needed: int, free: int) -> None:
        super().__init__(f"shared memory {name} needs {needed:,} bytes, but {_DIRECTORY} has only {free:,} free")
        self.needed = needed
        self.free = free


class SegmentInfo(NamedTuple):
    """What a segment's header says; `alive` tells whether its owner still runs."""

    name: str
    kind: str
    size: int
    pid: int
    created_ns: int
    alive: bool


def process_start_time(pid: int) -> int:
    """When process `pid` started, in clock ticks since the host booted; 0 when it is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    # The second field is the command in parentheses, and may itself hold spaces and parentheses.
    fields = text[text.rindex(")") + 2 :].split()
    assert len(fields) > 19, "the kernel's line has the fields of proc(5)"
    return 0 if fields[0] in "ZX" else int(fields[19])


def free_bytes() -> int:
    """How many bytes of shared memory the host has left."""
    status = os.statvfs(_DIRECTORY)
    free = status.f_bavail * status.f_frsize
    assert free >= 0, "no host has less than nothing left"
    return free


class Segment:
    """One named segment, mapped into this process. Made by `create` or `attach`, never directly."""

    def __init__(self, name: str, mapped: mmap.mmap, *, reclaimed: bool = False) -> None:
        header = _header_of(mapped)
        assert header["magic"] == _MAGIC, "only a finished segment is used"
        assert header["size"] == len(mapped), "all of the segment is mapped"
        self.name = name
        self.size = len(mapped) - HEADER_BYTES
        self.kind = header["kind"].decode()
        self.owner_pid = int(header["pid"])
        self.created_ns = int(header["created_ns"])
        self.reclaimed = reclaimed
        """True when `create` found a stale segment of this name and made this one in its place."""
        self._map: mmap.mmap | None = mapped

    @classmethod
    def create(cls, name: str, size: int, kind: str) -> Segment:
        """A new zeroed segment of `size` usable bytes, owned by this process; its memory is really allocated.

        Raises SegmentInUseError, InvalidSegmentError when the name is taken by something foreign,
        SharedMemoryFullError, ValueError for a bad name, size or kind.
        """
        _check_arguments(name, size, kind)
        reclaimed = False
        while True:
            reclaimed = _remove_stale(name) or reclaimed
            descriptor = _open(name, posix_ipc.O_CREX)
            if descriptor is None:
                continue  # another creator was faster: judge what it made
            try:
                with _locked(descriptor):
                    if not _is_named(descriptor, name):
                        continue  # taken for a crashed creator's before the lock was held
                    mapped = _build(descriptor, name, size, kind)
            finally:
                os.close(descriptor)
            made = cls(name, mapped, reclaimed=reclaimed)
            assert made.owner_pid == os.getpid(), "a segment belongs to whoever made it"
            assert made.size == size, "what was asked for can be used, the header not counted"
            return made

    @classmethod
    def attach(cls, name: str, kind: str | None = None) -> Segment:
        """An existing segment, of whatever process; with `kind`, only one of that kind.

        Raises SegmentNotFoundError, InvalidSegmentError.
        """
        descriptor = _open(name, 0)
        if descriptor is None:
            raise SegmentNotFoundError(f"there is no shared memory {name}")
        try:
            size = os.fstat(descriptor).st_size
            if size < HEADER_BYTES:
                raise InvalidSegmentError(f"shared memory {name} has {size} bytes and no header")
            mapped = mmap.mmap(descriptor, size)
        finally:
            os.close(descriptor)
        _check_header(name, _header_of(mapped), size, kind)
        return cls(name, mapped)

    @property
    def alive(self) -> bool:
        """Whether the process that created the segment still runs."""
        return self._map is not None and _is_owned(_header_of(self._map))

    def arena(self) -> Arena:
        """An arena over the whole usable memory, from its start. Raises SegmentError after `close`."""
        if self._map is None:
            raise SegmentError(f"shared memory {self.name} is closed")
        usable = memoryview(self._map)[HEADER_BYTES:]
        assert len(usable) == self.size, "everything behind the header is the creator's"
        return Arena(usable)

    def close(self) -> None:
        """Let go of the memory. It stays mapped for as long as an array of it lives, so none can dangle."""
        mapped, self._map = self._map, None
        if mapped is not None:
            # While arrays still point into it, it cannot be unmapped: it is, with the last of them.
            with suppress(BufferError):
                mapped.close()

    def unlink(self) -> None:
        """Remove the name; the memory goes when the last process lets go of it. Harmless when already removed."""
        _unlink(self.name)


def list_segments(prefix: str) -> list[SegmentInfo]:
    """The finished segments whose names begin with `prefix` ("/tradsys-..."), sorted by name."""
    assert prefix.startswith("/"), "a segment's name begins with a slash"
    found = []
    for path in sorted(_DIRECTORY.glob("*")):
        name = f"/{path.name}"
        if not name.startswith(prefix):
            continue
        header = _read_header(path)
        if header is not None and header["magic"] == _MAGIC:
            kind = header["kind"].decode(errors="replace")
            size = int(header["size"]) - HEADER_BYTES
            alive = _is_owned(header)
            found.append(SegmentInfo(name, kind, size, int(header["pid"]), int(header["created_ns"]), alive))
    return found


def unlink_all(prefix: str) -> list[str]:
    """Remove every segment of ours whose name begins with `prefix`, whoever owns it; gives the names."""
    assert len(prefix) > 1, "never those of every venue of the host"
    names = [segment.name for segment in list_segments(prefix)]
    for name in names:
        _unlink(name)
    return names


def _check_arguments(name: str, size: int, kind: str) -> None:
    if not name.startswith("/") or "/" in name[1:] or not 2 <= len(name) <= 255:
        raise ValueError(f"a segment's name is a slash and up to 254 characters without one, not {name!r}")
    if size <= 0:
        raise ValueError(f"a segment needs a size above zero, not {size}")
    if len(kind.encode()) > KIND_BYTES_MAX:
        raise ValueError(f"a segment's kind has at most {KIND_BYTES_MAX} bytes, {kind!r} is longer")


def _header_of(buffer: Any) -> Any:
    """A copy: an array into the map would keep `close` from unmapping it."""
    assert len(buffer) >= _HEADER.itemsize, "there is room for a header"
    return np.frombuffer(bytes(buffer[: _HEADER.itemsize]), _HEADER)[0]


def _check_header(name: str, header: Any, size: int, kind: str | None) -> None:
    assert size >= HEADER_BYTES, "what is too short for a header has none to check"
    if header["magic"] != _MAGIC:
        raise InvalidSegmentError(f"shared memory {name} is not a finished segment of this program")
    if header["version"] != LAYOUT_VERSION:
        raise InvalidSegmentError(
            f"shared memory {name} has layout version {header['version']}, this program needs {LAYOUT_VERSION}"
        )
    if header["size"] != size:
        raise InvalidSegmentError(f"shared memory {name} has {size} bytes, its header says {header['size']}")
    if kind is not None and header["kind"] != kind.encode():
        raise InvalidSegmentError(f"shared memory {name} is of kind {header['kind'].decode()!r}, not {kind!r}")


def _is_owned(header: Any) -> bool:
    started = process_start_time(int(header["pid"]))
    return started != 0 and started == int(header["start_time"])


def _open(name: str, flags: int) -> int | None:
    """A descriptor of the segment; None when it exists (O_CREX) or does not exist (otherwise)."""
    try:
        return int(posix_ipc.SharedMemory(name, flags, mode=0o600).fd)
    except posix_ipc.ExistentialError:
        return None


def _unlink(name: str) -> None:
    with suppress(posix_ipc.ExistentialError):  # somebody else removed it
        posix_ipc.unlink_shared_memory(name)


@contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _is_named(descriptor: int, name: str) -> bool:
    """Whether `name` still leads to this very file: it may have been removed, and made anew, meanwhile."""
    assert name.startswith("/"), "the file has the name without its slash"
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(_DIRECTORY / name[1:]))
    except FileNotFoundError:
        return False


def _read_header(path: Path) -> Any:
    """What stands where a file's header should be, or None when the file is too short for one."""
    try:
        with path.open("rb") as file:
            data = file.read(_HEADER.itemsize)
    except OSError:
        return None  # gone, a directory, or another user's
    if len(data) < _HEADER.itemsize:
        return None
    return _header_of(data)


def _remove_stale(name: str) -> bool:
    """Unlink the segment if its owner is gone; gives whether it did. Raises SegmentInUseError if it lives."""
    descriptor = _open(name, 0)
    if descriptor is None:
        return False
    try:
        # The lock waits for a creator that is still building, and shuts out other reclaimers.
        with _locked(descriptor):
            if not _is_named(descriptor, name):
                return False
            header = _read_header(_DIRECTORY / name[1:])
            if header is not None and header["magic"] not in (0, _MAGIC):
                raise InvalidSegmentError(f"shared memory {name} exists and is not of this program")
            if header is not None and header["magic"] == _MAGIC and _is_owned(header):
                raise SegmentInUseError(name, int(header["pid"]))
            _unlink(name)
            return True
    finally:
        os.close(descriptor)


def _build(descriptor: int, name: str, size: int, kind: str) -> mmap.mmap:
    """Give a new segment its memory and its header; removes it again when that fails."""
    whole = HEADER_BYTES + size
    assert size > 0, "the arguments were checked"
    assert len(kind.encode()) <= KIND_BYTES_MAX, "numpy would cut the kind off in silence"
    assert os.fstat(descriptor).st_size == 0, "a new segment is empty"
    try:
        # Reserved now, or the first touch of a page that the host does not have would kill with SIGBUS.
        os.posix_fallocate(descriptor, 0, whole)
        mapped = mmap.mmap(descriptor, whole)
    except OSError as error:
        _unlink(name)
        if error.errno in (errno.ENOSPC, errno.ENOMEM, errno.EFBIG):
            raise SharedMemoryFullError(name, whole, free_bytes()) from error
        raise
    header = np.zeros(1, _HEADER)
    header["version"] = LAYOUT_VERSION
    header["size"] = whole
    header["pid"] = os.getpid()
    header["start_time"] = process_start_time(os.getpid())
    header["created_ns"] = time.time_ns()
    header["kind"] = kind.encode()
    assert header["start_time"][0] != 0, "this process lives"
    mapped[: _HEADER.itemsize] = header.tobytes()
    mapped[:8] = _MAGIC.to_bytes(8, "little")
    return mapped

"""The host as the checks see it: files below a root, and a few questions that no file answers."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

_TIMEX_BYTES = 512  # more than struct timex has anywhere
_PROBE_BYTES = 4096


class Space(NamedTuple):
    """Bytes and inodes of a filesystem."""

    total: int
    free: int
    inodes: int
    free_inodes: int


class Needs(NamedTuple):
    """What the venue that is meant asks of its host. `process`: whose limits count, its own number or "self"."""

    data_directory: Path
    shared_memory_bytes: int
    segment_bytes: int
    journal_level: str
    cores: list[int]
    core_workers: int
    gateways: int
    process: str = "self"
    lock_memory: bool = False


def space_of(path: Path) -> Space:
    """The filesystem that this path, or the nearest parent that exists, lies on."""
    status = os.statvfs(existing(path))
    return Space(status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize, status.f_files, status.f_favail)


def existing(path: Path) -> Path:
    """The path, or the nearest of its parents that exists."""
    return next(candidate for candidate in (path, *path.parents) if candidate.exists())


def sync_times_ns(directory: Path, count: int) -> list[int]:
    """How long each of so many small writes with fdatasync takes, in a file that is gone afterwards. Raises OSError."""
    path = existing(directory) / f".tradsys-doctor-{os.getpid()}"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        path.unlink()
        # Over a file that is there, as the journal writes: growing it would be measured as well.
        os.pwrite(descriptor, bytes(_PROBE_BYTES * count), 0)
        os.fsync(descriptor)
        taken = []
        for number in range(count):
            started = time.perf_counter_ns()
            os.pwrite(descriptor, b"x" * _PROBE_BYTES, _PROBE_BYTES * number)
            os.fdatasync(descriptor)
            taken.append(time.perf_counter_ns() - started)
        return taken
    finally:
        os.close(descriptor)


def clock_state() -> int:
    """What adjtimex(2) says of the clock: 5 when nothing keeps it right, negative when it cannot be asked."""
    return int(ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))


class Host:
    """A host whose /proc, /sys, /etc and /run lie below `root`; the questions can be answered by a test."""

    def __init__(
        self,
        root: Path = Path("/"),
        *,
        space: Callable[[Path], Space] = space_of,
        sync_times: Callable[[Path, int], list[int]] = sync_times_ns,
        clock: Callable[[], int] = clock_state,
    ) -> None:
        self.root = root
        self.space = space
        self.sync_times = sync_times
        self.clock = clock

    def text(self, name: str) -> str:
        """What a file says, without the white space around; empty when it is not there or not for us."""
        try:
            return (self.root / name).read_text(errors="replace").strip()
        except OSError:
            return ""

    def number(self, name: str) -> int | None:
        """The number that a file holds; None when it is not there or holds something else."""
        text = self.text(name)
        return int(text) if text.lstrip("-").isdigit() else None

    def chosen(self, name: str, opening: str = "[", closing: str = "]") -> str:
        """Of a file such as `always [madvise] never`, the word that is marked."""
        return self.text(name).partition(opening)[2].partition(closing)[0]

    def mount_of(self, path: Path) -> tuple[str, list[str]]:
        """Kind and options of the filesystem of a path, by /proc/mounts; an empty kind when there is none."""
        best: tuple[int, str, list[str]] = (-1, "", [])
        for line in self.text("proc/mounts").splitlines():
            _, place, kind, options, *_ = line.split()
            if path.is_relative_to(place) and len(place) >= best[0]:  # of two at one place the later counts
                best = (len(place), kind, options.split(","))
        return best[1:]

    def limit(self, process: str, name: str) -> int | None:
        """The soft limit of a process, as /proc/<process>/limits names it; None when it is not limited or not known."""
        for line in self.text(f"proc/{process}/limits").splitlines():
            if line.startswith(name):
                value = line.removeprefix(name).split()[0]
                return int(value) if value.isdigit() else None
        return None

    def capabilities(self, process: str) -> int:
        """The effective capabilities of a process, a bit each (capabilities(7)); 0 when they are not known."""
        lines = self.text(f"proc/{process}/status").splitlines()
        return next((int(line.split()[1], 16) for line in lines if line.startswith("CapEff:")), 0)


def numbers(text: str) -> list[int]:
    """The numbers of a list such as `0-2,5`."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdigit():
            found += range(int(first), int(last or first) + 1)
    return found

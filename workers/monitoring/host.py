"""What the host says about itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple, Protocol

import psutil


class Disk(NamedTuple):
    """The disk of a directory. Where a file system has no fixed number of inodes, both counts of them are 0."""

    bytes: int
    free_bytes: int
    """For those who are not root."""
    inodes: int
    free_inodes: int
    is_writable: bool


class Usage(NamedTuple):
    """What a process uses. `started_seconds`: when it was started, since 1970."""

    started_seconds: float
    cpu_seconds: float
    resident_bytes: int
    descriptors: int
    descriptors_max: int


class Host(Protocol):
    """What probes ask; tests have another one."""

    def memory_percent(self) -> int:
        """How much of the memory is in use."""

    def cpu_percent(self) -> int:
        """How much of the time of the cores that matter went by in use since the last question."""

    def disk(self, directory: Path) -> Disk:
        """The disk of a directory. Raises OSError."""

    def usage(self, pid: int) -> Usage | None:
        """What a process uses; None when it is gone."""


class ThisHost:
    """The host that this process runs on."""

    def __init__(self, cores: list[int]) -> None:
        """`cores`: those whose time matters."""
        assert cores, "somebody works on some core"
        assert len(set(cores)) == len(cores), "a core counts once"
        self._cores = cores
        psutil.cpu_percent(percpu=True)  # from here on it tells what came since the question before

    def memory_percent(self) -> int:
        """How much of the memory is in use."""
        return round(psutil.virtual_memory().percent)

    def cpu_percent(self) -> int:
        """How much of the time of the cores that matter went by in use since the last question."""
        busy = dict(enumerate(psutil.cpu_percent(percpu=True)))
        usable = [busy[core] for core in self._cores if core in busy]
        return round(sum(usable) / max(len(usable), 1))

    def disk(self, directory: Path) -> Disk:
        """The disk of a directory. Raises OSError."""
        found = os.statvfs(directory)
        is_writable = not found.f_flag & os.ST_RDONLY and os.access(directory, os.W_OK | os.X_OK)
        unit = found.f_frsize
        return Disk(found.f_blocks * unit, found.f_bavail * unit, found.f_files, found.f_favail, is_writable)

    def usage(self, pid: int) -> Usage | None:
        """What a process uses; None when it is gone."""
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                times = process.cpu_times()
                return Usage(
                    process.create_time(),
                    times.user + times.system,
                    process.memory_info().rss,
                    process.num_fds(),
                    process.rlimit(psutil.RLIMIT_NOFILE)[0],
                )
        except (psutil.Error, OSError):
            return None

"""A disk that can lose power: real files, and a record of what of them would still be there.

While it is attached, this process's calls of `os` that write, name or sync files below its root go by way of it. What
was synced is durable. Of the rest, a loss of power leaves some sectors as they were, some as they should have become,
and some torn in the middle; names that were not synced come or stay away.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from tests.simulation.scheduler import Scheduler

SECTOR_BYTES = 512
_CALLS = ("open", "rename", "replace", "unlink", "pwrite", "posix_fallocate", "ftruncate")
_SYNCS = ("fsync", "fdatasync")


_MOODS = ["kept", *["lost"] * 5, *["mixed"] * 18]


class CrashError(BaseException):
    """The process is gone, between two calls of the system. No error that the code under test could handle."""


class Disk:
    """What is durable of the files below `root`."""

    def __init__(self, root: Path, scheduler: Scheduler) -> None:
        self.root = root
        self._scheduler = scheduler
        self._durable: dict[int, bytes] = {}
        """By inode: the content that is safe."""
        self._names: dict[str, dict[str, int]] = {}
        """By directory: the names that are safe, and the inode of each."""
        self._opened: dict[int, int] = {}
        """Descriptors that the code under test has opened, and their inodes."""
        self._calls_left = -1
        self._is_dead = False
        self._errno = 0
        self._unsafe: dict[int, bool] = {}
        """Inodes of which a sync has failed: what was written may be gone, and later syncs say nothing about it."""

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Let the calls go by way of this disk."""
        with ExitStack() as patches:
            for name in _CALLS:
                patches.enter_context(mock.patch.object(os, name, self._counted(getattr(os, name))))
            for name in _SYNCS:
                patches.enter_context(mock.patch.object(os, name, self._sync))
            yield

    def close(self) -> None:
        """Close what processes that are gone have left open."""
        for descriptor, inode in self._opened.items():
            try:
                if os.fstat(descriptor).st_ino == inode:
                    os.close(descriptor)
            except OSError:
                continue  # it was closed
        self._opened.clear()

    # Crashes of processes.

    def arm(self, calls: int) -> None:
        """The process dies after so many calls; with a negative number it lives."""
        self._calls_left = calls

    @contextmanager
    def dead(self) -> Iterator[None]:
        """What is called now is only to tidy up after a process that is gone: it has no effect."""
        self._is_dead = True
        try:
            yield
        finally:
            self._is_dead = False

    # Failures.

    @property
    def fails(self) -> bool:
        return self._errno != 0

    def fail(self, number: int) -> None:
        """From now on every call fails with this errno; 0: none does."""
        self._errno = number

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*arguments: Any, **named: Any) -> Any:
            self._count()
            result = call(*arguments, **named)
            if call.__name__ == "pwrite":
                self._written(*arguments)
            if call.__name__ == "open" and _path_of(result).is_relative_to(self.root):
                self._opened[result] = os.fstat(result).st_ino
            return result

        return instead

    def _written(self, descriptor: int, content: bytes, offset: int) -> None:
        """A file of which a sync has failed is whole again when all that it holds is written once more."""
        inode = os.fstat(descriptor).st_ino
        if inode in self._unsafe and offset == 0:
            held = Path(f"/proc/self/fd/{descriptor}").read_bytes().rstrip(b"\0")
            if len(content) >= len(held):
                del self._unsafe[inode]

    def _count(self) -> None:
        if self._calls_left == 0 and not self._is_dead:
            self._calls_left = -1
            raise CrashError
        self._calls_left -= self._calls_left > 0
        if self._errno and not self._is_dead:
            raise OSError(self._errno, os.strerror(self._errno))

    # What is durable.

    def _sync(self, descriptor: int) -> None:
        if self._errno and not self._is_dead:
            self.not_synced(_path_of(descriptor))
        self._count()
        if not self._is_dead:
            self.synced(descriptor)

    def synced(self, descriptor: int) -> None:
        """The file or directory has been synced: it is safe as it is now."""
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            path = _path_of(descriptor)
            self._names[str(path)] = _inodes(path)
        elif status.st_ino not in self._unsafe:
            self._durable[status.st_ino] = Path(f"/proc/self/fd/{descriptor}").read_bytes()

    def not_synced(self, path: Path) -> None:
        """A sync of the file has failed."""
        self._unsafe[path.stat().st_ino] = True

    def keep(self, path: Path) -> None:
        """The file's content has been synced past this disk, by a kernel."""
        if path.stat().st_ino not in self._unsafe:
            self._durable[path.stat().st_ino] = path.read_bytes()

    def sync_all(self) -> None:
        """Everything is safe, as after a restore."""
        self._durable.clear()
        self._names.clear()
        self._unsafe.clear()
        for directory in self._directories():
            self._names[str(directory)] = _inodes(directory)
            for path in _files(directory):
                self._durable[path.stat().st_ino] = path.read_bytes()

    def lose_power(self) -> int:
        """Of what was not synced something is lost, torn, out of order, or nothing is; gives how many files changed.

        Processes that have the files open or mapped must be gone.
        """
        changed = 0
        with self.dead():
            for directory in self._directories():
                for path in _files(directory):
                    written = path.read_bytes()
                    left = self._left_of(self._durable.get(path.stat().st_ino, b""), written)
                    if left != written:
                        changed += 1
                        path.write_bytes(left)
                changed += self._lose_names(directory)
        self.sync_all()
        return changed

    def _left_of(self, durable: bytes, written: bytes) -> bytes:
        """What a file is found to hold that was safe as `durable` and was written since."""
        if durable == written:
            return written
        dice = self._scheduler.dice
        mood = dice.choice(_MOODS)
        if mood == "kept":
            return written
        size = dice.choice([len(durable), len(written)])
        old, new = durable[:size].ljust(size, b"\0"), written[:size].ljust(size, b"\0")
        if mood == "lost":
            return old
        sectors = []
        for start in range(0, size, SECTOR_BYTES):
            end = start + SECTOR_BYTES
            torn = start + dice.choice([0, SECTOR_BYTES, SECTOR_BYTES, dice.randrange(SECTOR_BYTES)])
            sectors.append(new[start:torn] + old[torn:end])
        left = b"".join(sectors)
        return left if left != written else old

    def _lose_names(self, directory: Path) -> int:
        """Names that came, went or changed since the directory was synced may do so or not; gives how many did not."""
        safe, now = self._names.get(str(directory), {}), _inodes(directory)
        lost = 0
        for name, inode in now.items():
            earlier = next((each for each in safe if safe[each] == inode), None)
            if earlier == name or self._scheduler.happens(50):
                continue
            lost += 1
            (directory / name).unlink() if earlier is None else (directory / name).rename(directory / earlier)
        for name in sorted(safe.keys() - _inodes(directory).keys()):
            if safe[name] not in now.values() and (name in now or self._scheduler.happens(50)):
                lost += 1
                (directory / name).write_bytes(self._durable.get(safe[name], b""))
        return lost

    def _directories(self) -> list[Path]:
        return sorted(Path(path) for path, _, _ in os.walk(self.root))


def _path_of(descriptor: int) -> Path:
    return Path(os.readlink(f"/proc/self/fd/{descriptor}"))


def _inodes(directory: Path) -> dict[str, int]:
    return {path.name: path.stat().st_ino for path in _files(directory)}


def _files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.iterdir() if path.is_file())

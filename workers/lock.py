"""The lock of a data directory: one venue at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from tradsys.errors import InfrastructureError, OperatingError
from workers.directories import make_directory

_FILE = "lock"


class DirectoryInUseError(OperatingError, InfrastructureError):
    """Another venue has the data directory; `pid` is its supervisor's, 0 when it has not said so yet."""

    CODE = "directory_in_use"

    def __init__(self, directory: Path, pid: int) -> None:
        who = f" (process {pid})" if pid else ""
        super().__init__(
            f"a venue{who} already runs in {directory}: stop it first, or name another directory with --data-dir"
        )
        self.pid = pid


class UnusableDirectoryError(OperatingError, InfrastructureError):
    """The venue cannot make its data directory or write to it."""

    CODE = "directory_unusable"

    def __init__(self, directory: Path, error: OSError) -> None:
        super().__init__(
            f"the venue cannot write to its data directory {directory}: {error.strerror}; "
            "it needs one that it may write to, with free space: name it with --data-dir"
        )


class DirectoryLock:
    """Holds a data directory for this process. The system frees it with the process, however that ends."""

    def __init__(self, directory: Path) -> None:
        """Make the directory where needed and lock it. Raises DirectoryInUseError, UnusableDirectoryError."""
        try:
            make_directory(directory)
            self._descriptor = os.open(directory / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise UnusableDirectoryError(directory, error) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._descriptor, 0)
            assert not self.released, "a lock that is held has a descriptor"
            os.write(self._descriptor, f"{os.getpid()}\n".encode())
        except BlockingIOError:
            text = os.read(self._descriptor, 32).decode(errors="replace").strip()
            os.close(self._descriptor)
            raise DirectoryInUseError(directory, int(text) if text.isdigit() else 0) from None
        except OSError as error:
            os.close(self._descriptor)
            raise UnusableDirectoryError(directory, error) from error

    @property
    def released(self) -> bool:
        """Whether the directory has been given back."""
        return self._descriptor < 0

    def release(self) -> None:
        """Let another venue have the directory. Harmless when done already."""
        if self._descriptor >= 0:
            # The file stays: removing it could take the lock away from somebody who has just opened it.
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = -1
        assert self.released, "what is given back is not held any more"

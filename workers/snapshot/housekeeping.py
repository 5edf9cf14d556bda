"""What stays on disk: how many snapshots, and what becomes of segments that no kept snapshot needs."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Literal

from tradsys.errors import InfrastructureError, OperatingError
from workers.files import copy_file
from workers.journal.reader import FAR
from workers.journal.segments import list_segments, sequence_of, sync_directory
from workers.snapshot.files import UNFINISHED, list_snapshots

_LOCK = "snapshots.lock"
_HOUR_SECONDS = 3600

Policy = Literal["keep", "archive", "drop"]


class BusyError(OperatingError, InfrastructureError):
    """Somebody else takes a snapshot or a backup of this venue just now."""

    CODE = "maintenance_under_way"


@contextmanager
def snapshot_lock(directory: Path) -> Iterator[None]:
    """Be alone in making and removing snapshots and old segments. Raises BusyError."""
    descriptor = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(f"a snapshot or a backup is being made in {directory} just now; try again") from None
        for unfinished in directory.glob(f"*{UNFINISHED}"):
            unfinished.unlink()
        yield
    finally:
        os.close(descriptor)


def prune_snapshots(directory: Path, keep: int, keep_hours: float, needed: int = FAR) -> list[Path]:
    """Remove snapshots beyond the newest `keep` that are older than `keep_hours`; gives those that are gone.

    `needed`: how far the slowest shard is, and how far back the history may have to go. Over the memory that there is
    a shard starts from no snapshot behind that, nor does a recorder.
    """
    assert keep > 0, "a venue keeps a snapshot"
    assert keep_hours >= 0, "an age"
    limit = time.time() - keep_hours * _HOUR_SECONDS
    paths = list_snapshots(directory)
    of_use = sum(sequence_of(path) <= needed for path in paths)
    dispensable = paths[: max(min(len(paths) - keep, of_use - 1), 0)]
    gone = [path for path in dispensable if path.stat().st_mtime < limit]
    assert not paths or paths[-1] not in gone, "the newest snapshot stays"
    assert len(paths) - len(gone) >= min(keep, len(paths)), "as many stay as are to be kept"
    assert of_use == 0 or paths[of_use - 1] not in gone, "and the newest that whoever is slowest can begin with"
    for path in gone:
        path.unlink()
    return gone


def unneeded_segments(directory: Path, needed: int = FAR) -> list[Path]:
    """Segments of which the oldest snapshot makes every record dispensable, oldest first. `needed`: as above."""
    snapshots = list_snapshots(directory)
    if not snapshots or sequence_of(snapshots[0]) > needed:
        return []
    segments = list_segments(directory)
    dispensable = sequence_of(snapshots[0])
    unneeded = [path for path, following in pairwise(segments) if sequence_of(following) <= dispensable + 1]
    assert not segments or segments[-1] not in unneeded, "the segment that is being written stays"
    assert unneeded == segments[: len(unneeded)], "the log goes from its beginning"
    assert not unneeded or sequence_of(segments[len(unneeded)]) <= dispensable + 1, "what is behind the snapshot stays"
    return unneeded


def clear_segments(directory: Path, policy: Policy, archive: Path, needed: int = FAR) -> list[Path]:
    """Do with the unneeded segments what the policy says; gives them. `needed`: as above. Raises OSError."""
    if policy == "keep":
        return []
    unneeded = unneeded_segments(directory, needed)
    assert all(sequence_of(path) <= needed for path in unneeded), "what the slowest reader has not seen stays"
    for path in unneeded:
        if policy == "archive":
            _archive(path, archive)
        path.unlink()
    if unneeded:
        sync_directory(directory)
    return unneeded


def _archive(path: Path, archive: Path) -> None:
    """A durable copy in another directory, which may be on another disk."""
    archive.mkdir(parents=True, exist_ok=True)
    if archive.samefile(path.parent):
        raise OSError(f"{archive} is where the journal itself is; set snapshots.archive to another directory")
    temporary = archive / f"{path.name}.new"
    temporary.unlink(missing_ok=True)  # of an attempt that was cut short
    copy_file(path, temporary)
    temporary.rename(archive / path.name)
    sync_directory(archive)

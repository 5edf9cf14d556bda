"""What stays on disk: how many snapshots, and what becomes of segments that no kept snapshot needs."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Literal

from tradsys.errors import InfrastructureError, OperatingError
from workers.directories import make_directory
from workers.files import copy_file
from workers.journal.place import read_up_to
from workers.journal.reader import FAR
from workers.journal.segments import JournalError, list_segments, sequence_of, sync_directory
from workers.snapshot.files import UNFINISHED, Heading, Snapshot, SnapshotError, list_snapshots

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
        _remove_unfinished(directory)
        try:
            yield
        except Exception:
            _remove_unfinished(directory)  # half a file takes up the room that is missing, also to the journal
            raise
    finally:
        os.close(descriptor)


def _remove_unfinished(directory: Path) -> None:
    for unfinished in directory.glob(f"*{UNFINISHED}"):
        unfinished.unlink()


def snapshots_until(directory: Path, end: int) -> list[Path]:
    """The snapshots beside a log that ends with sequence `end`, oldest first: what is kept, and the newest as the last.

    Later ones are of an end that the log has lost. Nobody can begin with them, however young they are.
    """
    assert end >= 0, "records are numbered from 1"
    return [path for path in list_snapshots(directory) if sequence_of(path) <= end]


def remove_strays(directory: Path, after: int, end: int, tell: Callable[[str], None]) -> list[Path]:
    """Remove snapshots behind sequence `after` and before `end` where the log has other records; gives them.

    They are of an end that it has lost, and has grown beyond since. `tell` is told of each. Those that are ahead of the
    log stay: its end may come back. So does what cannot be read, or is of another venue.
    """
    assert 0 <= after <= end, "a part of the log"
    strays = [path for path in snapshots_until(directory, end - 1) if sequence_of(path) > after and _is_stray(path)]
    assert all(after < sequence_of(path) < end for path in strays), "what was begun with and what was just taken stay"
    for path in strays:
        path.unlink()
        tell(f"removed a snapshot of an end that the log has lost: {path}")
    return strays


def _is_stray(path: Path) -> bool:
    try:
        with Snapshot(path) as snapshot:
            return _is_passed_by(path.parent, snapshot.heading)
    except (SnapshotError, JournalError):
        return False


def _is_passed_by(directory: Path, heading: Heading) -> bool:
    """Whether the venue's log goes past this place with other records, so that it never leads there."""
    reader = read_up_to(directory, heading.sequence)
    if reader is None or reader.sequence < heading.sequence or reader.venue != heading.venue:
        return False  # what is there is not known, or not any more
    return (reader.sequence, reader.chain) != (heading.sequence, heading.chain)


def prune_snapshots(directory: Path, end: int, keep: int, keep_hours: float, needed: int = FAR) -> list[Path]:
    """Remove snapshots beyond the newest `keep` that are older than `keep_hours`; gives those that are gone.

    `end`: with which the log ends. `needed`: the snapshot with which a start over the memory that there is begins, or
    the recorder, whichever is older, or any sequence before the next one; 0: the log's first record.
    """
    assert keep > 0, "a venue keeps a snapshot"
    assert keep_hours >= 0, "an age"
    limit = time.time() - keep_hours * _HOUR_SECONDS
    paths = snapshots_until(directory, end)
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
    """A durable copy in another directory, which may be on another disk; read back, for soon it is the only one."""
    make_directory(archive)
    if archive.samefile(path.parent):
        raise OSError(f"{archive} is where the journal itself is; set snapshots.archive to another directory")
    target, temporary = archive / path.name, archive / f"{path.name}.new"
    if target.exists() and _hash_of(target) != _hash_of(path):
        raise OSError(
            f"{target}: there is another segment of this name; {path} stays where it is. Set snapshots.archive to a "
            f"directory of this venue alone, or move that file elsewhere"
        )
    temporary.unlink(missing_ok=True)  # of an attempt that was cut short
    _, written = copy_file(path, temporary)
    if _hash_of(temporary) != written:
        raise OSError(f"{temporary}: reads otherwise than it was written; {path} stays where it is")
    temporary.rename(target)
    sync_directory(archive)


def _hash_of(path: Path) -> str:
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

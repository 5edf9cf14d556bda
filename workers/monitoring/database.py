"""Whether the data directory, which is the venue's database, keeps what it is given: tried every few seconds.

A file is written and synced there; what the journal has written to its last file since the last time is read, with all
its checksums, as a start would read it; and the newest snapshot is opened. That is done in a thread of the monitor,
which the disk may hold up: nobody who trades waits for it.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from tradsys import logging
from workers.journal.beside import Beside
from workers.journal.reader import JournalReader
from workers.journal.segments import JournalError, list_segments, sequence_of
from workers.journal.survey import first_needed
from workers.monitoring.probes import UNREADABLE, UNWRITABLE, WELL
from workers.snapshot.files import Snapshot, SnapshotError
from workers.snapshot.housekeeping import snapshots_until

_LOOK_SECONDS = 5.0
_STUCK_NS = 10_000_000_000
"""A look that takes longer is held up by the disk."""
_CLOSE_SECONDS = 1.0
_PAGE = bytes(4096)


class Kept(NamedTuple):
    """What one look has found. `state`: WELL, UNWRITABLE or UNREADABLE.

    `snapshot`: the log sequence of the newest snapshot of this log that can be read, 0 when there is none.
    """

    state: int
    snapshot: int


class Database(Protocol):
    """What probes ask; tests have another one."""

    def kept(self) -> Kept | None:
        """What the last look has found; None before the first one."""


class DataDirectory:
    """One data directory, and how far its journal has been read."""

    def __init__(self, directory: Path, end: Callable[[], int]) -> None:
        """`directory`: the one with the journal's files is in it. `end` gives the log's durable end."""
        self._directory = directory
        self._end = end
        self._journal = directory / "journal"
        self._files: list[Path] = []
        self._reader: JournalReader | None = None
        self._is_damaged = False
        """Whether what the reader stands before could not be read."""
        self._log = logging.logger("monitor")
        self._told = ""

    def look(self) -> Kept:
        """Try everything once. What is wrong is logged, once."""
        state, why = self._try()
        assert state == WELL or why, "what is wrong is told"
        if why and why != self._told:
            self._log.error("the data directory does not keep what it is given", why=why)
        self._told = why
        return Kept(state, _newest_readable(self._journal, self._end()))

    def _try(self) -> tuple[int, str]:
        try:
            _write(self._directory)
        except OSError as error:
            return UNWRITABLE, f"{self._directory}: {error.strerror or error}"  # the file has no name of interest
        try:
            self._check_files()
            self._read_on()
        except (JournalError, OSError) as error:
            return UNREADABLE, str(error)
        return WELL, ""

    def _check_files(self) -> None:
        """That none is gone but those that snapshots have made up for. Raises JournalError, OSError."""
        found = list_segments(self._journal)
        present = set(found)
        needed = first_needed(self._journal, self._end())
        assert found == sorted(found), "files are in the order of the log"
        assert needed >= 1, "records are numbered from 1"
        for path in self._files:
            if path not in present and sequence_of(path) >= needed:
                raise JournalError(f"{path}: the file is gone; restore it from a backup")
        self._files = found

    def _read_on(self) -> None:
        """Read what is new of the journal's last file, or from what was wrong on. Raises JournalError, OSError.

        Never more: at millions of orders a second that would be many files, and the disk has them to write.
        """
        reader = self._reader
        if reader is None or (not self._is_damaged and self._files and reader.end()[0] != self._files[-1]):
            reader = self._from_last_file()
        self._reader, self._is_damaged = reader, True  # until all of it has been read
        try:
            _read_to_end(reader)
        except JournalError:
            self._reader = self._anew(reader)
            _read_to_end(self._reader)
        self._is_damaged = False

    def _from_last_file(self) -> JournalReader:
        return JournalReader(self._journal, after=sequence_of(self._files[-1]) - 1 if self._files else 0)

    def _anew(self, reader: JournalReader) -> JournalReader:
        """Another reader of the file where something was wrong; of the last one when that was dropped meanwhile."""
        path, _ = reader.end()
        assert path is None or path.parent == self._journal, "a file of this journal"
        if path is None or not path.exists():
            return self._from_last_file()
        assert sequence_of(path) <= reader.sequence + 1, "the file was read from its beginning"
        return JournalReader(self._journal, after=sequence_of(path) - 1)


class DataDirectoryWatch(Beside):
    """Looks at a data directory in a thread, again and again."""

    def __init__(self, directory: Path, end: Callable[[], int]) -> None:
        """`end` gives the log's durable end."""
        self._data_directory = DataDirectory(directory, end)
        self._kept: Kept | None = None
        self._since_ns = 0
        super().__init__("data directory", _LOOK_SECONDS)

    def kept(self) -> Kept | None:
        """What the last look has found; None before the first one. One that does not come to its end finds trouble."""
        since_ns, kept = self._since_ns, self._kept
        if since_ns and time.monotonic_ns() - since_ns > _STUCK_NS:
            return Kept(UNWRITABLE, 0 if kept is None else kept.snapshot)
        return kept

    def begin(self) -> None:
        """The first look."""
        self.look()

    def look(self) -> None:
        """Look once."""
        assert not self._since_ns, "one look after the other"
        self._since_ns = time.monotonic_ns()
        kept = self._data_directory.look()
        assert WELL <= kept.state <= UNREADABLE, "a state that has words"
        assert kept.snapshot >= 0, "records are numbered from 1"
        self._kept = kept
        self._since_ns = 0

    def close(self) -> None:
        """End the thread; one that the disk holds up ends with the process."""
        self._ended.set()
        self._thread.join(_CLOSE_SECONDS)


def _write(directory: Path) -> None:
    """Write a file and have it on disk; it has no name and is gone afterwards, whatever happens. Raises OSError."""
    with tempfile.TemporaryFile(dir=directory) as file:
        file.write(_PAGE)
        file.flush()
        os.fsync(file.fileno())


def _read_to_end(reader: JournalReader) -> None:
    """Read and check whatever is new. Raises JournalError, OSError."""
    before = reader.sequence
    while len(reader.next_batch()):
        assert reader.sequence > before, "reading goes forward"
        before = reader.sequence


def _newest_readable(journal: Path, end: int) -> int:
    """The log sequence of the newest snapshot that can be read and is not ahead of the log, 0 when there is none."""
    for path in reversed(snapshots_until(journal, end)):
        try:
            with Snapshot(path):
                return sequence_of(path)
        except (SnapshotError, OSError):
            continue
    return 0

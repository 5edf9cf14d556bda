"""Journals without a venue: records straight into a log's ring, and what of them stands on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from shm import broadcast
from shm.clock import timespec
from tests.workers.stepped import SIZES
from tradsys.records import COMMAND
from workers import memory as venue_memory
from workers.journal import JournalWriter, last_sequence
from workers.journal.segments import HEADER_LINES, LINE_BYTES

SEGMENT_BYTES = 2 * HEADER_LINES * LINE_BYTES
"""The smallest segment: room for 64 lines of frames."""
HEADER_BYTES = HEADER_LINES * LINE_BYTES


class Desk:
    """A log of random records, and the writer that takes it to disk."""

    def __init__(
        self,
        directory: Path,
        seed: int = 1,
        *,
        level: str = "memory",
        segment_bytes: int = SEGMENT_BYTES,
        shards: int = 1,
    ) -> None:
        sizes = msgspec.structs.replace(SIZES, shards=shards)
        self.directory = directory
        self.memory = venue_memory.private(sizes, last_sequence(directory, shards))
        for shard in range(shards):
            broadcast.leave(self.memory.log, venue_memory.READER_SHARDS + shard)  # nobody matches here
        self.writer = JournalWriter(directory, self.memory, level, segment_bytes, timespec())
        self.written = np.zeros(0, COMMAND)
        """Every record that was given to the log."""
        self._dice = np.random.default_rng(seed)

    def log(self, count: int) -> Any:
        """Put `count` random records into the log; gives them."""
        log = self.memory.log
        end = int(broadcast.published(log))
        records = self._dice.integers(0, 256, (count, COMMAND.itemsize), np.uint8).view(COMMAND)[:, 0]
        records["sequence"] = np.arange(end + 1, end + 1 + count)
        for record in records:
            assert broadcast.writable(log, int(record["sequence"]) - 1) > 0, "the journal has not made room"
            log.slots[int(record["sequence"]) & (len(log.slots) - 1)] = record
        broadcast.publish(log, end + count)
        self.written = np.concatenate([self.written, records])
        return records

    def write(self) -> int:
        """Take to disk what is in the log; gives the number of frames."""
        frames = 0
        while self.writer.written < broadcast.published(self.memory.log):
            frames += self.writer.write() > 0
        return frames

    def fill(self, *frames: int) -> None:
        """Frames of these numbers of records."""
        for count in frames:
            self.log(count)
            self.write()

    def close(self) -> None:
        self.writer.close()


def filled(directory: Path, *frames: int, **options: Any) -> Any:
    """Write a journal of these frames; gives its records."""
    desk = Desk(directory, **options)
    desk.fill(*frames)
    desk.close()
    return desk.written


def segment_files(directory: Path) -> list[Path]:
    """The journal's files, in order."""
    return sorted(directory.glob("*.journal"))


def change(path: Path, offset: int, data: bytes) -> None:
    """Overwrite part of a file."""
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)

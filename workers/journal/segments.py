"""The journal's files.

A segment is a preallocated file of fixed size, named after the first log sequence in it. Everything is little-endian
and in lines of 64 bytes, so that records stay aligned:

    line  0..63   header, int64 words: magic, format version, first sequence, bytes of the file, shards of the
                  venue, created (ns since 1970), the venue's id, chain, CRC-32C of the eight words before
    line 64..     frames, one after the other, then zeros

The venue's id is drawn with its first segment. The chain is a checksum of all frames of all segments before: from 0 on,
each frame's CRC is added to it. So a segment of another venue, or of another history of this one, is noticed.

A frame is what the writer had at hand when it wrote:

    line 0        int64 words: magic, first sequence, number of records, CRC-32C of the two words before it and
                  of all records, four words of zero
    line 1..n     the records, as they stand in the log
"""

from __future__ import annotations

import mmap
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shm.crc32c import crc32c
from workers.files import unreadable

VERSION = 2
LINE_BYTES = 64
LINE_WORDS = LINE_BYTES // 8
HEADER_LINES = 64
BYTES_MIN = 2 * HEADER_LINES * LINE_BYTES
"""The size of the smallest segment."""
SEGMENT_MAGIC = 0x4C4E524A53445254  # "TRDSJRNL"
FRAME_MAGIC = 0x454D415246545254
MAGIC, FIRST, COUNT, CRC = 0, 1, 2, 3
ENDING = ".journal"
_DIGITS = 20
"""Of a log sequence in the name of a file."""
SPARE = "next.spare"
"""A segment's worth of zeros, preallocated."""
_H_VERSION, _H_FIRST, _H_BYTES, _H_SHARDS, _H_CREATED, _H_VENUE, _H_CHAIN, _H_CRC = 1, 2, 3, 4, 5, 6, 7, 8


class JournalError(Exception):
    """The journal cannot be used as it is; the message names file, offset and sequence, and what can be done."""


def segment_path(directory: Path, first_sequence: int) -> Path:
    """The file whose first record has this sequence number."""
    assert first_sequence >= 1, "records are numbered from 1"
    return directory / f"{first_sequence:0{_DIGITS}d}{ENDING}"


def sequence_of(path: Path) -> int:
    """The log sequence that a segment or a snapshot is named after."""
    assert _is_named(path), "only files under a name of the venue's are spoken of"
    return int(path.stem)


def _is_named(path: Path) -> bool:
    """Whether a file is named after a log sequence: then the order of such names is that of the sequences."""
    name = path.stem
    return len(name) == _DIGITS and name.isascii() and name.isdecimal() and int(name) > 0


def named_after_sequences(directory: Path, ending: str) -> list[Path]:
    """The files of a kind, in order, without those that have a name of their own."""
    return sorted(path for path in directory.glob(f"*{ending}") if _is_named(path))


def list_segments(directory: Path) -> list[Path]:
    """The journal's files in order. Raises JournalError for one under another name, which may be missing elsewhere."""
    for path in directory.glob(f"*{ENDING}"):
        if not _is_named(path):
            raise JournalError(
                f"{path}: not named after a log sequence. If it is a segment, restore its name; if not, move it"
            )
    return named_after_sequences(directory, ENDING)


def segment_with(directory: Path, sequence: int) -> Path | None:
    """The file in which this sequence is or would be; the first one when it was before that; None without any."""
    paths = list_segments(directory)
    name = segment_path(directory, sequence).name
    return next((path for path in reversed(paths) if path.name <= name), paths[0] if paths else None)


class Beginning(NamedTuple):
    """What a segment continues. `chain`: see above."""

    sequence: int
    """The last one before it."""
    chain: int
    venue: int
    shards: int


def new_venue_id() -> int:
    """An id for a venue that has no journal yet."""
    return secrets.randbits(63)


def header_of(beginning: Beginning, size: int) -> bytes:
    """The header of a segment of `size` bytes, made now."""
    assert beginning.sequence >= 0, "records are numbered from 1"
    assert 0 <= beginning.chain < 1 << 32, "a chain is a checksum of 32 bits"
    assert size % LINE_BYTES == 0, "a segment is made of whole lines"
    assert beginning.shards > 0, "a venue has a shard"
    header = np.zeros(HEADER_LINES * LINE_WORDS, np.int64)
    header[:_H_CRC] = (
        SEGMENT_MAGIC,
        VERSION,
        beginning.sequence + 1,
        size,
        beginning.shards,
        time.time_ns(),
        beginning.venue,
        beginning.chain,
    )
    header[_H_CRC] = crc32c(header, 0, _H_CRC, 0)
    content = header.tobytes()
    assert len(content) == HEADER_LINES * LINE_BYTES <= size, "the header fills its lines of the file"
    return content


def create_segment(directory: Path, beginning: Beginning, size: int) -> Path:
    """Make and preallocate a segment; it appears under its name only when it is whole. Raises OSError."""
    assert size >= BYTES_MIN, "a reader takes the file for a segment"
    path = segment_path(directory, beginning.sequence + 1)
    install(path, header_of(beginning, size), size)
    return path


def install(path: Path, content: bytes, size: int) -> None:
    """Make a file of `size` bytes that begins with `content`, durable before it has the name `path`. Raises OSError.

    Where there is a spare file, it is taken.
    """
    assert len(content) <= size, "the content fits into the file"
    temporary = path.with_suffix(".new")
    assert temporary != path, "a file has another name until it is whole"
    temporary.unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        (path.parent / SPARE).rename(temporary)
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        os.ftruncate(descriptor, size)  # the spare file may be larger: segments were smaller once
        os.posix_fallocate(descriptor, 0, size)
        written = 0
        while written < len(content):
            written += os.pwrite(descriptor, memoryview(content)[written:], written)
        assert written == len(content), "all of it is written"
        assert os.fstat(descriptor).st_size == size, "the file is as large as its header says"
        os.fsync(descriptor)
    except OSError:
        temporary.unlink()  # half a file takes up the room that is missing
        raise
    finally:
        os.close(descriptor)
    temporary.rename(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make created and removed names durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_segments(directory: Path) -> None:
    """Make all that is written of a journal durable, and the names of its files. Raises OSError."""
    for path in list_segments(directory):
        descriptor = os.open(path, os.O_RDWR)
        try:
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
    sync_directory(directory)


class Segment:
    """One file of the journal, mapped for reading. `words` is its int64 content."""

    def __init__(self, path: Path, *, whole: bool = False) -> None:
        """`whole`: not only the header is going to be read. Raises JournalError, OSError."""
        self.path = path
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size < BYTES_MIN or size % LINE_BYTES:
                raise JournalError(f"{path}: {size} bytes are no journal segment; restore the file from a backup")
            if trouble := unreadable(file.fileno(), size if whole else HEADER_LINES * LINE_BYTES):
                raise JournalError(f"{path}: {trouble}; restore the file from a backup")
            self._inode = os.fstat(file.fileno()).st_ino
            self._map = mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ)
        self.words: Any = np.frombuffer(self._map, np.int64)
        self.lines = size // LINE_BYTES
        assert len(self.words) == self.lines * LINE_WORDS, "the whole file is mapped"
        header = self.words[: _H_CRC + 1]
        if header[MAGIC] != SEGMENT_MAGIC:
            raise JournalError(f"{path}: not a journal segment; move the file elsewhere")
        if header[_H_VERSION] != VERSION:
            other = "a newer" if header[_H_VERSION] > VERSION else "the older"
            raise JournalError(
                f"{path}: journal format {header[_H_VERSION]}, this program reads {VERSION}; use {other} program"
            )
        if header[_H_CRC] != crc32c(self.words, 0, _H_CRC, 0):
            raise JournalError(f"{path}: the header's checksum is wrong (offset 0); restore the file from a backup")
        self.first_sequence = int(header[_H_FIRST])
        assert self.first_sequence >= 1, "a header with the right checksum was written by this program"
        self.beginning = Beginning(
            self.first_sequence - 1, int(header[_H_CHAIN]), int(header[_H_VENUE]), int(header[_H_SHARDS])
        )
        if path.name != segment_path(path.parent, self.first_sequence).name or header[_H_BYTES] != size:
            raise JournalError(
                f"{path}: the header says {segment_path(path.parent, self.first_sequence).name} of {header[_H_BYTES]} "
                f"bytes; the file was renamed or cut, restore it from a backup"
            )

    def is_replaced(self) -> bool:
        """Whether another file has this one's name now."""
        try:
            return self.path.stat().st_ino != self._inode  # which no other file has while this one is mapped
        except FileNotFoundError:
            return False

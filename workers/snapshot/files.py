"""The files of snapshots: named arrays, checksummed, without their zeros.

A snapshot lies beside the journal's segments and is named after the last log sequence in it. Little-endian, in lines of
64 bytes:

    line 0        int64 words: magic, format version, bytes of the index, CRC-32C of the index, CRC-32C of the four
                  words before, three words of zero
    line 1..n     the index, JSON padded with spaces
    line n + 1..  the sections, one after the other: of each array those blocks of 64 KiB that are not all zero, the
                  last block of an array padded with zeros to a line
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from shm.crc32c import crc32c
from workers.files import unreadable, write_all
from workers.journal.segments import named_after_sequences, sync_directory
from workers.memory import Sizes

VERSION = 1
LINE_BYTES = 64
BLOCK_BYTES = 1 << 16
_MAGIC = 0x504E5353_53445254  # "TRDSSSNP"
_WORDS = LINE_BYTES // 8
_ENDING = ".snapshot"
UNFINISHED = ".snapshot-new"
"""What the name of a file ends with that is being written."""


class SnapshotError(Exception):
    """A snapshot cannot be used; the message names the file and says why."""


class Section(msgspec.Struct, frozen=True):
    """One array: its bytes, which blocks of it are there (first, count), where they begin in the file, their CRC."""

    name: str
    bytes: int
    runs: list[tuple[int, int]]
    offset: int
    crc: int


class Heading(msgspec.Struct, frozen=True):
    """What a snapshot is of. `chain`: the journal's, behind `sequence`; `events`: each shard's last event."""

    sequence: int
    chain: int
    venue: int
    created_ns: int
    log_ns: int
    """The log's clock."""
    events: list[int]
    sizes: Sizes
    layout: str
    """A digest of the names and record layouts of all sections."""


class _Index(msgspec.Struct, frozen=True):
    heading: Heading
    sections: list[Section]


def snapshot_path(directory: Path, sequence: int) -> Path:
    """The snapshot of this log sequence."""
    assert sequence > 0, "an empty log has no snapshot"
    return directory / f"{sequence:020d}{_ENDING}"


def list_snapshots(directory: Path) -> list[Path]:
    """The snapshots beside a journal, oldest first."""
    return named_after_sequences(directory, _ENDING)


def describe(arrays: Mapping[str, Any]) -> list[Section]:
    """The sections that these arrays make; `offset` counts from the first."""
    sections, offset = [], 0
    for name, array in arrays.items():
        runs, crc, stored = _describe(array)
        size = array.view(np.ndarray).nbytes
        assert offset % LINE_BYTES == 0, "sections begin with a line"
        sections.append(Section(name, size, runs, offset, crc))
        offset += stored
    return sections


def _words_of(array: Any) -> Any:
    """An array's bytes as int64 words, padded with zeros to whole lines."""
    flat = np.ascontiguousarray(array.view(np.ndarray)).reshape(-1).view(np.uint8)
    missing = -len(flat) % LINE_BYTES
    words = (np.concatenate([flat, np.zeros(missing, np.uint8)]) if missing else flat).view(np.int64)
    assert len(words) % _WORDS == 0, "whole lines"
    return words


def _describe(array: Any) -> tuple[list[tuple[int, int]], int, int]:
    """(runs of blocks that are not zero, their CRC, their bytes)."""
    words = _words_of(array)
    per_block = BLOCK_BYTES // 8
    whole = len(words) // per_block
    used = words[: whole * per_block].reshape(whole, per_block).any(axis=1)
    if len(words) % per_block:
        used = np.append(used, words[whole * per_block :].any())
    edges = np.flatnonzero(np.diff(np.concatenate([[False], used, [False]]).astype(np.int8)))
    assert len(edges) % 2 == 0, "every run of blocks that begins also ends"
    runs = [(int(first), int(end - first)) for first, end in edges.reshape(-1, 2)]
    crc, stored = 0, 0
    for first, count in runs:
        part = words[first * per_block : (first + count) * per_block]
        crc = int(crc32c(part, 0, len(part), crc))
        stored += part.nbytes
    assert stored <= words.nbytes, "no block is stored twice"
    return runs, crc, stored


def write(directory: Path, heading: Heading, arrays: Mapping[str, Any]) -> Path:
    """Write a snapshot; it appears under its name only when it is whole and durable. Raises OSError."""
    assert all(last >= 0 for last in heading.events), "events are counted from 1"
    assert len(heading.events) == heading.sizes.shards, "each shard's last event"
    assert 0 <= heading.chain < 1 << 32, "a chain is a checksum of 32 bits"
    path = snapshot_path(directory, heading.sequence)
    sections = describe(arrays)
    index = msgspec.json.encode(_Index(heading, sections))
    index += b" " * (-len(index) % LINE_BYTES)
    first = np.zeros(_WORDS, np.int64)
    first[:4] = (_MAGIC, VERSION, len(index), _crc_of(index))
    first[4] = crc32c(first, 0, 4, 0)
    assert len(index) % LINE_BYTES == 0, "the index fills its lines"
    temporary = path.with_suffix(UNFINISHED)
    with temporary.open("wb", buffering=0) as file:
        write_all(file.fileno(), first.tobytes() + index)
        for section, array in zip(sections, arrays.values(), strict=True):
            words = _words_of(array)
            for begin, count in section.runs:
                write_all(file.fileno(), words[begin * BLOCK_BYTES // 8 : (begin + count) * BLOCK_BYTES // 8])
        stored = sum(_bytes_stored(section, count, begin) for section in sections for begin, count in section.runs)
        assert file.tell() == LINE_BYTES + len(index) + stored, "all that the index names is written"
        os.fsync(file.fileno())
        # What is read back shall come from the disk.
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    try:
        with Snapshot(temporary) as snapshot:
            snapshot.check()
    except SnapshotError as error:
        temporary.unlink()
        raise OSError(f"a snapshot that was just written is not readable: {error}") from error
    temporary.rename(path)
    sync_directory(directory)
    return path


def _bytes_stored(section: Section, count: int, first: int) -> int:
    """How many bytes of the file `count` blocks from number `first` take: the last block ends with a line."""
    padded = section.bytes + -section.bytes % LINE_BYTES
    return min(count * BLOCK_BYTES, padded - first * BLOCK_BYTES)


def _crc_of(data: bytes) -> int:
    assert len(data) % 8 == 0, "whole words"
    words = np.frombuffer(data, np.int64)
    return int(crc32c(words, 0, len(words), 0))


class Snapshot:
    """One snapshot, mapped for reading. Use it in a `with` statement."""

    def __init__(self, path: Path) -> None:
        """Raises SnapshotError when it is none, or its index is damaged; OSError."""
        self.path = path
        self._file = path.open("rb", buffering=0)
        try:
            self._map = self._mapped()
            self._words: Any = np.frombuffer(self._map, np.int64)
            index = self._index()
        except BaseException:
            self._file.close()
            raise
        self.heading = index.heading
        self.sections = {section.name: section for section in index.sections}

    def _mapped(self) -> mmap.mmap:
        size = os.fstat(self._file.fileno()).st_size
        if size < 2 * LINE_BYTES or size % LINE_BYTES:
            raise SnapshotError(f"{self.path}: {size} bytes are no snapshot")
        return mmap.mmap(self._file.fileno(), size, prot=mmap.PROT_READ)

    def _check_readable(self, size: int) -> None:
        assert size <= self.bytes, "a part of the file"
        if trouble := unreadable(self._file.fileno(), size):
            raise SnapshotError(f"{self.path}: {trouble}")

    def _index(self) -> _Index:
        path, size = self.path, self.bytes
        self._check_readable(LINE_BYTES)
        magic, version, length, crc, own = (int(word) for word in self._words[:5])
        if magic != _MAGIC:
            raise SnapshotError(f"{path}: not a snapshot")
        if own != crc32c(self._words, 0, 4, 0):
            raise SnapshotError(f"{path}: the first line's checksum is wrong")
        if version != VERSION:
            raise SnapshotError(f"{path}: snapshot format {version}, this program reads {VERSION}")
        if not 0 < length <= size - LINE_BYTES:
            raise SnapshotError(f"{path}: the index's checksum is wrong")
        self._check_readable(LINE_BYTES + length)
        if crc != crc32c(self._words, _WORDS, length // 8, 0):
            raise SnapshotError(f"{path}: the index's checksum is wrong")
        self._begin = LINE_BYTES + length
        try:
            return msgspec.json.decode(self._map[LINE_BYTES : self._begin], type=_Index)
        except msgspec.DecodeError as error:
            raise SnapshotError(f"{path}: written by a version of this program with another index ({error})") from error

    def __enter__(self) -> Snapshot:
        assert self._words is not None, "a file is closed once"
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._words = None
        self._map.close()
        self._file.close()

    @property
    def bytes(self) -> int:
        """The file's size."""
        return len(self._map)

    def check(self) -> None:
        """Check every section. Raises SnapshotError."""
        assert self._words is not None, "the file is open"
        self._check_readable(self.bytes)
        end = self._begin
        for section in self.sections.values():
            begin = self._begin + section.offset
            stored = sum(_bytes_stored(section, count, first) for first, count in section.runs)
            end = begin + stored
            if end > self.bytes:
                raise SnapshotError(f"{self.path}: cut off within section {section.name}")
            if crc32c(self._words, begin // 8, stored // 8, 0) != section.crc:
                raise SnapshotError(f"{self.path}: the checksum of section {section.name} is wrong (offset {begin})")
        if end != self.bytes:
            raise SnapshotError(f"{self.path}: {self.bytes - end} bytes too many")

    def load(self, name: str, into: Any) -> None:
        """Fill a zeroed array with a section of the same layout. Raises SnapshotError when it is of another."""
        plain = into.view(np.ndarray)
        assert plain.flags.c_contiguous, "what is filled is the array, not a copy of it"
        section = self.sections.get(name)
        flat = plain.reshape(-1).view(np.uint8)
        if section is None or section.bytes != len(flat):
            raise SnapshotError(f"{self.path}: section {name} is not laid out as this program does")
        at = self._begin + section.offset
        assert at % LINE_BYTES == 0, "sections begin with a line"
        for first, count in section.runs:
            stored, begin = _bytes_stored(section, count, first), first * BLOCK_BYTES
            assert begin + stored - LINE_BYTES < section.bytes, "a run of blocks lies within its section"
            size = min(stored, section.bytes - begin)
            flat[begin : begin + size] = np.frombuffer(self._map, np.uint8, size, at)
            at += stored

    def array(self, name: str, dtype: Any) -> Any:
        """A section as an array of its own, of whatever length. Raises SnapshotError."""
        dtype = np.dtype(dtype)
        section = self.sections.get(name)
        if section is None or section.bytes % dtype.itemsize:
            raise SnapshotError(f"{self.path}: section {name} is not laid out as this program does")
        array = np.zeros(section.bytes // dtype.itemsize, dtype)
        self.load(name, array)
        return array

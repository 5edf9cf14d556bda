"""A bit of the journal that flips at rest, and what a start must say about it."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from tests.simulation.operator import complaint_of
from workers.journal import JournalError
from workers.journal.segments import COUNT, FIRST, HEADER_LINES, LINE_BYTES, LINE_WORDS, MAGIC

_HEADER_BYTES_USED = 9 * 8
_FRAME_BYTES_USED = 4 * 8
"""Of a frame's first line."""


class Flip:
    """A bit of a file that counts for something."""

    def __init__(
        self, path: Path, offset: int, bit: int, frame: tuple[int, int] | None, is_in_last_frame: bool
    ) -> None:
        """`frame`: the offset and the first sequence of the frame that the bit is in; None: the header."""
        self.sequence = frame[1] if frame else 0
        self._path = path
        self._offset = offset
        self._bit = bit
        self._frame = frame
        self.is_in_last_frame = is_in_last_frame

    def __str__(self) -> str:
        return f"bit {self._bit} of byte {self._offset} of {self._path.name}"

    @classmethod
    def draw(cls, dice: random.Random, paths: list[Path], last: int, snapshots: list[Path]) -> Flip | None:
        """Any bit of any header or whole frame of a log that ends at sequence `last`; None when there is no file.

        What stands before the newest of the `snapshots` no start looks at.
        """
        begin = int(snapshots[-1].stem) + 1 if snapshots else 0
        paths = [path for path in paths if int(path.stem) >= begin]
        if not paths:
            return None
        path = dice.choice(paths)
        used = [frame for frame in frames_of(path) if frame[1] <= last]
        if not used or dice.randrange(8) == 0:
            return cls(path, dice.randrange(_HEADER_BYTES_USED), dice.randrange(8), None, False)
        place = dice.randrange(len(used))
        offset, sequence, size = used[place]
        inside = dice.randrange(size - LINE_BYTES + _FRAME_BYTES_USED)
        if inside >= _FRAME_BYTES_USED:
            inside += LINE_BYTES - _FRAME_BYTES_USED
        is_last = sequence + size // LINE_BYTES - 2 == last
        return cls(path, offset + inside, dice.randrange(8), (offset, sequence), is_last)

    def flip(self) -> None:
        """Do it."""
        _flip(self._path, self._offset, self._bit)

    def assert_told(self, error: JournalError) -> None:
        """The refusal names the file, and the frame by its offset and sequence."""
        told = complaint_of(error)
        assert told.path == self._path, f"{self} was told as: {error}"
        if self._frame is not None:
            assert (told.offset, told.sequence) == self._frame, f"{self}, frame {self._frame}, was told as: {error}"


def flip_any(dice: random.Random, path: Path) -> None:
    """Flip any bit of a file."""
    _flip(path, dice.randrange(path.stat().st_size), dice.randrange(8))


def _flip(path: Path, offset: int, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1 << bit]))


def frames_of(path: Path) -> list[tuple[int, int, int]]:
    """(offset, first sequence, bytes) of every frame of a file; the last one may be torn."""
    words = np.frombuffer(path.read_bytes(), np.int64)
    at, following, found = HEADER_LINES * LINE_WORDS, int(path.stem), []
    while at < len(words) and words[at + MAGIC] and words[at + FIRST] == following:
        count = int(words[at + COUNT])
        found.append((at * 8, following, (1 + count) * LINE_WORDS * 8))
        at += (1 + count) * LINE_WORDS
        following += count
    return found

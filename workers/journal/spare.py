"""The journal's next segment, preallocated before it is needed: a full disk is noticed a whole segment early.

What the present segment has room for can still be written then: cancels, and their answers.
"""

from __future__ import annotations

from errno import EIO
from pathlib import Path

from workers.journal.beside import Beside
from workers.journal.segments import BYTES_MIN, SPARE, install
from workers.journal.trouble import SPACE, Trouble

_LOOK_SECONDS = 0.2


class SpareMaker(Beside):
    """A thread beside the journal's writer: whenever the writer has taken the spare segment, it makes another."""

    def __init__(self, directory: Path, segment_bytes: int, trouble: Trouble) -> None:
        assert segment_bytes >= BYTES_MIN, "a segment has room for records"
        self._spare = directory / SPARE
        self._segment_bytes = segment_bytes
        self._trouble = trouble
        super().__init__("spare segment", _LOOK_SECONDS)

    def look(self) -> None:
        """Make the segment when there is none."""
        try:
            if not self._spare.exists():
                install(self._spare, b"", self._segment_bytes)
        except OSError as error:
            self._trouble.begin(SPACE, error.errno or EIO)
        else:
            self._trouble.end(SPACE)

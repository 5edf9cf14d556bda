"""The journal's next segment, preallocated before it is needed: a full disk is noticed a whole segment early.

What the present segment has room for can still be written then: cancels, and their answers.
"""

from __future__ import annotations

import threading
from errno import EIO
from pathlib import Path

from workers.journal.segments import SPARE, install
from workers.journal.trouble import SPACE, Trouble

_LOOK_SECONDS = 0.2


class SpareMaker:
    """A thread beside the journal's writer: whenever the writer has taken the spare segment, it makes another."""

    def __init__(self, directory: Path, segment_bytes: int, trouble: Trouble) -> None:
        self._spare = directory / SPARE
        self._segment_bytes = segment_bytes
        self._trouble = trouble
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="spare segment", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            if self._spare.exists():
                continue
            try:
                install(self._spare, b"", self._segment_bytes)
            except OSError as error:
                self._trouble.begin(SPACE, error.errno or EIO)
            else:
                self._trouble.end(SPACE)

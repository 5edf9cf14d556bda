"""The recorder's duty: read what has become durable, carry it out on a copy of the books, write what follows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workers.memory import Sizes
from workers.recorder.beginning import begin
from workers.recorder.copy import BookCopy
from workers.recorder.history import History
from workers.recorder.rows import Rows
from workers.snapshot.choice import Tell

_RECORDS_AT_ONCE = 4096
"""About, in one transaction: a twentieth of a second of work, some seconds where other programs leave no core alone."""
_IDLE_NS = 5_000_000_000
"""So often the position is written when there is nothing else to write: the clock's records alone are no reason."""


class Recorder:
    """Follows a journal into a history. When something fails that may pass, the next step goes on where it was.

    It looks at files alone: the venue's rings know nothing of it.
    """

    def __init__(
        self,
        history: History,
        directory: Path,
        sizes: Sizes,
        durable: Callable[[], int],
        tell: Tell,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        """`directory`: the journal's; `durable()` gives the last log sequence that is acknowledged."""
        self._history = history
        self._directory = directory
        self._sizes = sizes
        self._durable = durable
        self._tell = tell
        self._beat = beat
        self._copy: BookCopy | None = None
        self._rows = Rows()
        self._since_ns: int | None = None
        """Since when (monotonic) there is something that is not written; None: there is nothing."""

    @property
    def has_begun(self) -> bool:
        """Whether it is where the history is, and goes on from there."""
        return self._copy is not None

    @property
    def sequence(self) -> int:
        """The last log sequence that was read."""
        return 0 if self._copy is None else self._copy.sequence

    def step(self, now_ns: int) -> int:
        """Read and write some; gives how many records were read, 0 when all is.

        Raises HistoryError, JournalError, sqlite3.Error, OSError.
        """
        self._history.check_there()
        if self._copy is None:
            self._copy = begin(self._history, self._directory, self._sizes, self._tell, self._beat)
            return 0
        assert self._rows.is_empty or self._since_ns is not None, "what was read is written some time"
        count = 0
        if self._rows.is_empty:  # else writing has failed, and what was read is all that there is room for
            count = self._read(self._copy, now_ns)
        is_old = self._since_ns is not None and now_ns - self._since_ns >= _IDLE_NS
        if is_old or not self._rows.is_empty:
            self.write()
        return count

    def write(self) -> None:
        """Write all that was read. Raises HistoryError, sqlite3.Error."""
        if self._copy is None or self._since_ns is None:
            return
        self._history.record(self._rows, self._copy.place)
        self._rows, self._since_ns = Rows(), None

    def _read(self, copy: BookCopy, now_ns: int) -> int:
        before, durable = copy.sequence, self._durable()
        assert before >= 0, "records are numbered from 1"
        if durable <= before:
            return 0
        records = copy.read(min(durable, before + _RECORDS_AT_ONCE))
        if len(records):
            self._since_ns = now_ns if self._since_ns is None else self._since_ns
            self._rows.take_records(records)
            for shard in range(self._sizes.shards):
                for first, events in copy.carry_out(shard, records):
                    self._rows.take_events(shard, first, events)
        assert copy.sequence == before + len(records), "no record of the log is missing"
        assert copy.sequence <= max(durable, before), "nothing is recorded that is not acknowledged"
        return len(records)

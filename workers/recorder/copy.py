"""A private copy of the books that follows the log and gives every event that it leads to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from shm import broadcast
from tradsys.book.layout import W_EVENTS, W_POSITION
from tradsys.records import EVENT
from workers.journal.reader import JournalReader
from workers.memory import Sizes
from workers.recorder.history import Place
from workers.recovery import apply_batch
from workers.replica import Replica
from workers.snapshot.files import Snapshot

_EVENTS_AT_ONCE = 4096


class BookCopy(Replica):
    """A replica that is stepped: first to where the recording is to go on, then batch by batch."""

    def __init__(self, sizes: Sizes, directory: Path, snapshot: Snapshot | None, reader: JournalReader) -> None:
        """`reader` stands behind the snapshot."""
        super().__init__(sizes, directory)
        assert (snapshot is None) == (reader.sequence == 0), "a log without a snapshot is read from its beginning"
        self._log = self._reader = reader
        self._joined: list[int] = []
        self._out = np.zeros(_EVENTS_AT_ONCE, EVENT)
        if snapshot is not None:
            self._restore(snapshot)

    @property
    def place(self) -> Place:
        """Where in the log the copy is."""
        return Place(self._log.sequence, self._log.chain, [int(shard.words[W_EVENTS]) for shard in self.shards])

    @property
    def venue(self) -> str:
        """The id of the log's venue."""
        assert self._log.venue, "the log has begun"
        return f"{self._log.venue:016x}"

    def pass_by(self, until: int, beat: Callable[[], None]) -> None:
        """Carry out the log up to sequence `until`, and tell nothing; `beat` is called with every batch.

        Raises JournalError.
        """
        assert not self._joined, "what was told once is not passed by"
        while self.sequence < until and len(records := self._log.next_batch(until)):
            self._apply(records)
            beat()

    def read(self, until: int) -> Any:
        """The next records up to sequence `until`, to be carried out by every shard before more is read.

        Empty where there are none now. `until` is durable already when this is called. Raises JournalError.
        """
        assert all(int(shard.words[W_POSITION]) >= self.sequence for shard in self.shards), "all before is carried out"
        segment = self._log.begin()
        if segment is not None and segment.is_replaced():
            # Behind what was durable the old file may have frames that never counted: the same records, cut otherwise.
            chain = self._log.chain
            self._log = self._reader = JournalReader(self._directory, self._sizes.shards, after=self.sequence)
            self._log.begin()
            assert self._log.chain == chain, "what was durable is in the new file as it was in the old one"
        records = self._log.next_batch(until)
        self._learn(records)
        return records

    def carry_out(self, shard: int, records: Any) -> Iterator[tuple[int, Any]]:
        """Carry the records out on a shard; gives all events that they lead to, a view, and the first one's number."""
        if not self._joined:
            self._joined = [broadcast.join(each.events)[0] for each in self.shards]
        stream, done = self.shards[shard].events, False
        while not done:
            done = apply_batch(self.shards[shard], shard, self._sizes.shards, records)
            while (count := int(broadcast.copy_since(stream, int(self.positions[shard]), self._out))) > 0:
                yield int(self.positions[shard]) + 1, self._out[:count]
                self.positions[shard] += count
                broadcast.advance(stream, self._joined[shard], int(self.positions[shard]))
            assert count == 0, "nobody but the copy itself writes its events"
        assert self.positions[shard] == self.shards[shard].words[W_EVENTS], "all that the shard has told is given out"

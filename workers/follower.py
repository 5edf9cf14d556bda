"""A venue's whole state in private memory, with every decision taken again: one more reader of the log."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Self

import numpy as np

from tradsys.book.layout import W_EVENTS, W_POSITION
from tradsys.records import LEDGER_RECORD, Kind
from workers import memory as memories
from workers.decision import KNOWN_ACCOUNTS, KNOWN_SYMBOLS
from workers.journal.reader import FAR, JournalReader
from workers.memory import ACCOUNTS, SYMBOLS, Sizes, VenueMemory
from workers.redecision import Redecision
from workers.sequencer import LAST_NS, new_sequencer
from workers.snapshot.choice import Tell, open_log
from workers.snapshot.files import Heading, Snapshot
from workers.snapshot.image import image, layout, postings_of

_RECORDS_AT_ONCE = 4096
"""So few that what they lead to is still in the shards' event rings when `beat` is called, but for mass cancels."""


class Follower:
    """Follows a log from its first record or from a snapshot. `memory` holds the ledger and the definitions."""

    def __init__(self, sizes: Sizes, snapshot: Snapshot | None, reader: JournalReader) -> None:
        """`reader` stands behind the snapshot. Raises SnapshotError."""
        self.memory: VenueMemory = memories.private(sizes)
        self._state = new_sequencer(self.memory, 0)
        assert self._state.settlement.ledger is self.memory.ledger, "it decides with the ledger that it shows"
        self._redecision = Redecision(self._state, self.memory, is_settled=True)
        self._reader = reader
        self._postings: list[bytes] = []
        self._is_level = True
        self._sequence = 0 if snapshot is None else snapshot.heading.sequence
        assert reader.sequence == self._sequence, "the log is read from right behind the snapshot on"
        if snapshot is not None:
            self._redecision.restore(snapshot)
            self._postings.append(postings_of(snapshot).tobytes())

    @classmethod
    def open(
        cls, directory: Path, sizes: Sizes, tell: Tell, fits: Callable[[Heading], bool] = lambda heading: True
    ) -> Self:
        """A follower of the log in `directory`, at the newest snapshot that is of use: as snapshot.choice.open_log."""
        snapshot, reader = open_log(directory, sizes, tell, fits)
        with snapshot or nullcontext():
            return cls(sizes, snapshot, reader)

    @property
    def sequence(self) -> int:
        """The last log sequence that was followed."""
        return self._sequence

    @property
    def shards(self) -> list[Any]:
        """The shards, each with its latest events."""
        return self._redecision.shards

    @property
    def log_ns(self) -> int:
        """The log's clock there."""
        return int(self._state.words[LAST_NS])

    @property
    def postings(self) -> Any:
        """All POSTING records so far, a LEDGER_RECORD array."""
        # As bytes: numpy lays overlapping fields out anew when it joins arrays.
        return np.frombuffer(b"".join(self._postings), LEDGER_RECORD)

    @property
    def is_level(self) -> bool:
        """Whether every shard is where the log is, so that the state is one of a single log sequence.

        A shard can be behind while the ledger has yet to settle more events than there is room for.
        """
        return self._is_level

    def advance(self, until: int = FAR, beat: Callable[[int], None] = lambda sequence: None) -> int:
        """Follow the log to sequence `until`, or its present end; gives the sequence.

        Where no frame ends with `until`, this is the last call. `beat(sequence)` is called every few thousand records.
        Raises DecisionError, JournalError.
        """
        while len(batch := self._reader.next_batch(until)):
            plain = batch.view(np.ndarray)
            assert int(plain["sequence"][0]) == self._sequence + 1, "no record of the log is missing"
            plain = plain[: until - self._sequence]
            for begin in range(0, len(plain), _RECORDS_AT_ONCE):
                self._take(plain[begin : begin + _RECORDS_AT_ONCE])
                beat(self.sequence)
        assert self._sequence <= self._reader.sequence, "nobody follows further than was read"
        return self.sequence

    def _take(self, records: Any) -> None:
        self._postings.append(records[records["kind"] == Kind.POSTING].tobytes())
        self._redecision.take(records)
        self._is_level = self._redecision.carry_out()
        before, self._sequence = self._sequence, int(records["sequence"][-1])
        assert self._sequence == before + len(records), "no record of the log is missing"

    def settle(self) -> None:
        """Settle all that the records so far lead to, also what the log does not say is settled. The last call."""
        self._redecision.finish()
        self._is_level = True

    def view(self) -> VenueMemory:
        """The state as a venue's memory, for those who read one: definitions, ledger and shards."""
        known = self._state.decider.words
        assert (known[[KNOWN_ACCOUNTS, KNOWN_SYMBOLS]] >= 0).all(), "accounts and symbols are counted from 0"
        assert known[KNOWN_ACCOUNTS] < len(self.memory.accounts), "every account has its place"
        assert known[KNOWN_SYMBOLS] < len(self.memory.symbols), "every symbol has its place"
        self.memory.control[[ACCOUNTS, SYMBOLS]] = known[[KNOWN_ACCOUNTS, KNOWN_SYMBOLS]]
        return self.memory._replace(shards=tuple(self.shards))

    def heading(self) -> Heading:
        """What a snapshot of the present state, behind a whole frame, says about itself."""
        assert self._sequence == self._reader.sequence, "a frame ends here"
        return Heading(
            sequence=self.sequence,
            chain=self._reader.chain,
            venue=self._reader.venue,
            created_ns=time.time_ns(),
            log_ns=self.log_ns,
            events=[int(shard.words[W_EVENTS]) for shard in self.shards],
            sizes=self.memory.sizes,
            layout=layout(),
        )

    def image(self) -> dict[str, Any]:
        """The state's tables by section name; only while is_level."""
        assert self._is_level, "a state of one log sequence"
        assert all(int(shard.words[W_POSITION]) == self._sequence for shard in self.shards), "every shard is there too"
        settled = self._state.settlement.settled
        unsettled = [int(shard.words[W_EVENTS]) - int(settled[number]) for number, shard in enumerate(self.shards)]
        return image(self._state, self.shards, unsettled, self._redecision.prelude, self.postings)

"""A private copy of a venue's state, rebuilt from its journal: how a gateway knows the orders that rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from shm import broadcast
from shm.arena import allocate
from shm.broadcast import Broadcast
from tradsys.book.layout import W_EVENTS, Shard, carve, initialise
from tradsys.logging import logger
from tradsys.records import ACCOUNT_DEFINITION, EVENT, LEDGER_RECORD, SYMBOL_DEFINITION, Kind
from workers.journal.reader import JournalReader
from workers.memory import Sizes
from workers.recovery import apply_batch
from workers.snapshot.choice import open_log
from workers.snapshot.files import Heading, Snapshot
from workers.snapshot.image import postings_of, restore_events, restore_shard

_log = logger("replica")

RECENT_EVENTS = 1 << 18


def private_shard(sizes: Sizes) -> Shard:
    """An empty shard of private memory, with an event ring of its own."""

    def lay_out(arena: Any) -> Shard:
        stream = Broadcast(arena.array(np.int64, broadcast.HEADER_WORDS), arena.array(EVENT, RECENT_EVENTS))
        return carve(arena.array, sizes.shard(), stream)

    shard = allocate(lay_out)
    assert not shard.words.any(), "private memory is zero"
    initialise(shard, is_zeroed=True)
    broadcast.initialise(shard.events)
    return shard


class Replica:
    """One more reader of the log. `shards` are private; `positions` int64: each shard's last event."""

    def __init__(self, sizes: Sizes, journal_directory: Path) -> None:
        self._sizes = sizes
        self._directory = journal_directory
        self._reader: JournalReader | None = None
        self.shards: list[Shard] = [private_shard(sizes) for _ in range(sizes.shards)]
        self.positions = np.zeros(sizes.shards, np.int64)
        self.accounts: Any = np.zeros(sizes.accounts_max + 1, ACCOUNT_DEFINITION)
        self.symbols: Any = np.zeros(sizes.symbols_max + 1, SYMBOL_DEFINITION)
        self.account_count = 0
        self.symbol_count = 0
        self._postings: list[bytes] = []

    def _begin(self, fits: Callable[[Heading], bool] = lambda heading: True) -> JournalReader:
        """The log's reader; at first, begin with the newest snapshot that fits."""
        if self._reader is None:
            snapshot, self._reader = open_log(self._directory, self._sizes, _log.warning, fits)
            if snapshot is not None:
                with snapshot:
                    self._restore(snapshot)
        return self._reader

    def _restore(self, snapshot: Snapshot) -> None:
        assert not self.positions.any(), "a replica begins once"
        for number, shard in enumerate(self.shards):
            restore_shard(snapshot, number, shard)
            restore_events(snapshot, number, shard.events)
        assert len(snapshot.heading.events) == len(self.shards), "a snapshot of a venue with as many shards"
        self.positions[:] = snapshot.heading.events
        snapshot.load("accounts", self.accounts)
        snapshot.load("symbols", self.symbols)
        self.account_count = int(self.accounts["account"].max())
        self.symbol_count = int(self.symbols["symbol"].max())
        self._postings.append(postings_of(snapshot).tobytes())

    @property
    def postings(self) -> Any:
        """The POSTING records so far, a LEDGER_RECORD array."""
        # As bytes: numpy lays overlapping fields out anew when it joins arrays.
        return np.frombuffer(b"".join(self._postings), LEDGER_RECORD)

    @property
    def sequence(self) -> int:
        """The last log sequence applied."""
        return self._reader.sequence if self._reader is not None else 0

    def advance(self) -> int:
        """Apply all that the journal holds now; gives the last log sequence. Raises JournalError."""
        before, reader = self.sequence, self._begin()
        while len(records := reader.next_batch()):
            self._apply(records)
        assert self.sequence >= before, "the log is followed forward"
        return self.sequence

    def _apply(self, records: Any) -> None:
        self._learn(records)
        for number, shard in enumerate(self.shards):
            whole = apply_batch(shard, number, self._sizes.shards, records)
            assert whole, "nobody gates a replica's events"
            assert shard.words[W_EVENTS] >= self.positions[number], "what a shard has told stays told"
            self.positions[number] = shard.words[W_EVENTS]

    def _learn(self, records: Any) -> None:
        plain = records.view(np.ndarray)
        accepted = plain["reason"] == 0
        for definition in plain[accepted & (plain["kind"] == Kind.ACCOUNT)].view(ACCOUNT_DEFINITION):
            assert definition["account"] == self.account_count + 1, "accounts are accepted in their order"
            self.accounts[definition["account"]] = definition
            self.account_count = int(definition["account"])
        for definition in plain[accepted & (plain["kind"] == Kind.SYMBOL)].view(SYMBOL_DEFINITION):
            assert definition["symbol"] == self.symbol_count + 1, "symbols are accepted in their order"
            self.symbols[definition["symbol"]] = definition
            self.symbol_count = int(definition["symbol"])
        self._postings.append(plain[plain["kind"] == Kind.POSTING].tobytes())

    def recent_events(self, shard: int, count: int) -> Any:
        """The last events of a shard, at most `count` and RECENT_EVENTS, oldest first: a copy."""
        assert count >= 0, "a number of events"
        last = int(self.positions[shard])
        held = int(self.shards[shard].events.header[broadcast.BASE])
        first = max(last - min(count, RECENT_EVENTS), held) + 1
        assert held < first <= last + 1, "only what the ring still holds is given"
        slots = self.shards[shard].events.slots
        return slots.view(np.ndarray)[np.arange(first, last + 1) & (RECENT_EVENTS - 1)]

    def missing_events(self, shard: int, after: int) -> Iterator[Any]:
        """The events of `shard` behind number `after`, batch by batch, up to the journal's present end.

        For a fresh replica, which this advances for that shard alone; use one replica for each shard.
        """
        assert self.sequence == 0, "a fresh replica"
        assert after >= 0, "events are numbered from 1"
        log = self._begin(lambda heading: heading.events[shard] <= after)
        stream = self.shards[shard].events
        reader, position = broadcast.join(stream)
        out = np.zeros(4096, EVENT)
        while len(records := log.next_batch()):
            self._learn(records)
            done = False
            while not done:
                done = apply_batch(self.shards[shard], shard, self._sizes.shards, records)
                while (count := int(broadcast.copy_since(stream, position, out))) > 0:
                    position += count
                    broadcast.advance(stream, reader, position)
                    assert position <= int(stream.header[broadcast.CURSOR]), "what is given out was published"
                    skip = max(after - (position - count), 0)
                    if skip < count:
                        yield out[skip:count].copy()
            assert position == self.shards[shard].words[W_EVENTS], "all that the shard has told is given out"
            self.positions[shard] = position

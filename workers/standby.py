"""The standby's state: one more reader of the log, which keeps all that the core knows and can go on in place of any of
its workers: of an engine, of a sequencer, of one shard's matcher.

It takes every decision again, in a ledger of its own beside the venue's in shared memory, and every order into books of
its own. It reads the journal first and then the log's ring, in which it holds nobody up.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from shm import broadcast
from shm.arena import new_array
from shm.broadcast import LAPPED
from tradsys.book.layout import W_EVENTS, W_POSITION, Shard, on_stream
from tradsys.errors import InfrastructureError, OperatingError
from tradsys.records import COMMAND, EVENT
from workers import sequencer
from workers.matcher import MatcherState, new_matcher
from workers.memory import BANK, COLD, LINE, READER_LEDGER, READER_SHARDS, TOUCHED, VenueMemory
from workers.redecision import Redecision, empty_ledger
from workers.sequencer import SequencerState
from workers.snapshot.choice import open_log
from workers.topology import JOURNAL, SEQUENCER, WorkerPlan

_BATCH = 4096


class LappedError(OperatingError, InfrastructureError):
    """The sequencer has overwritten records of the log that the standby had not read."""

    CODE = "standby_unavailable"


class Standby:
    """The state that the log gives, kept up to date: `step` follows, `take_over` makes a part of it the venue's own."""

    def __init__(
        self,
        memory: VenueMemory,
        directory: Path,
        tick_ms: int,
        *,
        beat: Callable[[], None] = lambda: None,
        tell: Callable[[str], None] = lambda text: None,
    ) -> None:
        """Begin with the journal in `directory`; `beat()` is called with every batch, `tell` of unusable snapshots.

        Raises JournalError, DecisionError.
        """
        assert len(memory.ledgers) == 2, "the standby has a ledger beside the venue's"
        self._memory = memory
        self._bank = 1 - int(memory.control[BANK])
        self._state = sequencer.new_sequencer(memory, tick_ms, empty_ledger(memory, self._bank))
        assert self._state.settlement.ledger is not memory.ledger, "it decides in a ledger of its own"
        self._redecision = Redecision(self._state, memory, is_settled=True)
        snapshot, self._reader = open_log(directory, memory.sizes, tell)
        if snapshot is not None:
            with snapshot:
                self._redecision.restore(snapshot)
        self.sequence = self._reader.sequence
        """The last log sequence that was followed."""
        self._batch = new_array(COMMAND, _BATCH)
        while not self._follow_journal(beat):
            pass

    def _follow_journal(self, beat: Callable[[], None]) -> bool:
        """Go on to the journal's present end; whether the log's ring still holds what comes then."""
        while len(batch := self._reader.next_batch()):
            self._take(batch.view(np.ndarray))
            beat()
        assert self.sequence == self._reader.sequence, "all that was read was followed"
        return int(broadcast.copy_since(self._memory.log, self.sequence, self._batch)) != LAPPED

    def _take(self, records: Any) -> None:
        self._redecision.take(records)
        self._redecision.carry_out()
        before, self.sequence = self.sequence, int(records["sequence"][-1])
        assert self.sequence == before + len(records), "no record of the log is missing"

    def step(self) -> int:
        """Follow the log's ring; gives how many records. Raises LappedError, DecisionError."""
        count = int(broadcast.copy_since(self._memory.log, self.sequence, self._batch))
        if count == LAPPED:
            raise LappedError(f"the log's ring has passed by sequence {self.sequence}: the standby is too slow")
        if count:
            self._take(self._batch.view(np.ndarray)[:count])
        assert self.sequence <= int(broadcast.published(self._memory.log)), "nobody follows further than is logged"
        return count

    def take_over(
        self, plan: WorkerPlan, wait: Callable[[], None]
    ) -> tuple[SequencerState | None, tuple[MatcherState, ...]]:
        """Go on where a worker of this plan has stopped for good; gives its sequencer, if it had one, and its matchers.

        `wait()` is called while a reader of events has to make room. Nobody else may do that worker's work. The last
        call. Raises LappedError, DecisionError.
        """
        memory, decides = self._memory, plan.has(SEQUENCER)
        assert not plan.has(JOURNAL), "the journal goes on when the engine dies"
        logged = int(broadcast.published(memory.log))
        while self.sequence < logged:
            self.step()
        self._redecision.finish()
        if decides:
            assert self.sequence == int(broadcast.published(memory.log)), "nobody writes the log"
            for stream, settled in zip(memory.events, self._state.settlement.settled, strict=True):
                assert settled >= stream.header[broadcast.CURSOR], "no shard told what is not settled by now"
                # First: what the dead one's ledger had not settled would leave no room for what is to be told.
                broadcast.reserve(stream, READER_LEDGER, int(settled))
        shards = {number: self._adopt(number, self._redecision.shards[number], wait) for number in plan.shards()}
        for number in shards:
            broadcast.advance(memory.log, READER_SHARDS + number, self.sequence)
        assert int(memory.control[BANK]) == 1 - self._bank, "no other standby has decided since it began"
        if decides:
            memory.control[BANK] = self._bank
            sequencer.resume(self._state, memory)
        matchers = tuple(new_matcher(memory, number, shard) for number, shard in shards.items())
        return self._state if decides else None, matchers

    def _adopt(self, number: int, shard: Shard, wait: Callable[[], None]) -> Shard:
        """Tell what its matcher had no time to tell, and let the shard write the venue's events from now on."""
        own, stream = shard.events, self._memory.events[number]
        last, told = int(shard.words[W_EVENTS]), int(stream.header[broadcast.CURSOR])
        assert int(shard.words[W_POSITION]) == self.sequence, "the shard has carried out the whole log"
        assert int(own.header[broadcast.CURSOR]) == last, "all of its events are in its ring"
        assert told <= last, "its matcher told nothing that does not follow from the log"
        assert last - told <= len(own.slots), "its ring still holds what is to be told"
        source, target = (ring.slots.view(np.ndarray).view(f"V{EVENT.itemsize}") for ring in (own, stream))
        while told < last:
            count = min(int(broadcast.writable(stream, told)), last - told)
            if count <= 0:
                wait()
                continue
            first, told = told + 1, told + count
            target[broadcast.places(target, first, told)] = source[broadcast.places(source, first, told)]
            broadcast.publish(stream, told)
        assert told == last, "all that the log leads to is told"
        # Tools that look at the venue find the shard's words where they always were.
        words, place = self._memory.shards[number].words, COLD + LINE * number
        self._memory.control[place + TOUCHED] = 1  # before it is: this process may die in between
        words[:] = shard.words
        self._memory.control[place] = 0
        return on_stream(shard._replace(words=words), stream)

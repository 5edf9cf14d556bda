"""A core worker's process: `python -m workers.engine --data-dir DIR --worker NAME`.

Attaches to the venue's memory, rebuilds what its agents need from the journal, then runs their duty cycles until it
is told to stop; then it finishes what has been taken in.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np

from shm import broadcast
from shm.clock import timespec
from shm.doorbell import NO_DESCRIPTOR, PollableBell
from tradsys import logging
from workers import recovery, sequencer
from workers.duty import Worker, run_for
from workers.following import Following
from workers.idle import new_idle
from workers.journal import JournalReader, JournalWriter
from workers.journal.beside import Beside
from workers.journal.spare import SpareMaker
from workers.journal.watch import SyncWatch
from workers.journal.writeback import Writeback
from workers.ledgerwatch import LedgerWatch
from workers.matcher import MatcherState, new_matcher
from workers.memory import (
    HEARTBEAT_NS,
    JOURNALED,
    PID,
    READER_SHARDS,
    READY,
    RECOVERING,
    STATE,
    STOPPED,
    STOPPING,
    VenueMemory,
)
from workers.progress import position_of
from workers.redecision import redecide_journal
from workers.sequencer import SequencerState
from workers.serving import StoppedError, serve
from workers.snapshot.choice import open_log
from workers.snapshot.files import Snapshot
from workers.topology import JOURNAL, SEQUENCER, WorkerPlan
from workers.venue import Venue

STAY_NS = 5_000_000
"""How long the kernel runs before it comes out for housekeeping."""

_JOURNAL_POLL_SECONDS = 0.001


class Engine:
    """One core worker: its agents, and their life from recovery to drain."""

    def __init__(self, venue: Venue, plan: WorkerPlan, memory: VenueMemory) -> None:
        assert plan.is_core, "it has an agent to run"
        assert 0 <= plan.index < len(venue.workers), "it is one of the venue's workers"
        assert venue.workers[plan.index].name == plan.name, "the line of the table is its own"
        assert memory.sizes.shards == venue.sizes.shards, "the memory is the venue's"
        assert all(number < memory.sizes.shards for number in plan.shards()), "it matches shards of the venue"
        self.venue = venue
        self.plan = plan
        self.memory = memory
        self.log = logging.logger("engine", worker=plan.name)
        self.line = memory.line(plan.index)
        self.stopping = False
        self._clock = timespec()
        self._bells: dict[int, PollableBell] = {}
        self._descriptors = np.full(len(venue.workers) + len(venue.apart), NO_DESCRIPTOR, np.int64)
        self._journal: JournalWriter | None = None
        self._beside_journal: list[Beside] = []
        self._worker: Worker | None = None
        self._watch: LedgerWatch | None = None

    def beat(self) -> None:
        """Show that the worker lives, while it is outside its duty cycles."""
        self.line[HEARTBEAT_NS] = time.monotonic_ns()

    def recover(self) -> None:
        """Bring every agent to the state that the log gives. Raises JournalError, OSError, StoppedError."""
        assert self._worker is None, "a worker recovers once"
        self.line[PID] = os.getpid()
        self.line[STATE] = RECOVERING
        self.beat()
        configuration = self.venue.configuration
        directory, shards = self.venue.journal_directory, self.plan.shards()
        snapshot, reader = open_log(
            directory,
            self.memory.sizes,
            self.log.warning,
            lambda heading: recovery.fits(self.memory, shards, heading),
        )
        with snapshot or nullcontext():
            after = reader.sequence
            if self.plan.has(JOURNAL):
                self._journal = JournalWriter(
                    directory,
                    self.memory,
                    configuration.journal.level,
                    configuration.journal.segment_bytes,
                    self._clock,
                    after=after,
                )
                if self._journal.torn_bytes:
                    self.log.warning("cut a torn tail off the journal", bytes=self._journal.torn_bytes)
            state = None
            if self.plan.has(SEQUENCER):
                state = sequencer.new_sequencer(self.memory, configuration.clock.tick_ms)
            # What the ring holds and the journal does not goes to disk first: it was sequenced, and it stands.
            self._await_journal(int(broadcast.published(self.memory.log)))
            assert int(self.memory.control[JOURNALED]) >= after, "a snapshot holds nothing but the log"
            # Read from here on by readers of their own: the writer may have put whole files into the place of others.
            if state is not None:
                self._redecide(state, snapshot, self._reader(after))
                self._watch = LedgerWatch(self.memory, state.decider, self.log)
            if shards:
                self._rebuild(snapshot, self._reader(after))
        matchers = tuple(new_matcher(self.memory, number, self.memory.shards[number]) for number in self.plan.shards())
        self._worker = self._assemble(state, matchers or None)

    def adopt(self, state: SequencerState | None, matchers: tuple[MatcherState, ...]) -> None:
        """Take the place of a worker that has died, with what a standby has kept, instead of recovering."""
        assert self._worker is None, "a worker begins once"
        self.line[PID] = os.getpid()
        if state is not None:
            assert state.settlement.ledger is self.memory.ledger, "it decides with the venue's ledger"
            self._watch = LedgerWatch(self.memory, state.decider, self.log)
        self._worker = self._assemble(state, matchers or None)
        self._open_bells()

    def _reader(self, after: int) -> JournalReader:
        """A reader of the journal that stands behind sequence `after`. Raises JournalError."""
        reader = JournalReader(self.venue.journal_directory, self.memory.sizes.shards, after=after)
        reader.begin()
        return reader

    def _redecide(self, state: SequencerState, snapshot: Snapshot | None, reader: JournalReader) -> None:
        started, begin = time.monotonic(), reader.sequence
        assert snapshot is None or begin == snapshot.heading.sequence, "the reading begins right behind the snapshot"
        with self._reading(reader, "taking the journal's decisions again") as each_batch:
            redecide_journal(state, self.memory, snapshot, reader, each_batch)
        logged = int(broadcast.published(self.memory.log))
        assert reader.sequence == logged, "the journal holds all that was logged"
        sequencer.resume(state, self.memory)
        self._tell("took the journal's decisions again", begin, reader.sequence, started)

    def _rebuild(self, snapshot: Snapshot | None, reader: JournalReader) -> None:
        started, begin = time.monotonic(), reader.sequence
        assert snapshot is None or begin == snapshot.heading.sequence, "the reading begins right behind the snapshot"
        with self._reading(reader, "rebuilding from the journal") as each_batch:
            recovery.rebuild(self.memory, self.plan.shards(), snapshot, reader, each_batch)
        positions = [position_of(self.memory.log, READER_SHARDS + number) for number in self.plan.shards()]
        assert all(position == reader.sequence for position in positions), "the log's ring is read from there on"
        self._tell("rebuilt from the journal", begin, reader.sequence, started)

    @contextmanager
    def _reading(self, reader: JournalReader, what: str) -> Iterator[Callable[[], None]]:
        """Gives what is to be called after each batch. How far a long journal has been read stands in the log."""
        told = reader.sequence
        with logging.log_throughput(self.log, what) as count:

            def each_batch() -> None:
                nonlocal told
                assert reader.sequence >= told, "a journal is read forwards"
                self.beat()
                count(reader.sequence - told)
                told = reader.sequence
                if self.stopping:
                    raise StoppedError

            yield each_batch
            assert told == reader.sequence, "every batch was counted"

    def _tell(self, what: str, begin: int, sequence: int, started: float) -> None:
        if sequence and self.venue.supervisor_pid:  # without one: a rehearsal that only compiles
            seconds = round(time.monotonic() - started, 3)
            self.log.info(what, snapshot=begin, sequence=sequence, seconds=seconds)

    def _assemble(self, state: Any, matchers: Any) -> Worker:
        numbers = np.array([self.plan.index, time.time_ns() - time.monotonic_ns()], np.int64)
        journal = self._journal.state if self._journal is not None else None
        assert (state is not None) == self.plan.has(SEQUENCER), "the sequencer is where the plan says"
        assert (journal is not None) == self.plan.has(JOURNAL), "the journal is where the plan says"
        assert len(matchers or ()) == len(self.plan.shards()), "the matchers are where the plan says"
        return Worker(
            state,
            matchers,
            journal,
            numbers,
            self.line,
            self.memory.bells,
            self._descriptors,
            new_idle(self.plan.idle),
            self._clock,
        )

    def _await_journal(self, sequence: int) -> None:
        """Until the journal, here or in another worker, holds the log up to `sequence`. Raises StoppedError."""
        assert sequence <= int(broadcast.published(self.memory.log)), "only what is logged is journaled"
        assert self.memory.control[JOURNALED] <= broadcast.published(self.memory.log), (
            "the journal is never ahead of the log"
        )
        while True:
            written = self._journal.write() if self._journal is not None else 0
            self.beat()
            if int(self.memory.control[JOURNALED]) >= sequence:
                return
            if self.stopping:
                raise StoppedError  # who does not know all of the log must not go on with it
            if not written:
                time.sleep(_JOURNAL_POLL_SECONDS)

    def turn(self, duration_ns: int) -> int:
        """Run the duty cycles for a while, then do the housekeeping; gives the work done."""
        assert self._worker is not None, "it has recovered"
        assert duration_ns >= 0, "a time to run"
        work = int(run_for(self._worker, duration_ns))
        # The log's clock follows the host's; the sequencer never lets it go back.
        self._worker.numbers[1] = time.time_ns() - time.monotonic_ns()
        if self._journal is not None:
            self._journal.attend()
        if self._watch is not None:
            self._watch.step()
        self._open_bells()
        return work

    def _open_bells(self) -> None:
        """Find the message queues of event-loop workers that have started meanwhile."""
        for plan in [*self.venue.workers, *self.venue.apart]:
            if plan.is_gateway and plan.index not in self._bells:
                try:
                    bell = PollableBell.open(self.venue.bell_name(plan.index))
                except FileNotFoundError:
                    continue
                assert bell.fileno() != NO_DESCRIPTOR, "its descriptor is told from that of nobody"
                assert self._descriptors[plan.index] == NO_DESCRIPTOR, "a bell is opened once"
                self._bells[plan.index] = bell
                self._descriptors[plan.index] = bell.fileno()

    def serve(self) -> None:
        """The worker's life: from recovery to drain."""
        self.recover()
        self.run()

    def stop(self) -> None:
        """Come to an end soon: drain, or give the recovery up."""
        self.stopping = True

    def run(self, tell_ready: Callable[[], None] = lambda: None) -> None:
        """Serve until told to stop and everything taken in is done; `tell_ready()` is called once in between."""
        assert not self._beside_journal, "a worker runs once"
        assert self.line[PID] == os.getpid(), "the line is this process's"
        if self._journal is not None:
            directory, settings = self.venue.journal_directory, self.venue.configuration.journal
            self._beside_journal = [
                Writeback(directory),
                SpareMaker(directory, settings.segment_bytes, self._journal.trouble),
                SyncWatch(self._journal, self.line, settings.stuck_ms),
            ]
        self.turn(0)  # the first turn loads its kernels, or compiles them: that takes a while, and counts as starting
        self.line[STATE] = READY
        tell_ready()
        following = Following(self.venue)
        while not self.stopping:
            self.turn(STAY_NS)
            following.step(time.monotonic_ns())
        self.line[STATE] = STOPPING
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not self._is_drained():
            self.turn(STAY_NS)

    def _is_drained(self) -> bool:
        memory = self.memory
        if self.plan.has(SEQUENCER) and not all(map(sequencer.is_taken_in, memory.gateways)):
            return False
        last = int(broadcast.published(memory.log))
        assert self._journal is None or self._journal.written <= last, "the journal is never ahead of the log"
        if self._journal is not None and self._journal.written != last:
            return False
        positions = [position_of(memory.log, READER_SHARDS + number) for number in self.plan.shards()]
        assert max(positions, default=last) <= last, "no shard is ahead of the log"
        return min(positions, default=last) == last

    def close(self) -> None:
        """Release what the process holds."""
        for thread in self._beside_journal:
            thread.close()
        if self._journal is not None:
            self._journal.close()
        for bell in self._bells.values():
            bell.close()
        self.line[STATE] = STOPPED


def main() -> int:
    """Run the worker named on the command line; gives the exit status."""
    return serve("workers.engine", Engine)


if __name__ == "__main__":
    sys.exit(main())

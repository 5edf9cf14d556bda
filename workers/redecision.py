"""Taking every decision in the log again: how a sequencer that starts comes to know what it knew.

The log says with SETTLED records which events its decisions knew of. Private copies of the shards give those events
again, so the ledger comes to be what it was at each record, and each decision must be the one that the log holds.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shm import broadcast
from shm.arena import as_records, new_array
from shm.broadcast import Broadcast
from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.execution import run
from tradsys.book.layout import W_EVENTS, W_POSITION, Shard
from tradsys.ledger.ahead import ask_ahead, begin_asking
from tradsys.ledger.layout import W_CONTRACTS, Ledger, state_of
from tradsys.ledger.recording import take_in
from tradsys.reasons import Reason
from tradsys.records import COMMAND, Kind
from tradsys.risk.outbox import outbox_next, outbox_pending, outbox_pop
from workers.decision import KNOWN_SYMBOLS, PRELUDE_MAX, Records, decide_on, readings
from workers.journal.reader import JournalReader
from workers.memory import BANK, LEDGER, READER_LEDGER, VenueMemory
from workers.replica import private_shard
from workers.sequencer import LAST_NS, LAST_REQUEST, LAST_TICK_NS, SOURCES, VENUE_SOURCE, SequencerState
from workers.settlement import settle_stretch
from workers.snapshot.files import Snapshot
from workers.snapshot.image import knows_contracts, prelude_of, restore_events, restore_sequencer, restore_shard

_BYTES = f"V{COMMAND.itemsize}"
_COMMANDS_AT_ONCE = 64
_NEVER_WAITED_FOR = 1 << 62

_BOOT = int(Kind.BOOT)
_TICK = int(Kind.TICK)
_SETTLED = int(Kind.SETTLED)
_BREAKER = int(Kind.BREAKER)
_ALERT = int(Kind.ALERT)


class DecisionError(Exception):
    """A decision in the log is not the one that follows from the log."""


class Events(NamedTuple):
    """One private shard and its event ring."""

    shard: Shard
    events: Broadcast


@kernel_entry
def _settle_until(
    ledger: Ledger, shards: Any, number: int, settled: Any, wanted: int, records: Records, first: int, last: int
) -> bool:
    """Settle a shard's events up to number `wanted`, carrying out the log up to sequence `last` as far as needed.

    `records` begin at sequence `first`. False when the shard has no such event so early in the log.
    """
    count = len(shards)
    assert 0 <= number < count, "one of the shards"
    shard, events = shards[number]
    assert broadcast.published(events) <= shard.words[W_EVENTS], "an event is told after it has happened"
    assert settled[number] <= broadcast.published(events), "the ledger is never ahead of a shard"
    while True:
        cursor = min(broadcast.published(events), wanted)
        if settled[number] < cursor:
            if ledger.words[W_CONTRACTS] != 0:
                settle_stretch(ledger, events, settled[number], cursor, number, count)
            settled[number] = cursor
        broadcast.advance(events, READER_LEDGER, settled[number])
        if settled[number] >= wanted:
            return True
        position = shard.words[W_POSITION]
        assert settled[number] == cursor, "all that the shard has told is settled"
        if position >= last:
            return False
        assert first <= position + 1, "what the shard has yet to carry out is at hand"
        until = min(position + _COMMANDS_AT_ONCE, last)
        run(shard, records.commands, records.details, first, -1, until, count, number)


@kernel
def _was_due(ledger: Ledger, command: Any) -> bool:
    """Whether a record that the venue wrote by itself is the one that it had to write next."""
    assert command.source == VENUE_SOURCE, "nobody else writes such a record"
    if outbox_pending(ledger) == 0:
        return False
    told = outbox_next(ledger)
    same = command.kind == told.kind and command.symbol == told.symbol and command.account == told.account
    same = same and command.side == told.side and command.order_type == told.order_type
    return same and command.quantity_lots == told.quantity_lots and command.order_id == told.order_id


@kernel_entry
def redecide(state: SequencerState, shards: Any, records: Records, first: int, begin: int) -> int:
    """Take the decisions on the records from index `begin` on again; gives the index of the first one that differs.

    Their number when none does. `shards` is a tuple of Events, one for each shard.
    """
    words = state.words
    settlement = state.settlement
    commands = records.commands
    assert 0 <= begin <= len(commands), "a record that there is, or the end"
    assert len(shards) == len(settlement.settled), "all shards"
    begin_asking(settlement.ledger, commands, begin, len(commands) - begin, -1)
    for at in range(begin, len(commands)):
        ask_ahead(settlement.ledger, commands, at, len(commands) - at, -1)
        command = commands[at]
        assert command.sequence == first + at, "no record of the log is missing"
        assert words[LAST_NS] <= command.timestamp_ns, "the log's clock never goes back"
        words[LAST_NS] = command.timestamp_ns
        kind = command.kind
        # By source: a client may have sent a BOOT or TICK too, which was refused like any other command.
        if command.source != VENUE_SOURCE:
            words[LAST_REQUEST + command.source] = signed(command.request) + 1
            if decide_on(state.decider, records, at, -1, min(at, PRELUDE_MAX)) != command.reason:
                return at
        elif kind == _BOOT:
            words[LAST_REQUEST : LAST_REQUEST + SOURCES] = 0
        elif kind == _TICK:
            words[LAST_TICK_NS] = command.timestamp_ns
            take_in(settlement.ledger, records.details[at])
        elif kind == _SETTLED:
            number, wanted = signed(command.account), signed(command.quantity_lots)
            settled = settlement.settled
            if number >= len(shards) or not _settle_until(
                settlement.ledger, shards, number, settled, wanted, records, first, first + at - 1
            ):
                return at
            assert settlement.recorded[number] < wanted, "the log says that more is settled, never less"
            settlement.recorded[number] = wanted
        elif kind == _ALERT or kind == _BREAKER:
            if not _was_due(settlement.ledger, command):
                return at
            outbox_pop(settlement.ledger)
            take_in(settlement.ledger, records.details[at])
    return len(commands)


class Redecision:
    """All decisions of a log, batch by batch, into a sequencer's state. Its ledger must be empty.

    `is_settled`: the log has SETTLED records, so the private shards are needed.
    """

    def __init__(self, state: SequencerState, memory: VenueMemory, is_settled: bool) -> None:
        assert not state.decider.words[:KNOWN_SYMBOLS].any(), "the sequencer knows nothing yet"
        self._state = state
        self._is_settled = is_settled
        self._shards = tuple(self._private(memory) for _ in range(memory.sizes.shards))
        assert len(self._shards) == len(state.settlement.settled), "every shard of the ledger is followed"
        self._records = new_array(COMMAND, 0)

    @property
    def shards(self) -> list[Shard]:
        """The private shards; their events are the latest that there is room for."""
        return [shard for shard, _ in self._shards]

    @property
    def prelude(self) -> Any:
        """The last records, COMMAND: as many as may belong to an order to come."""
        plain = self._records.view(np.ndarray)
        return plain[max(len(plain) - PRELUDE_MAX, 0) :]

    @staticmethod
    def _private(memory: VenueMemory) -> Events:
        shard = private_shard(memory.sizes)
        broadcast.reserve(shard.events, READER_LEDGER, 0)
        return Events(shard, shard.events)

    def restore(self, snapshot: Snapshot) -> None:
        """Begin with a snapshot instead of with nothing."""
        assert not len(self._records), "a snapshot comes before all records"
        restore_sequencer(snapshot, self._state)
        self._records = as_records(prelude_of(snapshot))
        if not self._is_settled:
            return
        for number, (shard, events) in enumerate(self._shards):
            restore_shard(snapshot, number, shard)
            restore_events(snapshot, number, events)
            broadcast.reserve(events, READER_LEDGER, int(self._state.settlement.settled[number]))

    def take(self, batch: Any) -> None:
        """The next records of the log. Raises DecisionError."""
        kept = self._kept()
        begin = len(kept)
        assert len(batch), "a batch has a record"
        assert int(batch["sequence"][-1]) - int(batch["sequence"][0]) == len(batch) - 1, "no record of it is missing"
        assert not begin or kept["sequence"][-1] + 1 == batch["sequence"][0], "nothing is left out between two batches"
        self._records = new_array(COMMAND, begin + len(batch))
        plain = self._records.view(np.ndarray)
        # As bytes: numpy copies records field by field.
        as_bytes = plain.view(_BYTES)
        as_bytes[:begin] = kept.view(_BYTES)
        as_bytes[begin:] = batch.view(_BYTES)
        records, first = readings(self._records), int(plain["sequence"][0])
        at = redecide(self._state, self._shards, records, first, begin)
        if at < len(plain):
            raise DecisionError(_difference(plain[at]))

    def _kept(self) -> Any:
        """What must still be at hand: preludes of orders to come, and what private shards have not carried out."""
        plain = self._records.view(np.ndarray)
        unused = len(plain) - PRELUDE_MAX
        if self._is_settled and len(plain):
            done = min(int(shard.words[W_POSITION]) for shard, _ in self._shards)
            first, last = int(plain["sequence"][0]), int(plain["sequence"][-1])
            assert first <= done + 1 <= last + 1, "what a shard has yet to carry out is at hand"
            unused = min(unused, done + 1 - first)
        return plain[max(unused, 0) :]

    def carry_out(self) -> bool:
        """Let the private shards do all that the log says so far; False when the ledger is too far behind for that.

        Nothing is settled, unless no symbol has a contract yet: then events mean nothing to the ledger.
        """
        assert self._is_settled, "the shards are where the ledger is"
        plain = self._records.view(np.ndarray)
        if not len(plain):
            return True
        records, first, last = readings(self._records), int(plain["sequence"][0]), int(plain["sequence"][-1])
        ledger, settled = self._state.settlement.ledger, self._state.settlement.settled
        for number, (shard, events) in enumerate(self._shards):
            while int(shard.words[W_POSITION]) < last:
                before = int(shard.words[W_EVENTS])
                run(shard, records.commands, records.details, first, -1, last, len(self._shards), number)
                assert shard.words[W_EVENTS] >= before, "what a shard has told stays told"
                if ledger.words[W_CONTRACTS] == 0:
                    settled[number] = shard.words[W_EVENTS]
                    broadcast.advance(events, READER_LEDGER, settled[number])
                elif int(shard.words[W_EVENTS]) == before and int(shard.words[W_POSITION]) < last:
                    return False
        return True

    def finish(self) -> None:
        """The log is at its end: settle all that its commands lead to."""
        plain = self._records.view(np.ndarray)
        if not self._is_settled or not len(plain):
            return
        records, first, last = readings(self._records), int(plain["sequence"][0]), int(plain["sequence"][-1])
        settled = self._state.settlement.settled
        for number, (shard, _) in enumerate(self._shards):
            while int(shard.words[W_POSITION]) < last or settled[number] < shard.words[W_EVENTS]:
                wanted = max(int(shard.words[W_EVENTS]), int(settled[number]) + 1)
                _settle_until(
                    self._state.settlement.ledger, self._shards, number, settled, wanted, records, first, last
                )
            assert settled[number] == shard.words[W_EVENTS], "all that the log leads to is settled"
            assert shard.words[W_POSITION] == last, "a shard is never ahead of the log"


def _difference(record: Any) -> str:
    sequence = int(record["sequence"])
    if record["kind"] == _SETTLED and record["source"] == VENUE_SOURCE:
        return f"record {sequence} of the log speaks of an event that did not come from the records before it"
    if record["source"] == VENUE_SOURCE:
        return f"record {sequence} of the log, {Kind(record['kind']).name}, does not follow from the records before it"
    decided = Reason(int(record["reason"])).name
    return f"the decision on record {sequence} of the log was {decided}, and now is another one; are pools smaller?"


def redecide_journal(
    state: SequencerState,
    memory: VenueMemory,
    snapshot: Snapshot | None,
    reader: JournalReader,
    beat: Callable[[], None],
) -> int:
    """Take every decision in a log behind a snapshot again; gives its last sequence.

    `reader` stands behind the snapshot; `beat()` is called with every batch. Raises DecisionError, JournalError.
    """
    empty_ledger(memory, int(memory.control[BANK]))
    is_settled = has_settled(snapshot, reader.directory, memory.sizes.shards, beat)
    redecision = Redecision(state, memory, is_settled)
    if snapshot is not None:
        redecision.restore(snapshot)
    while len(batch := reader.next_batch()):
        beat()
        redecision.take(batch.view(np.ndarray))
    redecision.finish()
    assert snapshot is None or reader.sequence >= snapshot.heading.sequence, "the log is followed forward"
    assert (state.settlement.recorded <= state.settlement.settled).all(), "only what is settled is recorded"
    for stream, position in zip(memory.events, state.settlement.settled, strict=True):
        # Nothing that the log leads to is to be settled any more: shards that are rebuilt need not wait for that.
        broadcast.reserve(stream, READER_LEDGER, int(position) if is_settled else _NEVER_WAITED_FOR)
    return reader.sequence


def empty_ledger(memory: VenueMemory, bank: int) -> Ledger:
    """One of the venue's ledgers, emptied for whoever is going to fill it."""
    assert 0 <= bank < len(memory.ledgers), "one of the venue's ledgers"
    ledger = memory.ledgers[bank]
    if int(memory.control[LEDGER]) >> bank & 1:
        for array in state_of(ledger):
            array.view(np.uint8)[:] = 0
    assert not ledger.words.any(), "whoever has filled a ledger has said so"
    memory.control[LEDGER] |= 1 << bank
    return ledger


def has_settled(snapshot: Snapshot | None, directory: Path, shards: int, beat: Callable[[], None]) -> bool:
    """Whether the log says anywhere how far events are settled: without that, no event is needed."""
    if snapshot is not None and knows_contracts(snapshot):
        return True
    reader = JournalReader(directory, shards, after=snapshot.heading.sequence if snapshot is not None else 0)
    while len(batch := reader.next_batch()):
        beat()
        if bool(np.any(batch.view(np.ndarray)["kind"] == Kind.SETTLED)):
            return True
    return False

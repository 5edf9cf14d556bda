"""What of a venue is in a snapshot, and how it comes back: into a sequencer, a shard, or a replica."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from shm import broadcast
from shm.broadcast import Broadcast
from tradsys.book.layout import W_POSITION, Shard
from tradsys.ledger.layout import W_CONTRACTS, Ledger
from tradsys.records import COMMAND, EVENT, LEDGER_RECORD
from workers import memory as memories
from workers.decision import KNOWN_ACCOUNTS, KNOWN_SYMBOLS
from workers.memory import Sizes
from workers.sequencer import LAST_NS, LAST_REQUEST, LAST_TICK_NS, SequencerState
from workers.snapshot.files import Snapshot

RECENT_EVENTS_KEPT = 1 << 16
"""Events of each shard in a snapshot: for gateways that start, and for the ledger, which may be behind."""

_SHARD = Shard._fields[1:-2]  # see tradsys.book.layout.state_of
_LEDGER = tuple(name for name in Ledger._fields[1:-1] if name != "open_positions")  # that is the accounts' memory


def shard_sections(number: int, shard: Shard) -> dict[str, Any]:
    """A shard's tables, by section name."""
    return {f"shard{number}.{name}": getattr(shard, name) for name in _SHARD}


def ledger_sections(ledger: Ledger) -> dict[str, Any]:
    """The ledger's tables, by section name."""
    return {f"ledger.{name}": getattr(ledger, name) for name in _LEDGER}


def sequencer_sections(state: SequencerState) -> dict[str, Any]:
    """What the sequencer knows beside the ledger, by section name."""
    return {
        "sequencer.times": state.words[LAST_NS : LAST_TICK_NS + 1],
        "sequencer.requests": state.words[LAST_REQUEST:],
        "sequencer.known": state.decider.words,
        "sequencer.settled": state.settlement.settled,
        "sequencer.recorded": state.settlement.recorded,
    }


def definition_sections(state: SequencerState) -> dict[str, Any]:
    """The tables of accounts and symbols, by section name."""
    return {"accounts": state.decider.accounts, "symbols": state.decider.symbols}


def recent_events(stream: Broadcast, least: int) -> Any:
    """The last events of a ring, oldest first: RECENT_EVENTS_KEPT, or `least` where that is more. A copy."""
    last, base = int(stream.header[broadcast.CURSOR]), int(stream.header[broadcast.BASE])
    assert 0 <= least <= last - base, "the ring has had all that is asked for"
    first = max(last - max(RECENT_EVENTS_KEPT, least), base) + 1
    return _plain(stream.slots)[broadcast.places(stream.slots, first, last)].view(EVENT)


def image(
    state: SequencerState, shards: list[Shard], unsettled: list[int], prelude: Any, postings: Any
) -> dict[str, Any]:
    """Everything that makes a venue's state at one log sequence, by section name.

    `prelude`: the log's last records, COMMAND, which may belong to an order to come; `postings`: its POSTING records;
    `unsettled`: by shard, how many of its last events the ledger does not know yet.
    """
    assert len(shards) == len(state.settlement.settled), "every shard is in the image"
    assert all(least >= 0 for least in unsettled), "the ledger is never ahead of a shard"
    assert prelude.itemsize == COMMAND.itemsize, "as prelude_of() reads it back"
    assert postings.itemsize == LEDGER_RECORD.itemsize, "as postings_of() reads them back"
    arrays = {**sequencer_sections(state), **definition_sections(state), **ledger_sections(state.decider.ledger)}
    for number, (shard, least) in enumerate(zip(shards, unsettled, strict=True)):
        arrays |= shard_sections(number, shard)
        arrays[f"shard{number}.events"] = recent_events(shard.events, least)
    return arrays | {"prelude": prelude, "postings": postings}


def restore_sequencer(snapshot: Snapshot, state: SequencerState) -> None:
    """Fill a new sequencer and its empty ledger. Where the log's ring stands is not of the snapshot."""
    assert not state.decider.ledger.words.any(), "the ledger is empty"
    assert not state.settlement.settled.any(), "the sequencer is new"
    _load(snapshot, {**sequencer_sections(state), **ledger_sections(state.decider.ledger)})
    known = state.decider.words[[KNOWN_ACCOUNTS, KNOWN_SYMBOLS]].tolist()
    for (name, table), count in zip(definition_sections(state).items(), known, strict=True):
        flat = table.view(np.ndarray).view(np.uint8)
        stored = np.zeros_like(flat)
        snapshot.load(name, stored)
        # A venue that runs reads these tables, and has added to them since: that is not to be gone, not for a moment.
        size = (count + 1) * table.itemsize
        flat[:size] = stored[:size]


def restore_shard(snapshot: Snapshot, number: int, shard: Shard) -> None:
    """Fill the tables of a shard that is empty or zero. Its event ring is left alone."""
    assert shard.words[W_POSITION] == 0, "the shard has carried out nothing yet"
    for array in (shard.words, shard.books, shard.levels[:1]):  # what an empty one does not leave zero
        array.view(np.ndarray).view(np.uint8).fill(0)
    _load(snapshot, shard_sections(number, shard))


def restore_events(snapshot: Snapshot, number: int, stream: Broadcast) -> None:
    """Fill a new private event ring with the shard's last events, as many as it holds."""
    last = snapshot.heading.events[number]
    assert last >= 0, "events are counted from 1"
    assert stream.header[broadcast.CURSOR] == 0, "the ring is new"
    events = snapshot.array(f"shard{number}.events", EVENT)[-len(stream.slots) :]
    first = last - len(events) + 1
    assert first >= 1, "there are no more events than were told"
    _plain(stream.slots)[broadcast.places(stream.slots, first, last)] = _plain(events)
    header = stream.header
    header[[broadcast.CURSOR, broadcast.CLAIMED, broadcast.LIMIT]] = last
    header[broadcast.BASE] = first - 1


def knows_contracts(snapshot: Snapshot) -> bool:
    """Whether any symbol is settled at that time."""
    return bool(snapshot.array("ledger.words", np.int64)[W_CONTRACTS])


def prelude_of(snapshot: Snapshot) -> Any:
    """The log's last records before the snapshot, COMMAND."""
    return snapshot.array("prelude", COMMAND)


def postings_of(snapshot: Snapshot) -> Any:
    """All POSTING records of the log up to the snapshot, LEDGER_RECORD."""
    return snapshot.array("postings", LEDGER_RECORD)


def _plain(events: Any) -> Any:
    """Events as bytes: numpy copies records whose fields overlap field by field."""
    return events.view(np.ndarray).view(f"V{EVENT.itemsize}")


def _load(snapshot: Snapshot, sections: Mapping[str, Any]) -> None:
    for name, array in sections.items():
        snapshot.load(name, array)


def _shape(dtype: np.dtype[Any]) -> str:
    if dtype.fields is None:
        return dtype.str
    fields = [(name, _shape(kind[0]), kind[1]) for name, kind in dtype.fields.items()]
    return f"{dtype.itemsize}{fields}"


@functools.cache
def layout() -> str:
    """A digest of what every record of a snapshot looks like: a snapshot of another layout is of no use."""
    small = Sizes(1, 1, 1, 1, 16, 16, 16, 64, 64, 64)
    memory = memories.private(small)
    sections = {**shard_sections(0, memory.shards[0]), **ledger_sections(memory.ledger)}
    sections |= {"events": memory.events[0].slots, "accounts": memory.accounts, "symbols": memory.symbols}
    assert len(sections) == len(_SHARD) + len(_LEDGER) + 3, "every table has a name of its own"
    text = repr([(name, _shape(array.dtype)) for name, array in sections.items()])
    return hashlib.sha256(text.encode()).hexdigest()[:16]

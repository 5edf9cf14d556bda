"""Rebuilding a shard from the journal: the same commands, hence the same state and the same events.

A shard that a crashed process left in shared memory is never trusted. Events that were published before the crash
are counted again, but not written again: readers may not have read what now lies in their slots.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from shm import broadcast
from shm.arena import as_records
from tradsys.book.execution import run
from tradsys.book.layout import W_EVENTS, W_FLOOR, W_PENDING, W_POSITION, Shard, clear, initialise
from tradsys.records import DETAILS
from workers.journal.reader import JournalReader
from workers.memory import COLD, LINE, READER_SHARDS, TOUCHED, VenueMemory
from workers.snapshot.files import Heading, Snapshot
from workers.snapshot.image import restore_shard

NOTHING_IS_WRITTEN = 1 << 62
"""As a floor: the events of this shard only count."""


def apply_batch(shard: Shard, number: int, shards: int, records: Any) -> bool:
    """Carry out records of the log (in order, the first one next to the shard's position or before it).

    False when a gating reader leaves the event ring no room: call again with the same records.
    """
    assert 0 <= number < shards, "one of the shards"
    if len(records) == 0:
        return True
    first = int(records["sequence"][0])
    last = first + len(records) - 1
    assert int(records["sequence"][-1]) == last, "no record of the log is missing"
    assert first <= int(shard.words[W_POSITION]) + 1, "nothing is left out between two batches"
    definitions = as_records(records.view(np.ndarray).view(DETAILS))
    run(shard, as_records(records), definitions, first, -1, last, shards, number)
    assert int(shard.words[W_POSITION]) <= last, "a shard is never ahead of the log"
    return int(shard.words[W_POSITION]) == last


def begin(memory: VenueMemory, number: int, snapshot: Snapshot | None) -> Shard:
    """Empty the shard for its rebuilding or fill it with a snapshot; say from which event on its events are written."""
    shard = memory.shards[number]
    place = COLD + LINE * number
    if memory.control[place + TOUCHED]:
        clear(shard)
    assert not shard.words.any(), "whoever has touched a shard has said so"
    memory.control[place + TOUCHED] = 1
    if snapshot is None:
        initialise(shard, is_zeroed=True)
    else:
        restore_shard(snapshot, number, shard)
    assert shard.words[W_PENDING] == 0, "a snapshot is of a moment between two commands"
    is_cold = bool(memory.control[place])
    assert is_cold or int(shard.words[W_EVENTS]) <= int(shard.events.header[broadcast.CURSOR]), "as fits() asks for"
    shard.words[W_FLOOR] = NOTHING_IS_WRITTEN if is_cold else int(shard.events.header[broadcast.CURSOR])
    return shard


def finish(memory: VenueMemory, number: int) -> None:
    """The shard has seen the whole journal: it goes on from the log's ring."""
    shard = memory.shards[number]
    assert shard.words[W_PENDING] == 0, "every command has been carried out to its end"
    assert shard.words[W_POSITION] <= memory.log.header[broadcast.CURSOR], "no shard is ahead of the log"
    if memory.control[COLD + LINE * number]:
        # New rings: their first event is the one after all that the journal gave.
        header = shard.events.header
        written = int(shard.words[W_EVENTS])
        header[[broadcast.CLAIMED, broadcast.LIMIT, broadcast.BASE]] = written
        header[broadcast.CURSOR] = written
        memory.control[COLD + LINE * number] = 0
    assert int(shard.events.header[broadcast.CURSOR]) <= int(shard.words[W_EVENTS]), (
        "all that was told follows from the log"
    )
    shard.words[W_FLOOR] = min(int(shard.words[W_FLOOR]), int(shard.events.header[broadcast.CURSOR]))
    broadcast.advance(memory.log, READER_SHARDS + number, int(shard.words[W_POSITION]))


def fits(memory: VenueMemory, numbers: list[int], heading: Heading) -> bool:
    """Whether these shards can be rebuilt from a snapshot: it is not ahead of the events that they have published."""
    return all(
        bool(memory.control[COLD + LINE * number])
        or heading.events[number] <= int(memory.events[number].header[broadcast.CURSOR])
        for number in numbers
    )


def rebuild(
    memory: VenueMemory,
    numbers: list[int],
    snapshot: Snapshot | None,
    reader: JournalReader,
    each_batch: Callable[[], None],
) -> None:
    """Rebuild the given shards from a snapshot and the log behind it; `each_batch()` is called with every batch.

    Waits for gating readers of events that have fallen behind, calling `each_batch` meanwhile. Raises JournalError.
    """
    assert len(set(numbers)) == len(numbers), "each shard once"
    shards = [begin(memory, number, snapshot) for number in numbers]
    while len(records := reader.next_batch()):
        each_batch()
        for number, shard in zip(numbers, shards, strict=True):
            while not apply_batch(shard, number, memory.sizes.shards, records):
                each_batch()
                os.sched_yield()
    assert all(int(shard.words[W_POSITION]) == reader.sequence for shard in shards), (
        "every shard has seen the whole log"
    )
    for number in numbers:
        finish(memory, number)
    assert not any(memory.control[COLD + LINE * number] for number in numbers), "where their events go on is known"

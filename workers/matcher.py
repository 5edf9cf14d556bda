"""The matcher agent: carries the log's commands out on one shard and publishes the shard's events."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from shm import broadcast
from shm.arena import as_records
from shm.broadcast import Broadcast
from shm.histogram import record
from shm.jit import kernel
from tradsys.book.execution import run
from tradsys.book.layout import W_EVENTS, W_POSITION, Shard
from tradsys.records import DETAILS
from workers.memory import READER_SHARDS, VenueMemory

COMMANDS_PER_TURN = 1024


class MatcherState(NamedTuple):
    """What the duty cycle works on. `numbers` int64: shard number, number of shards."""

    numbers: Any
    shard: Shard
    log: Broadcast
    definitions: Any  # the log's slots read as DETAILS
    matching_ns: Any  # histogram


def new_matcher(memory: VenueMemory, number: int, shard: Shard) -> MatcherState:
    """The matcher of shard `number` over the venue's memory; `shard` writes the venue's events."""
    assert 0 <= number < memory.sizes.shards, "a shard of the venue"
    return MatcherState(
        np.array([number, memory.sizes.shards], np.int64),
        shard,
        memory.log,
        as_records(memory.log.slots.view(np.ndarray).view(DETAILS)),
        memory.matching,
    )


@kernel
def match(state: MatcherState, now_ns: int) -> int:
    """One duty cycle: a batch of commands; gives how many. `now_ns` is the log's clock."""
    words = state.shard.words
    log = state.log
    position = words[W_POSITION]
    last = min(broadcast.published(log), position + COMMANDS_PER_TURN)
    if last == position:
        return 0
    number = state.numbers[0]
    mask = len(log.slots) - 1
    written = words[W_EVENTS]
    done = run(state.shard, log.slots, state.definitions, 0, mask, last, state.numbers[1], number)
    assert words[W_POSITION] == position + done <= last, "a shard is never ahead of the log"
    assert words[W_EVENTS] >= written, "the number of events only grows"
    if done > 0:
        if number == 0:
            record(state.matching_ns, now_ns - log.slots[words[W_POSITION] & mask].timestamp_ns)
        broadcast.advance(log, READER_SHARDS + number, words[W_POSITION])
    return done + words[W_EVENTS] - written

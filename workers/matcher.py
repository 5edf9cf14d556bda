"""The matcher agent: carries the log's commands out on one shard and publishes the shard's events."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from shm import broadcast
from shm.arena import as_records
from shm.atomics import load_acquire
from shm.broadcast import Broadcast
from shm.clock import realtime_ns, timespec
from shm.histogram import WORDS, record
from shm.jit import kernel
from tradsys.book.execution import run
from tradsys.book.layout import W_EVENTS, W_POSITION, Shard
from tradsys.records import DETAILS
from workers.memory import READER_SHARDS, SAMPLING, VenueMemory

COMMANDS_PER_TURN = 1024
_FAR_NS = 1 << 40
"""Who matches what was logged so long ago catches up: no latency of anybody's order."""


class MatcherState(NamedTuple):
    """What the duty cycle works on. `numbers` int64: shard number, number of shards."""

    numbers: Any
    shard: Shard
    log: Broadcast
    definitions: Any  # the log's slots read as DETAILS
    control: Any
    matching_ns: Any  # histogram
    book_ns: Any  # histogram
    clock: Any


def new_matcher(memory: VenueMemory, number: int, shard: Shard) -> MatcherState:
    """The matcher of shard `number` over the venue's memory; `shard` writes the venue's events."""
    assert 0 <= number < memory.sizes.shards, "a shard of the venue"
    assert shard.events.header is memory.events[number].header, "it writes the venue's events"
    mine = slice(number * WORDS, (number + 1) * WORDS)
    return MatcherState(
        np.array([number, memory.sizes.shards], np.int64),
        shard,
        memory.log,
        as_records(memory.log.slots.view(np.ndarray).view(DETAILS)),
        memory.control,
        memory.matching[mine],
        memory.book[mine],
        timespec(),
    )


@kernel
def _holds_sample(after: int, last: int, sampling: int) -> bool:
    """Whether the times of a batch are taken: that behind `after` up to `last` holds a record whose times are."""
    assert after < last, "a batch holds a record"
    return sampling >= 0 and (last | sampling) != (after | sampling)


@kernel
def match(state: MatcherState) -> int:
    """One duty cycle: a batch of commands; gives how many."""
    words = state.shard.words
    log = state.log
    position = words[W_POSITION]
    logged = broadcast.published(log)
    assert position <= logged <= position + len(log.slots), "what is not carried out is still in the log's ring"
    last = min(logged, position + COMMANDS_PER_TURN)
    if last == position:
        return 0
    number = state.numbers[0]
    mask = len(log.slots) - 1
    written = words[W_EVENTS]
    is_sampled = _holds_sample(position, last, load_acquire(state.control, SAMPLING))
    began_ns = realtime_ns(state.clock) if is_sampled else 0
    done = run(state.shard, log.slots, state.definitions, 0, mask, last, state.numbers[1], number)
    assert words[W_POSITION] == position + done <= last, "a shard is never ahead of the log"
    assert words[W_EVENTS] >= written, "the number of events only grows"
    if done > 0:
        if is_sampled:
            now_ns = realtime_ns(state.clock)  # which the log's clock follows
            waited_ns = now_ns - log.slots[words[W_POSITION] & mask].timestamp_ns
            if waited_ns < _FAR_NS:
                record(state.matching_ns, waited_ns)
            record(state.book_ns, (now_ns - began_ns) // done)
        broadcast.advance(log, READER_SHARDS + number, words[W_POSITION])
    return done + words[W_EVENTS] - written

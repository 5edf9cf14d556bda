"""Matchers stepped in any order, over rings that wrap and readers that are slow: each shard tells its own story."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import numpy as np
import pytest

from shm import broadcast
from tests.book.flow import INSTRUMENTS, Flow, definitions, records_of
from tests.book.harness import chained
from tests.book.shards import ReferenceShards
from tests.workers.stepped import SIZES, assert_same
from tradsys.book import layout
from tradsys.book.audit import audit
from tradsys.book.layout import W_PENDING, W_POSITION
from tradsys.records import COMMAND, EVENT
from tradsys.reference import messages
from tradsys.reference.messages import Event
from workers import memory as venue_memory
from workers.matcher import match as run_matcher
from workers.matcher import new_matcher
from workers.memory import READER_SHARDS, VenueMemory

COMMANDS = 1200
NARROW = tuple(instrument for instrument in INSTRUMENTS if instrument.symbol != 4)
"""Without the symbol of 2**24 prices, which needs larger directories."""


class ShardedLog:
    """A log ring, its matchers, and a gating reader of each event ring; nothing happens but by `step`."""

    def __init__(self, seed: int, shards: int) -> None:
        self.dice = random.Random(seed)
        sizes = msgspec.structs.replace(SIZES, shards=shards, log_ring=32, event_ring=64)
        self.memory: VenueMemory = venue_memory.private(sizes, 0)
        for reader in range(READER_SHARDS):
            broadcast.leave(self.memory.log, reader)  # nobody writes a journal here
        for shard in self.memory.shards:
            layout.initialise(shard)
        self.matchers = [new_matcher(self.memory, number, self.memory.shards[number]) for number in range(shards)]
        self.readers = [broadcast.join(events)[0] for events in self.memory.events]
        self.read = [0] * shards
        self.seen: list[list[Any]] = [[np.zeros(0, EVENT)] for _ in range(shards)]
        self.written = 0
        self.full = 0

    def step(self, log: Any) -> None:
        """The sequencer, a matcher or a reader moves, whichever the dice say."""
        number = self.dice.randrange(len(self.matchers))
        match self.dice.randrange(3):
            case 0:
                self._append(log)
            case 1:
                run_matcher(self.matchers[number])
            case _:
                self._read_some(number, self.dice.randrange(1, 6))

    def _append(self, log: Any) -> None:
        room = broadcast.writable(self.memory.log, self.written)
        count = min(room, len(log) - self.written, self.dice.randrange(1, 20))
        self.full += room == 0
        slots = self.memory.log.slots.view(np.ndarray)
        for record in log[self.written : self.written + count]:
            self.written += 1
            slots[self.written & (len(slots) - 1)] = record
        broadcast.publish(self.memory.log, self.written)

    def _read_some(self, number: int, most: int) -> None:
        ring = self.memory.events[number]
        out = np.zeros(most, EVENT)
        count = broadcast.copy_since(ring, self.read[number], out)
        assert count >= 0, "a gating reader was lapped"
        self.seen[number].append(out[:count])
        self.read[number] += count
        broadcast.advance(ring, self.readers[number], self.read[number])

    def is_done(self, log: Any) -> bool:
        """Whether every command is carried out and every event read."""
        return self.written == len(log) and all(
            matcher.shard.words[W_POSITION] == self.written and self.read[number] == ring.header[broadcast.CURSOR]
            for number, (matcher, ring) in enumerate(zip(self.matchers, self.memory.events, strict=True))
        )


def log_and_events(seed: int, shards: int) -> tuple[Any, list[Any]]:
    """A random log, and what each shard must say to it."""
    reference = ReferenceShards(SIZES.orders_per_shard, shards)
    flow = Flow(seed, reference.venues, NARROW)
    commands = definitions(NARROW)
    told: list[list[Event]] = [[] for _ in range(shards)]
    for place in range(COMMANDS):
        if place == len(commands):
            commands.append(flow.next())
        for number, events in enumerate(reference.submit(commands[place])):
            told[number] += events
        if reference.created is not None:
            flow.learn(reference.created)
    return records_of(commands), [messages.records_of(events) for events in told]


@pytest.mark.parametrize("shards", [1, 3])
def test_each_shard_tells_the_events_of_its_symbols_whatever_the_order_of_steps(seed: int, shards: int) -> None:
    log, expected = log_and_events(seed, shards)
    assert log.dtype == COMMAND
    sharded = ShardedLog(seed, shards)
    steps = 0
    while not sharded.is_done(log):
        sharded.step(log)
        steps += 1
        assert steps < 100 * COMMANDS, f"no end in sight: {sharded.written} commands, {sharded.read} events"
    for number, events in enumerate(expected):
        assert_same(chained(sharded.seen[number]), events)
        assert sharded.matchers[number].shard.words[W_PENDING] == 0
        audit(sharded.matchers[number].shard)
    assert sharded.full > 0, "the log never waited for its matchers"

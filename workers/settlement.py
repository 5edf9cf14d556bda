"""Settling what the matchers tell, while the venue runs: the ledger reads every shard's events as a gating reader.

How far it has come goes into the log (SETTLED) before the first decision that follows from it: see ADR 10.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from shm import broadcast
from shm.atomics import load_acquire
from shm.broadcast import Broadcast
from shm.jit import kernel
from tradsys.ledger.ahead import ask_for_event, ask_for_positions_of
from tradsys.ledger.layout import W_CONTRACTS, Ledger
from tradsys.ledger.settling import settle
from workers.memory import READER_LEDGER, READER_SHARDS, VenueMemory

EVENTS_PER_TURN = 4096
_AHEAD = 6
"""Events. What an event's settlement needs is asked for that much before,"""
_NEAR = 3
"""and what that names."""


class Settlement(NamedTuple):
    """How far each shard's events are settled. Arrays int64 by shard."""

    ledger: Ledger
    headers: Any  # of all shards' event rings, one after the other
    slots: Any  # and their slots
    log_header: Any
    settled: Any  # the last event settled
    recorded: Any  # the last one that the log says is


def new_settlement(memory: VenueMemory, ledger: Ledger) -> Settlement:
    """Nothing is settled yet."""
    shards = memory.sizes.shards
    assert len(memory.event_slots) == shards * memory.sizes.event_ring, "every shard has its events"
    assert len(memory.event_headers) == shards * broadcast.HEADER_WORDS, "and their header"
    return Settlement(
        ledger,
        memory.event_headers,
        memory.event_slots,
        memory.log.header,
        np.zeros(shards, np.int64),
        np.zeros(shards, np.int64),
    )


@kernel
def _events_of(settlement: Settlement, shard: int) -> Broadcast:
    capacity = len(settlement.slots) // len(settlement.settled)
    words = broadcast.HEADER_WORDS
    assert 0 <= shard < len(settlement.settled), "a shard of the venue"
    return Broadcast(
        settlement.headers[shard * words : (shard + 1) * words],
        settlement.slots[shard * capacity : (shard + 1) * capacity],
    )


@kernel
def settle_stretch(ledger: Ledger, events: Broadcast, after: int, last: int, shard: int, shards: int) -> None:
    """Settle the events of a shard behind number `after` up to `last`."""
    mask = len(events.slots) - 1
    assert 0 <= last - after <= len(events.slots), "every event is still in its slot"
    assert 0 <= shard < shards, "a shard of the venue"
    for number in range(after + 1, last + 1):
        assert (
            number == after + 1
            or events.slots[number & mask].log_sequence >= events.slots[number - 1 & mask].log_sequence
        ), "events are in the order of the log"
        if number + _AHEAD <= last:
            ask_for_event(ledger, events.slots[(number + _AHEAD) & mask], shard, shards)
        if number + _NEAR <= last:
            ask_for_positions_of(ledger, events.slots[(number + _NEAR) & mask], shard, shards)
        settle(ledger, events.slots[number & mask], shard, shards)


@kernel
def settle_events(settlement: Settlement, least: int) -> int:
    """Settle what there is, at most EVENTS_PER_TURN events of each shard that has at least `least`; gives how many."""
    ledger = settlement.ledger
    shards = len(settlement.settled)
    work = 0
    assert least > 0, "who has nothing to settle is passed over"
    for shard in range(shards):
        position = settlement.settled[shard]
        cursor = load_acquire(settlement.headers, shard * broadcast.HEADER_WORDS + broadcast.CURSOR)
        if cursor - position < least:
            continue
        events = _events_of(settlement, shard)
        if ledger.words[W_CONTRACTS] == 0:
            last = cursor
        else:
            last = min(cursor, position + EVENTS_PER_TURN)
            settle_stretch(ledger, events, position, last, shard, shards)
        assert position <= last <= cursor, "only what is told is settled, and each event once"
        settlement.settled[shard] = last
        broadcast.advance(events, READER_LEDGER, last)
        work += last - position
    return work


@kernel
def is_unrecorded(settlement: Settlement) -> bool:
    """Whether the log does not say yet how far everything is settled. Without contracts nobody needs to know."""
    if settlement.ledger.words[W_CONTRACTS] == 0:
        return False
    unrecorded = False
    for shard in range(len(settlement.settled)):
        unrecorded = unrecorded or settlement.settled[shard] != settlement.recorded[shard]
    return unrecorded


@kernel
def is_quiet(settlement: Settlement, shard: int, sequence: int) -> bool:
    """Whether the shard has carried out the log up to `sequence`, and what that gave is settled and recorded."""
    assert sequence <= settlement.log_header[broadcast.CURSOR], "only what is in the log is carried out"
    place = broadcast.POSITION + broadcast.READER_STRIDE * (READER_SHARDS + shard)
    if load_acquire(settlement.log_header, place) < sequence:
        return False
    cursor = load_acquire(settlement.headers, shard * broadcast.HEADER_WORDS + broadcast.CURSOR)
    return settlement.settled[shard] >= cursor and settlement.recorded[shard] == settlement.settled[shard]

"""A copy of the ledger of a venue that runs, and which commands it is of."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from shm import broadcast
from tradsys.errors import InfrastructureError, OperatingError
from tradsys.ledger.layout import Ledger
from workers.memory import CYCLES, JOURNALED, PID, READER_SHARDS, READY, STATE, VenueMemory
from workers.progress import are_settled, position_of
from workers.sequencer import VENUE_SOURCE
from workers.venue import Venue

PATIENCE_SECONDS = 20.0
_NAP_SECONDS = 0.001


class NoCopyError(OperatingError, InfrastructureError):
    """The venue's sequencer does not go on, or was started again."""

    CODE = "audit_impossible"


class Tables(NamedTuple):
    """The tables of a ledger that are compared: arrays of their own."""

    words: Any
    accounts: Any
    balances: Any
    holds: Any
    positions: Any


class LiveCopy(NamedTuple):
    """All that the commands up to `complete` have led to is in the tables, and nothing that one after `last` has.

    What belongs to accounts that the commands between them leave alone is therefore as after `last`.
    """

    tables: Tables
    complete: int
    last: int
    quiet: bool
    """Whether no client's command is between them."""


def tables_of(ledger: Ledger) -> Tables:
    """The tables of a ledger, not copied."""
    return Tables(*(getattr(ledger, name).view(np.ndarray) for name in Tables._fields))


def take_copy(venue: Venue, memory: VenueMemory) -> LiveCopy:
    """Copy the ledger. Raises NoCopyError."""
    line = memory.line(venue.sequencer_index)
    process = int(line[PID])
    deadline = time.monotonic() + PATIENCE_SECONDS

    def wait(reached: Callable[[], bool]) -> None:
        while not reached():
            if time.monotonic() > deadline or int(line[PID]) != process or int(line[STATE]) != READY:
                raise NoCopyError(
                    "the venue's sequencer does not go on; try again when tradsys status says it is ready"
                )
            time.sleep(_NAP_SECONDS)

    complete = _cursor(memory.log)
    shards = range(memory.sizes.shards)
    wait(lambda: all(position_of(memory.log, READER_SHARDS + shard) >= complete for shard in shards))
    told = [_cursor(events) for events in memory.events]
    wait(lambda: are_settled(memory.events, told))
    tables = Tables(*(table.copy() for table in tables_of(memory.ledger)))
    # A command on which the sequencer had decided already is in the log when its next cycle is over.
    cycles = int(line[CYCLES])
    wait(lambda: int(line[CYCLES]) >= cycles + 2)
    last = _cursor(memory.log)
    assert all(_cursor(events) >= before for events, before in zip(memory.events, told, strict=True)), (
        "what is told stays told"
    )
    quiet = _is_quiet(memory, complete, last)
    assert last >= complete, "the log only grows"
    wait(lambda: int(memory.control[JOURNALED]) >= last)
    return LiveCopy(tables, complete, last, quiet)


def _cursor(stream: Any) -> int:
    return int(stream.header[broadcast.CURSOR])


def _is_quiet(memory: VenueMemory, first: int, last: int) -> bool:
    """Whether the log's records after `first` up to `last` are the venue's own."""
    assert first <= last, "the log only grows"
    slots = memory.log.slots.view(np.ndarray)
    if last - first >= len(slots):
        return False
    records = slots[broadcast.places(slots, first + 1, last)]
    return bool((records["source"] == VENUE_SOURCE).all())

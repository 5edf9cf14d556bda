"""How far the readers of the venue's rings are."""

from __future__ import annotations

from collections.abc import Iterable

from shm import broadcast
from shm.broadcast import Broadcast
from workers.memory import READER_LEDGER, READER_SHARDS, VenueMemory


def position_of(stream: Broadcast, reader: int) -> int:
    """The last record of a ring that a gating reader has done with."""
    assert 0 <= reader < stream.header[broadcast.READERS], "a place for a gating reader"
    return int(stream.header[broadcast.POSITION + broadcast.READER_STRIDE * reader])


def slowest_shard(memory: VenueMemory) -> int:
    """The log sequence that every shard has carried out, with all its events told."""
    sequence = min(position_of(memory.log, READER_SHARDS + number) for number in range(memory.sizes.shards))
    assert sequence <= int(memory.log.header[broadcast.CURSOR]), "no shard is ahead of the log"
    return sequence


def are_settled(events: Iterable[Broadcast], positions: Iterable[int]) -> bool:
    """Whether the ledger has what each shard's events up to a position have led to."""
    return all(
        position_of(stream, READER_LEDGER) >= position for stream, position in zip(events, positions, strict=True)
    )

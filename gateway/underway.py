"""Commands that have been sent and whose events this gateway has not heard yet, wherever they stand now."""

from __future__ import annotations

from typing import Any

import numpy as np

from gateway.feed import Feed
from gateway.waiting import until
from shm import broadcast, ring
from shm.ring import Ring
from tradsys.records import Kind
from workers.memory import JOURNALED, READER_SHARDS, VenueMemory
from workers.progress import position_of
from workers.sequencer import is_taken_in

_BEHIND = "the venue is behind with what was sent before; ask again"


class UnderWay:
    """What every ring of the venue holds, and how far this gateway's `feed` has come."""

    def __init__(self, memory: VenueMemory, feed: Feed) -> None:
        self._memory = memory
        self._feed = feed

    async def heard(self) -> None:
        """Wait until this gateway knows what came of all that any gateway had sent by now, also one that has died.

        Raises InfrastructureError when that takes too long: the core may be away.
        """
        log, streams = self._memory.log, self._memory.events
        tails = [int(commands.header[ring.TAIL]) for commands in self._memory.gateways]
        rings = list(zip(self._memory.gateways, tails, strict=True))
        await until(lambda: all(_is_past(commands, tail) for commands, tail in rings), _BEHIND)
        sequenced = int(broadcast.published(log))
        shards = range(READER_SHARDS, READER_SHARDS + len(streams))
        await until(lambda: all(position_of(log, shard) >= sequenced for shard in shards), _BEHIND)
        told = [int(broadcast.published(stream)) for stream in streams]
        heard = self._feed.positions
        await until(lambda: all(mine >= end for mine, end in zip(heard, told, strict=True)), _BEHIND)

    def sessions(self, number: int) -> set[tuple[int, int]]:
        """Account and session of the orders in ring `number` and of those that are logged and not yet journaled.

        All others are in a journal that is read from now on.
        """
        memory = self._memory
        journaled = int(memory.control[JOURNALED])
        commands = memory.gateways[number]
        sent = _between(commands.slots, int(commands.header[ring.HEAD]), int(commands.header[ring.TAIL]))
        # After the ring: the sequencer takes a command out of it when it is in the log.
        logged = _between(memory.log.slots, journaled + 1, int(broadcast.published(memory.log)) + 1)
        return _sessions(sent) | _sessions(logged)


def _is_past(commands: Ring, tail: int) -> bool:
    """Whether the sequencer has taken in what stood before `tail`."""
    return int(commands.header[ring.HEAD]) >= tail or is_taken_in(commands)


def _between(slots: Any, first: int, end: int) -> Any:
    """A copy of the records from `first` on and before `end`, of which a ring has the last ones.

    One that is overwritten meanwhile is journaled, and what is read of it names no session that lives.
    """
    # Not broadcast.places(): a gateway's ring counts from 0, and the log from 1.
    return slots.view(np.ndarray)[np.arange(max(first, end - len(slots)), end) & (len(slots) - 1)]


def _sessions(records: Any) -> set[tuple[int, int]]:
    orders = records[np.isin(records["kind"], (Kind.NEW, Kind.LEG))]
    return {
        (int(order["account"]), session) for order in orders if (session := int(order["order_id"]) >> 32 & 0x7FFF_FFFF)
    }

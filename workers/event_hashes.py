"""Hashes of the events that shards write, to tell whether two replays gave the same ones."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from shm import broadcast
from shm.broadcast import Broadcast
from tradsys.records import EVENT


class EventHashes:
    """SHA-256 over the bytes of each shard's events from here on. Who writes them calls read() often enough."""

    def __init__(self, streams: list[Broadcast]) -> None:
        """`streams`: the shards' event rings, which no other process writes meanwhile."""
        self._streams = streams
        self._positions = [int(stream.header[broadcast.CURSOR]) for stream in streams]
        self._hashes: list[Any] = [hashlib.sha256() for _ in streams]

    def read(self) -> None:
        """Take in what has been written since the last call."""
        for shard, stream in enumerate(self._streams):
            first, last = self._positions[shard] + 1, int(stream.header[broadcast.CURSOR])
            assert last >= first - 1, "what is published stays published"
            if last - first >= len(stream.slots) - broadcast.CLAIM_CHUNK:
                self._hashes[shard] = None
            elif self._hashes[shard] is not None and last >= first:
                slots = stream.slots.view(np.ndarray).view(f"V{EVENT.itemsize}")
                self._hashes[shard].update(slots[broadcast.places(slots, first, last)].tobytes())
            self._positions[shard] = last

    def digests(self) -> list[str | None]:
        """By shard, in hexadecimal digits; None where more came at once than a ring holds."""
        assert len(self._hashes) == len(self._streams), "every shard has its hash"
        return [None if each is None else each.hexdigest() for each in self._hashes]

"""Faults that are planted on purpose: a simulator that does not find them proves nothing by finding no others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np

from shm import broadcast, ring
from shm.crc32c import crc32c
from tests.simulation.venue import SimulatedVenue
from workers.journal.reader import FAR, FRAME_RECORDS_MAX
from workers.journal.segments import COUNT, CRC, FIRST, FRAME_MAGIC, HEADER_LINES, LINE_WORDS, MAGIC, list_segments
from workers.memory import COLD, JOURNALED, LINE
from workers.recorder.history import History, Place
from workers.recorder.rows import Rows
from workers.snapshot.files import UNFINISHED, Snapshot
from workers.topology import SEQUENCER


class EarlyAcknowledgement(SimulatedVenue):
    """Clients are told before the journal has written."""

    def sequence(self) -> int:
        count = super().sequence()
        self.memory.control[JOURNALED] = broadcast.published(self.memory.log)
        return count


class SyncLeftOut(SimulatedVenue):
    """The journal says that a frame is durable when it is only written."""

    @contextmanager
    def attached(self) -> Iterator[None]:
        with super().attached(), mock.patch.object(self.disk, "synced"):
            yield


class ChecksumsNotChecked(SimulatedVenue):
    """After a loss of power half a frame is taken for a whole one: as if each had the checksum that it should have."""

    @contextmanager
    def attached(self) -> Iterator[None]:
        lose = self.disk.lose_power

        def lose_power() -> int:
            changed = lose()
            for path in list_segments(self.directory):
                forge_checksums(path)
            return changed

        with super().attached(), mock.patch.object(self.disk, "lose_power", lose_power):
            yield


def forge_checksums(path: Path) -> None:
    """Give everything that begins like a frame the right checksum."""
    words = np.frombuffer(bytearray(path.read_bytes()), np.int64)
    at = HEADER_LINES * LINE_WORDS
    while at < len(words) and words[at + MAGIC] == FRAME_MAGIC:
        count = int(words[at + COUNT])
        end = at + (1 + count) * LINE_WORDS
        if not 0 < count <= FRAME_RECORDS_MAX or end > len(words):
            break
        crc = crc32c(words, at + FIRST, 2, 0)
        words[at + CRC] = crc32c(words, at + LINE_WORDS, count * LINE_WORDS, crc)
        at = end
    path.write_bytes(words.tobytes())


class CommandDropped(SimulatedVenue):
    """A ring's slots are given back before the commands in them are in the log; then the sequencer dies."""

    def crash(self, name: str) -> None:
        if self.workers[name].plan.has(SEQUENCER):
            for gateway in self.memory.gateways:
                gateway.header[ring.HEAD] = gateway.header[ring.TAIL]
        super().crash(name)


class RetryTaken(SimulatedVenue):
    """The ledger forgets which order ids its clients have used."""

    def sequence(self) -> int:
        self.memory.ledger.client_ids.view(np.uint8)[:] = 0
        return super().sequence()


class EventSkipped(SimulatedVenue):
    """A shard that is rebuilt takes the next event for one that has been told already."""

    def start(self, name: str, dies_at_beat: int = 0) -> None:
        plan = next(plan for plan in self.description.workers if plan.name == name)
        for shard in plan.shards():
            if not self.memory.control[COLD + LINE * shard]:
                self.memory.events[shard].header[broadcast.CURSOR] += 1
        super().start(name, dies_at_beat)


class SnapshotsNotChecked(SimulatedVenue):
    """What is on disk as a snapshot is taken for one, whatever its checksums say."""

    @contextmanager
    def attached(self) -> Iterator[None]:
        with super().attached(), mock.patch.object(Snapshot, "check"):
            yield


class SnapshotNotSynced(SimulatedVenue):
    """A snapshot has its name before it is durable."""

    @contextmanager
    def attached(self) -> Iterator[None]:
        synced = self.disk.synced

        def left_out(descriptor: int) -> None:
            if not os.readlink(f"/proc/self/fd/{descriptor}").endswith(UNFINISHED):
                synced(descriptor)

        with super().attached(), mock.patch.object(self.disk, "synced", left_out):
            yield


class PositionApart(SimulatedVenue):
    """The history says how far it is in another transaction than what it says of that."""

    @contextmanager
    def attached(self) -> Iterator[None]:
        def record(history: History, rows: Rows, place: Place) -> None:
            number = history.checkpoints()[0].number + 1
            with history._transaction() as connection:
                history._write_place(connection, number, place)
            with history._transaction() as connection:
                history._write(connection, number, rows)

        with super().attached(), mock.patch.object(History, "record", record):
            yield


class RecordedEarly(SimulatedVenue):
    """The recorder takes all that is on disk, also what nobody may be told of yet."""

    def recordable(self) -> int:
        return FAR


CANARIES: list[type[SimulatedVenue]] = [
    EarlyAcknowledgement,
    SyncLeftOut,
    ChecksumsNotChecked,
    CommandDropped,
    RetryTaken,
    EventSkipped,
    SnapshotsNotChecked,
    SnapshotNotSynced,
    PositionApart,
    RecordedEarly,
]

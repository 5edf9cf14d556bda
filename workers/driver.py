"""Pushes prepared commands through a ring of a running venue and follows what comes back, in one compiled loop.

For tools that load a venue: the replay of recorded days and the benchmarks. Commands refer to each other by their
row in the list: a cancel or amend names the row of its order, and is held back until that order's id is known.
The loop lives on shared memory alone, so a worker of the venue may die and come back meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple, Self

import numpy as np

from shm import broadcast, doorbell, histogram, ring
from shm.arena import new_array
from shm.atomics import load_acquire, pause
from shm.broadcast import Broadcast
from shm.clock import monotonic_ns, timespec
from shm.jit import kernel
from shm.ring import Ring
from tradsys.records import COMMAND, EVENT, EventFlag, EventKind
from workers.memory import JOURNALED
from workers.port import REQUEST_MASK, Port

_LAST = int(EventFlag.LAST)
_ACCEPTED = int(EventKind.ACCEPTED)
_REJECTED = int(EventKind.REJECTED)

NO_TARGET = -1
"""In `targets`: the command names no other command's order."""
REFUSED = -1
"""In `order_ids`: the order was refused and never had an id."""

SENT, ANSWERED, EVENTS, FIRST_REQUEST, SOURCE, KEPT, BACK_PRESSURE, LAST_ANSWER_NS = range(8)
_WORDS = 16
_BATCH = 64
"""At most so many commands are published, or events read, before the other direction has its turn."""
_SLICE_NS, _IDLE_NS = 1_000_000, 100_000
_SPINNING_SLICE_NS, _NEVER_NS = 50_000_000, 1 << 60
"""How long the loop stays in the kernel, and how long without work: a driver that spins has nothing else to do."""

_NAP_SECONDS = 50e-6
_KEPT_EVENTS = 1 << 16


class NoProgressError(Exception):
    """The venue has not answered for too long; the message says how far it came."""


class Load(NamedTuple):
    """The commands and all that is known about each; the first four arrays have a row per command."""

    commands: Any  # COMMAND
    targets: Any  # int64: row of the order that this command cancels or amends, or NO_TARGET
    planned_ns: Any  # int64: when to send (monotonic clock); 0: as soon as possible, then when it was sent
    order_ids: Any  # int64: 0 until the order's answer has come
    words: Any  # int64: progress, see SENT and the names after it
    latencies: Any  # shm.histogram: from the planned time of sending to a command's last event, ns
    kept: Any  # EVENT: buffer of events to hand out; without length when nobody wants them


def load_of(commands: Any, targets: Any, *, interval_ns: int = 0, keep_events: bool = True) -> Load:
    """A load of `commands` (COMMAND) and `targets` (rows); one command every `interval_ns`, 0: as fast as it goes.

    Planned times count from zero until the driver starts. Raises ValueError for a target that comes later.
    """
    count = len(commands)
    assert interval_ns >= 0, "commands are sent one after the other"
    rows = np.arange(count)
    if len(targets) != count or bool(np.any(targets >= rows)):
        raise ValueError("a command can only name the order of an earlier command")
    records = new_array(COMMAND, count)
    records[:] = commands
    planned = new_array(np.int64, count)
    planned[:] = rows * interval_ns
    mine = new_array(np.int64, count)
    mine[:] = targets
    return Load(
        records,
        mine,
        planned,
        new_array(np.int64, count),
        new_array(np.int64, _WORDS),
        new_array(np.int64, histogram.WORDS),
        new_array(EVENT, _KEPT_EVENTS if keep_events else 0),
    )


@kernel
def send(gateway: Ring, load: Load, now_ns: int, in_flight_max: int) -> int:
    """Publish the commands that are due and whose targets are known; gives how many."""
    words = load.words
    row = words[SENT]
    last = min(len(load.commands), row + _BATCH)
    last = min(last, words[ANSWERED] + in_flight_max)
    if row >= last or load.planned_ns[row] > now_ns:
        return 0
    free = ring.writable(gateway, last - row)
    if free <= 0:
        words[BACK_PRESSURE] += 1
        return 0
    last = min(last, row + free)
    first = row
    mask = gateway.header[ring.CAPACITY] - 1
    tail = gateway.header[ring.TAIL]
    while row < last and load.planned_ns[row] <= now_ns:
        target = load.targets[row]
        assert target < row, "a command names the order of an earlier one"
        if target >= 0 and load.order_ids[target] == 0:
            break
        slot = (tail + row - first) & mask
        gateway.slots[slot] = load.commands[row]
        command = gateway.slots[slot]
        command.timestamp_ns = now_ns
        if target >= 0:
            command.order_id = load.order_ids[target]
        if load.planned_ns[row] == 0:
            load.planned_ns[row] = now_ns
        row += 1
    if row > first:
        assert row - first <= free, "no more is sent than there is room for"
        ring.publish(gateway, row - first)
        words[SENT] = row
    return row - first


@kernel
def follow(stream: Broadcast, position: int, control: Any, load: Load, wanted: Any, clock: Any) -> int:
    """Read journaled events after `position`, in place, as a gating reader may; gives the new position.

    `wanted` (by symbol id) says whose events are kept. Stops when the buffer of kept events is full.
    """
    words = load.words
    end = broadcast.published(stream)
    if end <= position:
        return position
    assert end - position <= len(stream.slots), "what a gating reader has not read is not overwritten"
    end = min(end, position + _BATCH)
    journaled = load_acquire(control, JOURNALED)
    now_ns = monotonic_ns(clock)
    mask = stream.header[broadcast.CAPACITY] - 1
    kept = words[KEPT]
    while position < end:
        event = stream.slots[(position + 1) & mask]
        if event.log_sequence > journaled:
            break
        if len(load.kept) > 0 and event.symbol < len(wanted) and wanted[event.symbol] != 0:
            if kept >= len(load.kept):
                break
            load.kept[kept] = event
            kept += 1
        position += 1
        words[EVENTS] += 1
        row = (np.int64(event.request) - words[FIRST_REQUEST]) & REQUEST_MASK
        # A request beyond what was sent is one of the ring's former owner.
        if event.source == words[SOURCE] and row < words[SENT]:
            if load.order_ids[row] == 0:  # of linked orders, the first that is accepted is the command's own
                if event.kind == _ACCEPTED:
                    load.order_ids[row] = event.order_id
                elif event.kind == _REJECTED:
                    load.order_ids[row] = REFUSED
            if event.flags & _LAST:
                words[ANSWERED] += 1
                assert words[ANSWERED] <= words[SENT], "nothing is answered before it is sent"
                words[LAST_ANSWER_NS] = now_ns
                histogram.record(load.latencies, now_ns - load.planned_ns[row])
    words[KEPT] = kept
    return position


@kernel
def drive(
    gateway: Ring,
    bells: Any,
    bell: int,
    streams: tuple[Broadcast, ...],
    readers: Any,
    positions: Any,
    control: Any,
    load: Load,
    wanted: Any,
    in_flight_max: int,
    slice_ns: int,
    idle_ns: int,
    clock: Any,
) -> bool:
    """Send and read for about `slice_ns`; True when it came back early because nothing happened for `idle_ns`.

    Comes back at once when all is answered or the buffer of kept events is full.
    """
    words = load.words
    assert len(readers) == len(positions) == len(streams), "a reader of every shard's events"
    assert min(slice_ns, idle_ns) > 0, "it stays for a while"
    start_ns = monotonic_ns(clock)
    moved_ns = start_ns
    while True:
        now_ns = monotonic_ns(clock)
        moved = send(gateway, load, now_ns, in_flight_max)
        if moved > 0:
            doorbell.ring(bells, bell, doorbell.NO_DESCRIPTOR)
        for shard in range(len(streams)):
            stream = streams[shard]
            before = positions[shard]
            after = follow(stream, before, control, load, wanted, clock)
            if after > before:
                positions[shard] = after
                broadcast.advance(stream, readers[shard], after)
                moved += after - before
        if words[ANSWERED] >= len(load.commands):
            return False
        if len(load.kept) > 0 and words[KEPT] >= len(load.kept):
            return False
        if moved > 0:
            moved_ns = now_ns
        else:
            pause()
        if now_ns - start_ns > slice_ns:
            return False
        if now_ns - moved_ns > idle_ns:
            return True


class Driver:
    """Carries a load through the ring of a port that nobody else uses meanwhile. Close it to stop gating."""

    def __init__(
        self,
        port: Port,
        bell: int,
        load: Load,
        symbols: list[int],
        *,
        in_flight_max: int = 1024,
        spin: bool = False,
    ) -> None:
        """`bell` is the sequencer's; events of `symbols` (ids) are kept; `spin` never gives the core away."""
        assert in_flight_max > 0, "something may be under way"
        assert load.words[SENT] == 0, "a load is carried once"
        assert all(0 <= symbol <= port.memory.sizes.symbols_max for symbol in symbols), "symbols, or 0 for none"
        self.load = load
        self._memory = port.memory
        self._ring = port.memory.gateways[port.number]
        self._bell = bell
        self._spin = spin
        self._in_flight_max = in_flight_max
        self._clock = timespec()
        self._wanted = np.zeros(port.memory.sizes.symbols_max + 1, np.int64)
        self._wanted[symbols] = 1
        load.words[FIRST_REQUEST] = port.next_request
        load.words[SOURCE] = port.number
        # From here on the engine waits for this reader rather than overwrite what it has not read.
        places = [broadcast.join(stream) for stream in self._memory.events]
        self._readers, self._positions = np.array(places, np.int64).T.copy()

    def close(self) -> None:
        """Stop holding the engine up."""
        for stream, reader in zip(self._memory.events, self._readers.tolist(), strict=True):
            broadcast.leave(stream, reader)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def progress(self) -> tuple[int, int]:
        """How many commands were sent, and how many of them are answered."""
        sent, answered = int(self.load.words[SENT]), int(self.load.words[ANSWERED])
        assert answered <= sent <= len(self.load.commands), "only what was sent is answered"
        return sent, answered

    def start(self) -> None:
        """The planned times, which so far counted from zero, count from now."""
        planned = self.load.planned_ns
        assert self.load.words[SENT] == 0, "nothing is sent before its time is known"
        if len(planned) > 1 and planned[1] > 0:
            planned += time.monotonic_ns() + _SLICE_NS

    def step(self) -> bool:
        """Send and read for some milliseconds; True when nothing happened. Kept events wait for `take_kept`."""
        return bool(
            drive(
                self._ring,
                self._memory.bells,
                self._bell,
                self._memory.events,
                self._readers,
                self._positions,
                self._memory.control,
                self.load,
                self._wanted,
                self._in_flight_max,
                _SPINNING_SLICE_NS if self._spin else _SLICE_NS,
                _NEVER_NS if self._spin else _IDLE_NS,
                self._clock,
            )
        )

    def take_kept(self) -> Any:
        """The events kept since the last call, in the order of their streams: a view valid until the next step."""
        count = int(self.load.words[KEPT])
        assert 0 <= count <= len(self.load.kept), "no more is kept than there is room for"
        self.load.words[KEPT] = 0
        return self.load.kept[:count]

    @property
    def done(self) -> bool:
        """Whether every command is answered."""
        return int(self.load.words[ANSWERED]) >= len(self.load.commands)

    def run(self, *, patience_seconds: float = 120.0) -> Iterator[Any]:
        """Start, and give batches of kept events (possibly empty) until every command is answered.

        Raises NoProgressError after `patience_seconds` without an answer.
        """
        assert patience_seconds > 0, "an answer takes a moment"
        self.start()
        before = (-1, -1)
        moved = time.monotonic()
        while not self.done:
            idle = self.step()
            yield self.take_kept()
            now = time.monotonic()
            if self.progress != before:
                before, moved = self.progress, now
            elif self._is_early():
                moved = now
            elif now - moved > patience_seconds:
                sent, answered = self.progress
                raise NoProgressError(
                    f"the venue has not answered for {patience_seconds:.0f} s: "
                    f"{sent:,} of {len(self.load.commands):,} commands sent, {answered:,} answered"
                )
            if idle and not self._spin:
                time.sleep(_NAP_SECONDS)

    def _is_early(self) -> bool:
        """Whether the next command's time has not come and nothing is under way."""
        assert not self.done, "a command is to come or to be answered"
        sent, answered = self.progress
        return sent == answered and int(self.load.planned_ns[sent]) > time.monotonic_ns()

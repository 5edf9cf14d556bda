"""The shared memory of one venue: which array lies where, for every process of it and for outside tools.

One segment holds everything. Its name is derived from the data directory, so that several venues run side by
side on a host and a tool that knows the directory finds the memory.

Control words, each the first of a 128-byte line:

    JOURNALED   last log sequence that is as durable as the configured level asks; nothing later is acknowledged
    PHASE       starting, ready (RUNNING), draining, failed, or degraded: something is missing, and orders are taken
    BOOT        1 while the log still needs its BOOT record: the rings of this memory are new
    ACCOUNTS    accounts defined so far; the table `accounts` is valid up to it
    SYMBOLS     symbols defined so far; the table `symbols` is valid up to it
    LEDGER      bit b is set when ledger b is not as it was made, that is, empty
    JOURNAL_TROUBLE  0 while the disk takes the log as it should; else an errno, or SLOW; in the word behind it since
                when (monotonic ns). Gateways take no new orders meanwhile
    BANK        which of the ledgers is the venue's: with a standby there are two, and it keeps the other
    SUCCESSOR   pid of the standby that is to take another worker's place, 0 when none is
    FAILOVER    index of the worker whose place somebody wants the standby to take, and 1; 0: nobody does
    SAMPLING    the times of stages are taken of those records whose sequence has none of these bits
    COLD + s    1 until shard s has been rebuilt from the journal for the first time in this memory; the word behind it
                (TOUCHED) is 1 when its tables are not zero any more

A worker's line: pid, state, heartbeat (monotonic ns), duty cycles, duty cycles that found work, core, restarts.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from shm import broadcast, ring
from shm.arena import Arena, allocate, sizeof
from shm.broadcast import Broadcast
from shm.counters import Counters
from shm.histogram import WORDS as HISTOGRAM_WORDS
from shm.ring import Ring
from shm.segment import Segment
from tradsys.book.layout import Shard, ShardSize, carve
from tradsys.ledger.layout import Ledger, LedgerSize
from tradsys.ledger.layout import carve as carve_ledger
from tradsys.records import ACCOUNT_DEFINITION, COMMAND, EVENT, SYMBOL_DEFINITION

LINE = 16
"""Words of one 128-byte line."""
JOURNALED, PHASE, BOOT, ACCOUNTS, SYMBOLS, LEDGER, JOURNAL_TROUBLE = (line * LINE for line in range(7))
BANK, SUCCESSOR, FAILOVER, SAMPLING, COLD = (line * LINE for line in range(7, 12))
SAMPLED = 63
"""SAMPLING of a venue: one record in 64. -1: none."""
REASONS = 256
GATEWAY_STAGES = ("gateway", "publish", "answer")
"""What a gateway takes the times of, see gateway/stages.py."""
TOUCHED = 1
TROUBLE_SINCE_NS = JOURNAL_TROUBLE + 1
SLOW = -1
STARTING, RUNNING, DRAINING, FAILED, DEGRADED = range(5)
TAKES_ORDERS = (RUNNING, DEGRADED)
PHASES = ("starting", "ready", "draining", "failed", "degraded")
"""The words of tradsys.services.State; of a venue that has stopped there is no memory."""

PID, STATE, HEARTBEAT_NS, CYCLES, WORK_CYCLES, CORE, RESTARTS, IDLE = range(8)
ABSENT, RECOVERING, READY, STOPPING, STOPPED = 0, 1, 2, 3, 4
WORKER_STATES = ("absent", "recovering", "ready", "stopping", "stopped")

READER_JOURNAL = 0
"""Gating readers of the log: the journal, then the shards; the places after them are free for tools."""
READER_SHARDS = 1
_TOOLS_MAX = 15
"""Places for tools that read the log without losing a record."""
READER_LEDGER = 0
"""The gating reader of every shard's events; the places after it are free for gateways and tools."""

KIND = "venue"
COUNTERS_MAX = 2048
WORKERS_MAX = 384
"""More than the configuration can ask for: shards, gateways, and the few others."""


class Sizes(msgspec.Struct, frozen=True):
    """Everything that decides the layout; written beside the venue so that tools can attach."""

    shards: int
    rings: int
    symbols_max: int
    accounts_max: int
    orders_per_shard: int
    level_pages_per_shard: int
    directory_entries_per_shard: int
    log_ring: int
    event_ring: int
    gateway_ring: int
    assets_max: int = 15
    positions_max: int = 1024
    postings_max: int = 1024
    limit_rows_max: int = 64
    groups_max: int = 64
    recent_client_ids: int = 1024
    ledgers: int = 1

    def ledger(self) -> LedgerSize:
        """What the ledger holds."""
        return LedgerSize(
            accounts_max=self.accounts_max,
            assets_max=self.assets_max,
            symbols_max=self.symbols_max,
            shards=self.shards,
            orders=self.orders_per_shard,
            pending=self.log_ring,
            positions=self.positions_max,
            postings=self.postings_max,
            limit_rows=self.limit_rows_max,
            groups=self.groups_max,
            recent_client_ids=self.recent_client_ids,
        )

    def shard(self) -> ShardSize:
        """What one shard holds."""
        # Two sides of the book, and up to four of hidden orders and triggers.
        directory = 3 * self.directory_entries_per_shard
        return ShardSize(
            symbols_max=self.symbols_max,
            orders=self.orders_per_shard,
            pages=self.level_pages_per_shard,
            directory=directory,
            # One word per 64 directory entries and two levels above, with at least three words a side.
            summary=directory // 32 + 24 * (self.symbols_max + 1),
            accounts_max=self.accounts_max,
        )


class VenueMemory(NamedTuple):
    """Views of a venue's memory. `gateways` are the rings of gateways and tools, by ring number."""

    sizes: Sizes
    control: Any  # int64
    workers: Any  # int64, LINE words a worker
    bells: Any  # int64, LINE words a worker: see shm.doorbell
    ring_wait: Any  # histogram: from the gateway's clock to the sequencer's stamp, ns
    risk: Any  # histogram: the sequencer's decision about one record, ns
    matching: Any  # histograms, by shard: from the stamp to the end of the matching, ns
    book: Any  # histograms, by shard: the matching of one record alone, the mean of its batch, ns
    journal_sync: Any  # histogram: one write (and sync) of the journal, ns
    journal_batch: Any  # histogram: records of one write of the journal
    gateway_stages: Any  # histograms of GATEWAY_STAGES, ns, by ring
    refusals: Any  # int64: commands that the core has refused, by ring and reason
    counters: Counters  # of whoever wants to be seen from outside, by name
    log: Broadcast
    gateway_headers: Any  # the headers of all gateway rings, one after the other
    gateway_slots: Any  # and their slots: a loop over them compiles once, whatever their number
    gateways: tuple[Ring, ...]
    event_headers: Any  # of all shards' event rings, likewise
    event_slots: Any
    events: tuple[Broadcast, ...]
    accounts: Any  # ACCOUNT_DEFINITION by account id
    symbols: Any  # SYMBOL_DEFINITION by symbol id
    shards: tuple[Shard, ...]
    ledgers: tuple[Ledger, ...]

    @property
    def ledger(self) -> Ledger:
        """The venue's ledger as it is now."""
        bank = int(self.control[BANK])
        assert 0 <= bank < len(self.ledgers), "one of the venue's ledgers"
        return self.ledgers[bank]

    def line(self, worker: int) -> Any:
        """The line of the worker with this index."""
        assert 0 <= worker < WORKERS_MAX, "a worker has a line of the table"
        return self.workers[LINE * worker : LINE * (worker + 1)]


def lay_out(arena: Arena, sizes: Sizes) -> VenueMemory:
    """The whole memory, in the order that decides every offset."""

    def broadcast_ring(dtype: Any, capacity: int) -> Broadcast:
        return Broadcast(arena.array(np.int64, broadcast.HEADER_WORDS), arena.array(dtype, capacity))

    control = arena.array(np.int64, COLD + LINE * sizes.shards)
    workers = arena.array(np.int64, LINE * WORKERS_MAX)
    bells = arena.array(np.int64, LINE * WORKERS_MAX)
    ring_wait, risk, sync, batch = (arena.array(np.int64, HISTOGRAM_WORDS) for _ in range(4))
    matching, book = (arena.array(np.int64, HISTOGRAM_WORDS * sizes.shards) for _ in range(2))
    stages = arena.array(np.int64, HISTOGRAM_WORDS * len(GATEWAY_STAGES) * sizes.rings)
    refusals = arena.array(np.int64, REASONS * sizes.rings)
    counters = Counters.create(arena, COUNTERS_MAX)
    log = broadcast_ring(COMMAND, sizes.log_ring)
    headers = arena.array(np.int64, sizes.rings * ring.HEADER_WORDS)
    slots = arena.array(COMMAND, sizes.rings * sizes.gateway_ring)
    gateways = tuple(
        Ring(
            headers[number * ring.HEADER_WORDS : (number + 1) * ring.HEADER_WORDS],
            slots[number * sizes.gateway_ring : (number + 1) * sizes.gateway_ring],
        )
        for number in range(sizes.rings)
    )
    event_headers = arena.array(np.int64, sizes.shards * broadcast.HEADER_WORDS)
    event_slots = arena.array(EVENT, sizes.shards * sizes.event_ring)
    events = tuple(
        Broadcast(
            event_headers[shard * broadcast.HEADER_WORDS : (shard + 1) * broadcast.HEADER_WORDS],
            event_slots[shard * sizes.event_ring : (shard + 1) * sizes.event_ring],
        )
        for shard in range(sizes.shards)
    )
    accounts = arena.array(ACCOUNT_DEFINITION, sizes.accounts_max + 1)
    symbols = arena.array(SYMBOL_DEFINITION, sizes.symbols_max + 1)
    shards = tuple(carve(arena.array, sizes.shard(), stream) for stream in events)
    return VenueMemory(
        sizes=sizes,
        control=control,
        workers=workers,
        bells=bells,
        ring_wait=ring_wait,
        risk=risk,
        matching=matching,
        book=book,
        journal_sync=sync,
        journal_batch=batch,
        gateway_stages=stages,
        refusals=refusals,
        counters=counters,
        log=log,
        gateway_headers=headers,
        gateway_slots=slots,
        gateways=gateways,
        event_headers=event_headers,
        event_slots=event_slots,
        events=events,
        accounts=accounts,
        symbols=symbols,
        shards=shards,
        ledgers=tuple(carve_ledger(arena.array, sizes.ledger()) for _ in range(sizes.ledgers)),
    )


def initialise(memory: VenueMemory, log_base: int) -> None:
    """Prepare zeroed memory for a venue whose log so far ends at sequence `log_base`."""
    assert log_base >= 0, "records are numbered from 1"
    assert memory.control[PHASE] == STARTING, "the memory is new"
    assert 1 <= len(memory.ledgers) <= 2, "the venue's ledger, and a standby's beside it"
    readers = READER_SHARDS + memory.sizes.shards
    broadcast.initialise(memory.log, log_base, readers + _TOOLS_MAX)
    for stream in memory.events:
        broadcast.initialise(stream)
    for gateway in memory.gateways:
        ring.initialise(gateway)
    memory.control[JOURNALED] = log_base
    memory.control[BOOT] = 1
    memory.control[SAMPLING] = SAMPLED
    for shard in range(memory.sizes.shards):
        memory.control[COLD + LINE * shard] = 1
    for reader in range(readers):
        broadcast.reserve(memory.log, reader, log_base)
    for stream in memory.events:
        broadcast.reserve(stream, READER_LEDGER, 0, gates=False)  # until there is a sequencer


def bytes_needed(sizes: Sizes) -> int:
    """Bytes of shared memory that a venue of these sizes takes."""
    return sizeof(lambda arena: lay_out(arena, sizes))


def create(name: str, sizes: Sizes, log_base: int) -> tuple[Segment, VenueMemory]:
    """Make the venue's memory. Raises the errors of Segment.create."""
    segment = Segment.create(name, bytes_needed(sizes), KIND)
    arena = segment.arena()
    memory = lay_out(arena, sizes)
    assert arena.used == segment.size, "the layout takes what it measured"
    initialise(memory, log_base)
    return segment, memory


def attach(name: str, sizes: Sizes) -> tuple[Segment, VenueMemory]:
    """Attach to the memory of a venue that runs. Raises the errors of Segment.attach."""
    segment = Segment.attach(name, KIND)
    return segment, lay_out(segment.arena(), sizes)


def private(sizes: Sizes, log_base: int = 0) -> VenueMemory:
    """The same memory, private to this process: for tests that step a venue by hand."""
    memory = allocate(lambda arena: lay_out(arena, sizes))
    initialise(memory, log_base)
    return memory


def segment_name(data_directory: Path) -> str:
    """The name of the shared memory of the venue in `data_directory`: readable, and different for each path."""
    path = data_directory.resolve()
    assert path.is_absolute(), "every process means the same directory"
    readable = "".join(character if character.isalnum() else "-" for character in path.name.lower())[:24]
    return f"/tradsys-{readable}-{hashlib.sha256(str(path).encode()).hexdigest()[:10]}"

"""What a running venue looks like from outside: read from its shared memory alone, without any worker's help.

The numbers are read one after the other while the workers write them, so they are not of one instant.
"""

from __future__ import annotations

import time

import msgspec

from shm import broadcast, histogram, ring
from shm.broadcast import Broadcast
from tradsys.book.layout import W_COMMANDS, W_EVENTS, W_LIVE_ORDERS, W_POSITION, W_TRADES, W_USED_PAGES
from workers.journal.trouble import why
from workers.memory import (
    ABSENT,
    ACCOUNTS,
    CYCLES,
    HEARTBEAT_NS,
    JOURNAL_TROUBLE,
    JOURNALED,
    PHASE,
    PHASES,
    PID,
    READER_JOURNAL,
    READER_LEDGER,
    READER_SHARDS,
    RESTARTS,
    SLOW,
    STATE,
    SYMBOLS,
    TROUBLE_SINCE_NS,
    WORK_CYCLES,
    WORKER_STATES,
    VenueMemory,
)
from workers.stages import refusals, stages
from workers.topology import JOURNAL, MATCHER, SEQUENCER, WorkerPlan
from workers.venue import Venue

_ACTIVE = 1
_LOG = "log"


class WorkerView(msgspec.Struct, frozen=True):
    """One worker. `heartbeat_age_ns` is None for a worker without a heartbeat, or before its first."""

    name: str
    agents: list[str]
    state: str
    pid: int
    core: int | None
    idle: str
    restarts: int
    heartbeat_age_ns: int | None
    cycles: int
    work_cycles: int


class RingView(msgspec.Struct, frozen=True):
    """One ring: records that its slowest gating reader has not done with yet, out of `capacity`."""

    name: str
    published: int
    waiting: int
    capacity: int
    producer_pid: int = 0


class ReaderView(msgspec.Struct, frozen=True):
    """A gating reader of a broadcast ring and how many records it is behind. pid 0: a worker of the venue."""

    ring: str
    name: str
    position: int
    lag: int
    pid: int


class ShardView(msgspec.Struct, frozen=True):
    """One matcher shard."""

    number: int
    position: int
    events: int
    commands: int
    trades: int
    live_orders: int
    used_level_pages: int


class Trouble(msgspec.Struct, frozen=True):
    """Why the journal cannot take new orders at the moment, and for how long so far."""

    why: str
    age_ns: int


class Observation(msgspec.Struct, frozen=True):
    """A venue at about one moment. Latencies are summaries of histograms in ns, by name."""

    monotonic_ns: int
    phase: str
    log: int
    journaled: int
    inbound: int
    accounts: int
    symbols: int
    workers: list[WorkerView]
    rings: list[RingView]
    readers: list[ReaderView]
    shards: list[ShardView]
    latencies: dict[str, dict[str, int]]
    journal_batch: dict[str, int]
    """Summary of the histogram of records that the journal writes at once."""
    refusals: dict[str, int]
    """Commands of gateways that the core has refused, by reason."""
    journal_trouble: Trouble | None
    counters: dict[str, int]

    @property
    def trades(self) -> int:
        """Trades of all shards since the log's beginning."""
        return sum(shard.trades for shard in self.shards)

    @property
    def events(self) -> int:
        """Events of all shards since the log's beginning."""
        return sum(shard.events for shard in self.shards)

    @property
    def live_orders(self) -> int:
        """Orders that rest in the books."""
        return sum(shard.live_orders for shard in self.shards)


def observe(venue: Venue, memory: VenueMemory) -> Observation:
    """Read everything once."""
    assert memory.sizes == venue.sizes, "the memory is the venue's"
    now = time.monotonic_ns()
    streams = {_LOG: memory.log} | {f"events-{number}": stream for number, stream in enumerate(memory.events)}
    readers = [reader for name, stream in streams.items() for reader in _readers(name, stream)]
    gateways = [_gateway_ring(venue, number, each) for number, each in enumerate(memory.gateways)]
    shards = [
        ShardView(
            number,
            *(
                int(shard.words[word])
                for word in (W_POSITION, W_EVENTS, W_COMMANDS, W_TRADES, W_LIVE_ORDERS, W_USED_PAGES)
            ),
        )
        for number, shard in enumerate(memory.shards)
    ]
    return Observation(
        monotonic_ns=now,
        phase=PHASES[int(memory.control[PHASE])],
        log=int(memory.log.header[broadcast.CURSOR]),
        journaled=int(memory.control[JOURNALED]),
        inbound=sum(int(each.header[ring.HEAD]) for each in memory.gateways),
        accounts=int(memory.control[ACCOUNTS]),
        symbols=int(memory.control[SYMBOLS]),
        workers=[worker_view(memory, plan, now) for plan in [*venue.workers, *_come(venue, memory)]],
        rings=gateways + [_broadcast_ring(name, stream, readers) for name, stream in streams.items()],
        readers=readers,
        shards=shards,
        latencies={name: histogram.summary(words) for name, words in stages(memory).items()},
        refusals={reason.name.lower(): count for reason, count in refusals(memory).items()},
        journal_batch=histogram.summary(memory.journal_batch),
        journal_trouble=journal_trouble(memory, now),
        counters=memory.counters.snapshot(),
    )


def journal_trouble(memory: VenueMemory, now_ns: int) -> Trouble | None:
    """What is wrong with the journal's disk at the monotonic time `now_ns`; None when nothing is."""
    code = int(memory.control[JOURNAL_TROUBLE])
    if not code:
        return None
    assert code > 0 or code == SLOW, "what the disk says, or that it is slow"
    return Trouble(why(code), max(now_ns - int(memory.control[TROUBLE_SINCE_NS]), 0))


def _come(venue: Venue, memory: VenueMemory) -> list[WorkerPlan]:
    """The gateways apart that have ever come."""
    return [plan for plan in venue.apart if memory.line(plan.index)[STATE] != ABSENT]


def worker_view(memory: VenueMemory, plan: WorkerPlan, now_ns: int) -> WorkerView:
    """One worker at the monotonic time `now_ns`."""
    line = memory.line(plan.index).tolist()
    assert ABSENT <= line[STATE] < len(WORKER_STATES), "a state that there is"
    assert line[RESTARTS] >= 0, "restarts are counted from 0"
    return WorkerView(
        name=plan.name,
        agents=plan.agents,
        state=WORKER_STATES[line[STATE]],
        pid=line[PID],
        core=plan.core,
        idle=plan.idle,
        restarts=line[RESTARTS],
        heartbeat_age_ns=max(now_ns - line[HEARTBEAT_NS], 0) if line[HEARTBEAT_NS] else None,
        cycles=line[CYCLES],
        work_cycles=line[WORK_CYCLES],
    )


def _gateway_ring(venue: Venue, number: int, commands: ring.Ring) -> RingView:
    header = commands.header
    if number < venue.control_ring:
        name = f"gateway-{number}"
    else:
        name = "control" if number == venue.control_ring else f"tool-{number - venue.control_ring}"
    tail, head = int(header[ring.TAIL]), int(header[ring.HEAD])
    assert 0 <= number < venue.sizes.rings, "a ring of the venue"
    return RingView(name, tail, max(tail - head, 0), int(header[ring.CAPACITY]), int(header[ring.PRODUCER_PID]))


def _broadcast_ring(name: str, stream: Broadcast, readers: list[ReaderView]) -> RingView:
    waiting = max((reader.lag for reader in readers if reader.ring == name), default=0)
    return RingView(name, int(stream.header[broadcast.CURSOR]), waiting, int(stream.header[broadcast.CAPACITY]))


def _readers(name: str, stream: Broadcast) -> list[ReaderView]:
    header = stream.header
    cursor = int(header[broadcast.CURSOR])
    found = []
    for number in range(int(header[broadcast.READERS])):
        place = broadcast.READER_STRIDE * number
        if header[broadcast.ACTIVE + place] != _ACTIVE:
            continue
        position, pid = int(header[broadcast.POSITION + place]), int(header[broadcast.PID + place])
        own = pid < 0
        assert position >= 0, "records are numbered from 1"
        found.append(
            ReaderView(
                name,
                _reader_name(name, number) if own else f"pid {pid}",
                position,
                max(cursor - position, 0),
                max(pid, 0),
            )
        )
    return found


def _reader_name(ring_name: str, number: int) -> str:
    """The agent whose place this is among the readers of a ring."""
    assert number >= 0, "places are numbered from 0"
    if ring_name != _LOG:
        assert number == READER_LEDGER, "only the ledger has a place of its own among the readers of events"
        return SEQUENCER
    return JOURNAL if number == READER_JOURNAL else f"{MATCHER}-{number - READER_SHARDS}"

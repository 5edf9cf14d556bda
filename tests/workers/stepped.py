"""A venue in private memory whose agents are stepped by hand, and the oracle of what it must have said."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from shm import broadcast, ring
from tests.book.shards import concerns
from tests.factories import define_account, define_symbol
from tradsys.book.layout import W_EVENTS, W_FLOOR, W_PENDING, W_PENDING_A, W_PENDING_B, W_PENDING_C, Shard
from tradsys.configuration import Configuration, load
from tradsys.records import COMMAND, EVENT, Kind
from tradsys.reference.messages import Command, Event, commands_of, records_of
from tradsys.reference.venue import Venue as ReferenceVenue
from workers import memory as venue_memory
from workers import sequencer
from workers.engine import Engine
from workers.journal import JournalReader, last_sequence
from workers.matcher import match
from workers.memory import Sizes, VenueMemory
from workers.port import Port
from workers.replica import Replica
from workers.standby import Standby
from workers.topology import WorkerPlan
from workers.venue import Venue

SIZES = Sizes(
    shards=1,
    rings=3,
    symbols_max=8,
    accounts_max=8,
    orders_per_shard=1024,
    level_pages_per_shard=256,
    directory_entries_per_shard=1024,
    log_ring=256,
    event_ring=64,
    gateway_ring=64,
)
SYMBOLS, ACCOUNTS = 4, 3
STEP_NS = 50_000
TRANSPORT_WORDS = [W_FLOOR, W_PENDING_A, W_PENDING_B, W_PENDING_C]
"""Words of a shard that tell how its events travelled, not what its state is."""


def compact(shards: int = 1) -> list[WorkerPlan]:
    """Everything in one worker."""
    matchers = [f"matcher-{number}" for number in range(shards)]
    return [WorkerPlan(0, "engine", ["sequencer", "journal", *matchers], None, "yield")]


def with_standby(shards: int = 1) -> list[WorkerPlan]:
    """An engine whose place another process can take: the journal is in a worker of its own."""
    matchers = [f"matcher-{number}" for number in range(shards)]
    agents = {"journal": ["journal"], "engine": ["sequencer", *matchers]}
    return [WorkerPlan(index, name, agents[name], None, "yield") for index, name in enumerate(agents)]


def sharded(shards: int) -> list[WorkerPlan]:
    """A worker for each agent."""
    agents = ["journal", "sequencer", *(f"matcher-{number}" for number in range(shards))]
    return [WorkerPlan(index, agent, [agent], None, "yield") for index, agent in enumerate(agents)]


@functools.cache
def _testing() -> Configuration:
    return load("testing", environ={})


def describe(
    directory: Path, plans: list[WorkerPlan], sizes: Sizes, level: str = "memory", segment_bytes: int = 1 << 14
) -> Venue:
    """A venue of these workers that runs nowhere yet."""
    configuration = _testing()
    journal = msgspec.structs.replace(configuration.journal, level=level, segment_bytes=segment_bytes)
    topology = msgspec.structs.replace(configuration.topology, shards=sizes.shards)
    clock = msgspec.structs.replace(configuration.clock, tick_ms=1)
    return Venue(
        data_directory=str(directory),
        segment="/tradsys-stepped",
        supervisor_pid=0,
        started_ns=0,
        sizes=sizes,
        workers=plans,
        control_ring=sizes.rings - 1,
        configuration=msgspec.structs.replace(configuration, journal=journal, topology=topology, clock=clock),
    )


class KilledError(Exception):
    """A worker died while it recovered."""


class SteppedWorker(Engine):
    """A core worker whose agents are stepped one by one. `meanwhile` is called while it is busy recovering."""

    def __init__(self, venue: Venue, plan: WorkerPlan, memory: VenueMemory, meanwhile: Callable[[], None]) -> None:
        super().__init__(venue, plan, memory)
        self._meanwhile = meanwhile

    def beat(self) -> None:
        super().beat()
        self._meanwhile()

    def sequence(self, now_ns: int) -> int:
        """One turn of the sequencer at `now_ns` of the log's clock; gives how many records the log got."""
        assert self._worker is not None
        return int(sequencer.sequence(self._worker.sequencer, now_ns, now_ns))

    def write(self) -> int:
        """One frame of the journal, and its housekeeping; gives the number of records. 0 also without a journal."""
        return 0 if self._journal is None else self._journal.write()

    def settle(self) -> None:
        """Let the ledger, if it is here, read the events that there are."""
        if self._worker is not None and self._worker.sequencer is not None:
            state = self._worker.sequencer
            sequencer.settle(state, int(state.words[sequencer.LAST_NS]))

    def match(self) -> int:
        """One turn of every matcher here; gives the work done."""
        assert self._worker is not None
        return sum(int(match(matcher)) for matcher in self._worker.matchers or ())


class SteppedWorkers:
    """The workers of one venue, over private memory, and the steps that their agents take."""

    def __init__(self, directory: Path, plans: list[WorkerPlan], sizes: Sizes = SIZES, **options: Any) -> None:
        self.description = describe(directory, plans, sizes, **options)
        self.directory = self.description.journal_directory
        self.sizes = sizes
        self.now_ns = 1_000_000_000
        self.memory: VenueMemory
        self.workers: dict[str, SteppedWorker] = {}

    def boot(self, log_base: int) -> None:
        """Start every worker over new memory, of a log that so far ends at sequence `log_base`."""
        self.memory = venue_memory.private(self.sizes, log_base)
        for plan in self.description.workers:
            self.start(plan.name)

    def make_room(self) -> None:
        """Called now and then while a worker recovers, which may have to wait for readers of events."""

    # Life and death of workers.

    def start(self, name: str, dies_at_beat: int = 0) -> None:
        """Start a worker that does not run. Readers make room and other workers go on while it recovers.

        It beats about once a batch. Raises KilledError when it comes to the beat at which it dies.
        """
        plan = next(plan for plan in self.description.workers if plan.name == name)
        beats = 0

        def meanwhile() -> None:
            nonlocal beats
            beats += 1
            if beats == dies_at_beat:
                raise KilledError
            for other in list(self.workers.values()):
                other.write()
                other.settle()
            if beats > 2:
                self.make_room()

        worker = SteppedWorker(self.description, plan, self.memory, meanwhile)
        try:
            worker.recover()
        except BaseException:
            if worker._journal is not None:
                worker.close()
            raise
        self.workers[name] = worker

    def crash(self, name: str) -> None:
        """The worker is gone; what it had in memory of its own is lost."""
        self.workers.pop(name).close()

    def restart(self, name: str) -> None:
        """Crash the worker and start it again over the memory that is left."""
        self.crash(name)
        self.start(name)

    def succeed(self, name: str, standby: Standby) -> None:
        """Crash the worker, and let what a standby has kept go on in its place."""
        self.crash(name)
        self.take_over(name, standby)

    def take_over(self, name: str, standby: Standby, wait: Callable[[], None] | None = None) -> None:
        """Let what a standby has kept go on in the place of a worker that is gone."""
        plan = next(plan for plan in self.description.workers if plan.name == name)
        worker = SteppedWorker(self.description, plan, self.memory, lambda: None)
        worker.adopt(*standby.take_over(plan, wait or self.give_way))
        self.workers[name] = worker

    def give_way(self) -> None:
        """Those who run do what somebody waits for who needs room for events."""
        for worker in self.workers.values():
            worker.settle()
        self.make_room()

    def close(self) -> None:
        for name in list(self.workers):
            self.crash(name)

    def shard(self, number: int) -> Shard:
        """The shard as its matcher has it: after a takeover it is not the one in the venue's memory."""
        worker = self.worker_with(f"matcher-{number}")
        assert worker._worker is not None
        shard: Shard = worker._worker.matchers[worker.plan.shards().index(number)].shard
        return shard

    def worker_with(self, agent: str) -> SteppedWorker:
        """The worker in which this agent runs."""
        return next(worker for worker in self.workers.values() if worker.plan.has(agent))

    # Steps.

    def sequence(self) -> int:
        self.now_ns += STEP_NS
        return self.worker_with("sequencer").sequence(self.now_ns)

    def write(self) -> int:
        return self.worker_with("journal").write()

    def match(self, shard: int = 0) -> int:
        return self.worker_with(f"matcher-{shard}").match()

    def records(self) -> Any:
        """The whole log, from disk."""
        return journal_records(self.directory, self.sizes.shards)


class SteppedVenue(SteppedWorkers):
    """The workers of one venue, its ports, and all that a client has seen of every shard's events.

    Port 0 gates the event streams, and is read only when `read` is called.
    """

    def __init__(self, directory: Path, plans: list[WorkerPlan], sizes: Sizes = SIZES, **options: Any) -> None:
        super().__init__(directory, plans, sizes, **options)
        self.ports: list[Port] = []
        self.seen: list[Any] = [np.zeros(0, EVENT) for _ in range(sizes.shards)]
        self.submitted: list[list[Any]] = []
        """For each time the rings were new: by ring, the commands that were submitted."""
        self.boot(0)

    def boot(self, log_base: int) -> None:
        self.submitted.append([np.zeros(0, COMMAND) for _ in range(self.sizes.rings)])
        super().boot(log_base)
        self.ports = [Port(self.memory, number, 0) for number in range(self.sizes.rings)]
        self.ports[0].gate()

    def make_room(self) -> None:
        if self.ports:
            self.read()

    def restart_cold(self) -> None:
        """Every process is gone and the shared memory with them; the venue starts anew from its journal."""
        self.close()
        if boots(self.records()) < len(self.submitted):
            self.submitted.pop()  # it had not even booted: nothing of it is in the log
        self.boot(last_sequence(self.directory, self.sizes.shards))
        self._learn_missed()

    def restart_cold_without_looking_back(self) -> None:
        """The same, of a venue that is at rest and whose log has lost its beginning."""
        self.settle()
        self.close()
        self.boot(last_sequence(self.directory, self.sizes.shards))
        self._learn_missed()

    def _learn_missed(self) -> None:
        """The events that the log gives and the client has not seen."""
        for shard, position in enumerate(self.ports[0].positions):
            missing = list(Replica(self.sizes, self.directory).missing_events(shard, len(self.seen[shard])))
            self.seen[shard] = chain(self.seen[shard], *missing)
            assert len(self.seen[shard]) == position, "what was missed ends where the new stream begins"

    def close(self) -> None:
        super().close()
        for port in self.ports:
            port.close()
        self.ports = []

    # Steps.

    def submit(self, commands: Any, port: int = 0) -> int:
        """Put commands into a ring; gives how many fitted."""
        count = self.ports[port].submit(commands)
        self.submitted[-1][port] = np.concatenate([self.submitted[-1][port], commands[:count]])
        return count

    def read(self) -> int:
        """Take in every event that may be seen, and give its room back; gives how many."""
        total = 0
        for shard in range(self.sizes.shards):
            events = self.ports[0].drain(shard)
            assert events is not None, "a gating reader is never lapped"
            self.seen[shard] = chain(self.seen[shard], events)
            total += len(events)
        return total

    def settle(self) -> None:
        """Step everything until nothing more happens."""
        idle = 0
        while idle < 3:
            # Without time passing, or the clock's ticks would never let it come to rest.
            work = self.worker_with("sequencer").sequence(self.now_ns) + self.write()
            work += sum(self.match(shard) for shard in range(self.sizes.shards)) + self.read()
            idle = 0 if work else idle + 1

    def define(self, accounts: int = ACCOUNTS, symbols: int = SYMBOLS) -> None:
        """Define accounts and symbols 1, 2, and so on."""
        wanted = [define_account(number) for number in range(1, accounts + 1)]
        wanted += [define_symbol(number) for number in range(1, symbols + 1)]
        assert self.submit(np.concatenate(wanted)) == accounts + symbols
        self.settle()

    # What must be true.

    def assert_right(self) -> None:
        """After settle(): every command once in the log, every event once at the client, every shard as it must be."""
        records = self.records()
        assert records["sequence"].tolist() == list(range(1, len(records) + 1))
        assert (np.diff(records["timestamp_ns"]) >= 0).all()
        self._assert_commands(records)
        replica = Replica(self.sizes, self.directory)
        replica.advance()
        for shard in range(self.sizes.shards):
            assert_same(self.seen[shard], expected_events(records, shard, self.sizes))
            assert_same_shard(self.shard(shard), replica.shards[shard])
        assert_answered_once(chain(*self.seen), records)

    def _assert_commands(self, records: Any) -> None:
        assert boots(records) == len(self.submitted)
        parts = np.split(records, np.flatnonzero(_is_boot(records)))[1:]
        for number, (part, rings) in enumerate(zip(parts, self.submitted, strict=True)):
            for source, sent in enumerate(rings):
                logged = part[part["source"] == source]
                assert logged["request"].tolist() == list(range(len(logged)))
                # What a cold restart found in the rings only is lost, and was never acknowledged.
                assert len(logged) <= len(sent)
                assert len(logged) == len(sent) or number + 1 < len(self.submitted)
                for field in ("kind", "symbol", "account", "price_ticks", "quantity_lots", "order_id", "flags"):
                    assert logged[field].tolist() == sent[field][: len(logged)].tolist()


def journal_records(directory: Path, shards: int | None = None) -> Any:
    """Every record of a journal, as one array."""
    reader = JournalReader(directory, shards)
    batches = [np.zeros(0, COMMAND)]
    while len(batch := reader.next_batch()):
        batches.append(batch.view(np.ndarray).copy())
    return np.concatenate(batches)


def _is_boot(records: Any) -> Any:
    return (records["kind"] == Kind.BOOT) & (records["source"] == sequencer.VENUE_SOURCE)


def boots(records: Any) -> int:
    """How often the log says that a venue started with new rings."""
    return int(_is_boot(records).sum())


def chain(*parts: Any) -> Any:
    """Arrays of EVENT as one. numpy's own concatenation would take apart the fields that share bytes."""
    return np.concatenate([part.view(np.ndarray).view("V64") for part in parts]).view(EVENT)


def expected_events(records: Any, shard: int, sizes: Sizes) -> Any:
    """The events that the log's records must cause on a shard, by the reference venue."""
    return records_of(reference_events(commands_of(records), shard, sizes))


def reference_events(commands: list[Command], shard: int, sizes: Sizes) -> list[Event]:
    """The events that a log must cause on a shard, as the reference venue gives them."""
    venue = ReferenceVenue(sizes.orders_per_shard, tells_accounts=shard == 0)
    events = []
    for command in commands:
        is_meant = concerns(command, shard, sizes.shards)
        events += venue.process(command) if is_meant else venue.pass_by(command)
    return events


def assert_same(seen: Any, expected: Any) -> None:
    """The same events, byte for byte; on a difference the first one is shown."""
    count = min(len(seen), len(expected))
    lines = [events[:count].view(np.uint8).reshape(-1, EVENT.itemsize) for events in (seen, expected)]
    different = np.flatnonzero((lines[0] != lines[1]).any(axis=1))
    if len(different):
        at = int(different[0])
        raise AssertionError(f"event {at + 1} is {seen[at]}, expected {expected[at]}")
    assert len(seen) == len(expected), f"{len(seen)} events, expected {len(expected)}"


def assert_same_shard(left: Any, right: Any) -> None:
    """Two shards in the same state, byte for byte; transport apart."""
    assert left.words[W_PENDING] == right.words[W_PENDING] == 0
    assert left.words[W_EVENTS] == right.words[W_EVENTS]
    words = [np.delete(shard.words, TRANSPORT_WORDS) for shard in (left, right)]
    assert words[0].tolist() == words[1].tolist()
    for name, mine, other in zip(left._fields[2:-1], left[2:-1], right[2:-1], strict=True):
        assert mine.tobytes() == other.tobytes(), f"{name} differ"


def assert_answered_once(events: Any, records: Any) -> None:
    """Every command that the clients sent has one last event, save a mass cancel or kill switch of all symbols.

    Such a one is answered by every shard. What belongs to an order is answered with it.
    """
    from_clients = records[records["source"] != sequencer.VENUE_SOURCE]
    from_clients = from_clients[~np.isin(from_clients["kind"], [Kind.EXTENSION, Kind.LEG])]
    is_mass_cancel = np.isin(from_clients["kind"], [Kind.CANCEL_ALL, Kind.KILL])
    single = from_clients[~is_mass_cancel | (from_clients["symbol"] != 0)]
    last = events[(events["flags"] & 2) != 0]
    numbers, counts = np.unique(last["log_sequence"], return_counts=True)
    answers = dict(zip(numbers.tolist(), counts.tolist(), strict=True))
    assert [number for number in single["sequence"].tolist() if answers.get(number) != 1] == []


def ring_heads(memory: VenueMemory) -> list[int]:
    """How far the sequencer has given each ring back."""
    return [int(gateway.header[ring.HEAD]) for gateway in memory.gateways]


def log_end(memory: VenueMemory) -> int:
    """The last sequence number in the log's ring."""
    return int(memory.log.header[broadcast.CURSOR])

"""Compiling every kernel of a venue before it starts, with progress, into the cache that all processes share.

Each step runs a small private venue, so that exactly the kernels and argument types of the real one are compiled.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from shm import broadcast
from shm.arena import new_array
from shm.clock import timespec
from shm.jit import CACHE_DIRECTORY, JIT_DISABLED
from tradsys.book.layout import W_POSITION, initialise
from tradsys.configuration import Configuration
from tradsys.ledger.layout import HOLD
from tradsys.ledger.terms import AccountKind
from tradsys.records import COMMAND, Kind, details
from tradsys.risk.dry_run import ORDERS, WORDS, dry_run
from tradsys.symbols import Account, Symbol
from workers import memory
from workers.engine import Engine
from workers.journal import JournalWriter
from workers.memory import Sizes
from workers.port import Port
from workers.recovery import apply_batch
from workers.replica import Replica
from workers.sequencer import VENUE_SOURCE
from workers.standby import Standby
from workers.topology import JOURNAL, SEQUENCER, WorkerPlan
from workers.venue import Venue

Report = Callable[[str, int, int], None]
"""Called as report(what comes next, steps done, steps in all)."""

_TURN_NS = 1_000_000


def _kernels(plans: list[WorkerPlan]) -> list[tuple[int, bool, int]]:
    """What decides which variants of the duty cycle and of the recovery a set of workers needs."""
    shards = sum(len(plan.shards()) for plan in plans)
    return sorted({(plan.has(SEQUENCER) * shards, plan.has(JOURNAL), len(plan.shards())) for plan in plans})


def _stamp(plans: list[WorkerPlan]) -> Path:
    text = repr(_kernels(plans)).encode()
    return CACHE_DIRECTORY / f"compiled-{hashlib.sha256(text).hexdigest()[:12]}"


def needed(plans: list[WorkerPlan]) -> bool:
    """Whether kernels of these workers have yet to be compiled on this machine."""
    return not JIT_DISABLED and not _stamp(plans).exists()


def compile_all(plans: list[WorkerPlan], configuration: Configuration, report: Report) -> None:
    """Compile what these workers, their gateways and the replicas run. Takes up to a minute the first time."""
    core = [plan for plan in plans if plan.is_core]
    assert core, "somebody takes orders"
    steps: list[tuple[str, Callable[[], None]]] = []
    with tempfile.TemporaryDirectory(prefix="tradsys-compile-") as directory:
        venue = _private_venue(plans, configuration, Path(directory))
        steps.append(("order book", lambda: _compile_book(venue)))
        steps += [(f"worker {plan.name}", lambda plan=plan: _compile_worker(plan, venue)) for plan in core]  # type: ignore[misc]
        steps.append(("ports", lambda: _compile_port(venue)))
        steps.append(("replicas", lambda: _compile_replica(venue)))
        steps.append(("dry runs", lambda: _compile_dry_run(venue)))
        for number, (name, step) in enumerate(steps):
            report(name, number, len(steps))
            step()
    _stamp(plans).touch()
    report("done", len(steps), len(steps))


def rehearse(plans: list[WorkerPlan], configuration: Configuration) -> None:
    """Load the kernels that a takeover needs into this process, so that it can serve at once when it has to.

    A kernel that Python calls is loaded by its first call: that takes longer than a whole takeover.
    """
    followed = {(plan.has(SEQUENCER), len(plan.shards())): plan for plan in plans if plan.is_followed}
    assert followed, "there is somebody whose place may be taken"
    for plan in followed.values():
        _rehearse_as(plan, plans, configuration)


def _rehearse_as(plan: WorkerPlan, plans: list[WorkerPlan], configuration: Configuration) -> None:
    with tempfile.TemporaryDirectory(prefix="tradsys-rehearsal-") as directory:
        venue = _private_venue(plans, configuration, Path(directory))
        private = memory.private(
            msgspec.structs.replace(venue.sizes, ledgers=2), _write_journal(venue, _settled_commands())
        )
        standby = Standby(private, venue.journal_directory, configuration.clock.tick_ms)
        assert standby.sequence == int(broadcast.published(private.log)), "it has followed all that there is"
        engine = Engine(venue, plan, private)
        engine.adopt(*standby.take_over(plan, lambda: None))
        for _ in range(3):
            engine.turn(_TURN_NS)
        logged = int(broadcast.published(private.log))
        assert (logged > standby.sequence) == plan.has(SEQUENCER), "a sequencer goes on with the log"
        engine.close()


def _private_venue(plans: list[WorkerPlan], configuration: Configuration, directory: Path) -> Venue:
    shards = sorted(shard for plan in plans for shard in plan.shards())
    assert shards == list(range(configuration.topology.shards)), "the workers of this configuration"
    small = Sizes(
        shards=configuration.topology.shards,
        rings=2,
        symbols_max=8,
        accounts_max=8,
        orders_per_shard=64,
        level_pages_per_shard=64,
        directory_entries_per_shard=64,
        log_ring=1024,
        event_ring=1024,
        gateway_ring=1024,
    )
    quiet = [msgspec.structs.replace(plan, idle="yield", core=None) for plan in plans]
    journal = msgspec.structs.replace(configuration.journal, segment_bytes=1 << 16)
    return Venue(
        data_directory=str(directory),
        segment="/tradsys-compile",
        supervisor_pid=0,
        started_ns=0,
        sizes=small,
        workers=quiet,
        control_ring=1,
        configuration=msgspec.structs.replace(configuration, journal=journal),
    )


def _some_commands() -> Any:
    order = np.zeros(3, COMMAND)
    order["kind"] = (Kind.NEW, Kind.NEW, Kind.TICK)
    order["symbol"] = order["account"] = order["quantity_lots"] = order["price_ticks"] = 1
    order["sequence"] = (3, 4, 5)
    order["source"] = (0, 0, VENUE_SOURCE)
    account = Account(1, "account").definition().view(COMMAND)
    symbol = Symbol(1, "SYMBOL", 0, 1, 0, 1, 1, 100, 1).definition().view(COMMAND)
    account["sequence"], symbol["sequence"] = 1, 2
    commands = np.concatenate([account, symbol, order])
    assert commands["sequence"].tolist() == list(range(1, len(commands) + 1)), "a log from its first record on"
    return commands


def _settled_commands() -> Any:
    """The same, behind a contract: from there on events are to be settled."""
    commands = _some_commands()
    records = [details(Kind.ASSET, asset=asset, value_numerator=1, value_divisor=1) for asset in (1, 2)]
    records.append(details(Kind.ACCOUNT, account=2, account_kind=AccountKind.FEE))
    records.append(Symbol(2, "SETTLED", 0, 1, 0, 1, 1, 100, 1).definition())
    terms = dict(asset=1, quote=2, account=2, lot_value=1, numerator=1, divisor=1)
    records.append(details(Kind.CONTRACT, symbol=2, **terms))
    settled = np.concatenate([commands[:2], *(record.view(COMMAND) for record in records), commands[2:]])
    settled["sequence"] = np.arange(1, len(settled) + 1)
    assert settled["sequence"][-1] == len(commands) + len(records), "every record has its place"
    return settled


def _compile_book(venue: Venue) -> None:
    shard = memory.private(venue.sizes).shards[0]
    initialise(shard, is_zeroed=True)
    commands = _some_commands()
    is_whole = apply_batch(shard, 0, venue.sizes.shards, commands)
    assert is_whole, "nobody gates these events"
    assert int(shard.words[W_POSITION]) == len(commands), "all of them were carried out"


def _write_journal(venue: Venue, commands: Any) -> int:
    """Leave a journal for a worker to recover from; gives its last sequence."""
    before = memory.private(venue.sizes)
    writer = JournalWriter(
        venue.journal_directory, before, "memory", venue.configuration.journal.segment_bytes, timespec()
    )
    assert len(commands) < len(before.log.slots), "the log's ring holds all of it"
    before.log.slots[1 : len(commands) + 1] = commands
    broadcast.publish(before.log, len(commands))
    writer.write()
    assert writer.written == len(commands), "all of it is in the journal"
    writer.close()
    return len(commands)


def _compile_worker(plan: WorkerPlan, venue: Venue) -> None:
    """Take the worker, alone in memory of its own, from a recovery that has work to do to turns of its duty cycle."""
    with tempfile.TemporaryDirectory(dir=venue.path) as directory:
        own = msgspec.structs.replace(venue, data_directory=directory)
        last = _write_journal(own, _some_commands())
        engine = Engine(own, plan, memory.private(own.sizes, last))
        engine.recover()
        for _ in range(3):
            engine.turn(_TURN_NS)
        logged = int(broadcast.published(engine.memory.log))
        assert (logged > last) == plan.has(SEQUENCER), "a sequencer logs that it begins"
        engine.close()


def _compile_port(venue: Venue) -> None:
    port = Port(memory.private(venue.sizes), 0, 0)
    port.gate()
    commands = _some_commands()
    count = port.submit(commands)
    assert count == len(commands), "an empty ring has room"
    events = port.drain(0)
    assert len(events) == 0, "nobody has carried them out"
    port.has_events()
    port.close()


def _compile_replica(venue: Venue) -> None:
    last = _write_journal(venue, _some_commands())
    replica = Replica(venue.sizes, venue.journal_directory)
    sequence = replica.advance()
    assert sequence == last, "it knows all of the journal"
    assert replica.account_count == 1, "and the account in it"
    assert replica.symbol_count == 1, "and the symbol"
    for _batch in Replica(venue.sizes, venue.journal_directory).missing_events(0, 0):
        pass
    broadcast.published(replica.shards[0].events)


def _compile_dry_run(venue: Venue) -> None:
    orders, hold, result = new_array(COMMAND, ORDERS), new_array(HOLD, 1), new_array(np.int64, WORDS)
    dry_run(memory.private(venue.sizes).ledger, orders, hold, venue.sizes.shards, result)

"""The logs of the recovery benchmark, on disk: of plain markets, and of one whose trades are settled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from bench import engine
from bench.common import BenchmarkError
from bench.flows import commands_of
from bench.mix_log import details_of, learn, log_of, new_shard, start
from bench.shapes import DEEP, generate
from shm import broadcast
from shm.clock import timespec
from tradsys.book.layout import W_EVENTS, W_LIVE_ORDERS, W_TRADES
from tradsys.configuration import load
from tradsys.records import COMMAND, Kind
from tradsys.symbols import Account, Symbol
from workers import memory, topology
from workers.definitions import missing_accounts, missing_symbols
from workers.engine import Engine
from workers.journal import JournalReader, JournalWriter
from workers.port import Port
from workers.venue import Venue

_FRAME_RECORDS = 256
"""Records that a frame of a log has which no venue wrote: a venue under load writes as many and more."""
_TURN_NS = 1_000_000
_CONFIGURATION = "configuration.json"


class Market(NamedTuple):
    """A venue that runs nowhere, its log on disk, and what the log leads to."""

    name: str
    venue: Venue
    commands: int  # that clients sent
    records: int  # of the log
    events: int
    trades: int
    resting: int


def describe(directory: Path, overrides: dict[str, Any]) -> Venue:
    """A venue of one core worker with this configuration and its journal in `directory`."""
    directory.mkdir(parents=True)
    (directory / _CONFIGURATION).write_bytes(msgspec.json.encode(overrides))
    configuration = load("production", directory / _CONFIGURATION, environ={})
    plans = [plan for plan in topology.plan(configuration, topology.usable_cores()) if plan.is_core]
    assert len(plans) == 1, "all of the core is in one worker"
    return Venue(
        data_directory=str(directory),
        segment="/tradsys-recovery",
        supervisor_pid=0,
        started_ns=0,
        sizes=topology.sizes(configuration),
        workers=[msgspec.structs.replace(plan, idle="yield") for plan in plans],
        control_ring=topology.control_ring(configuration),
        configuration=configuration,
    )


def plain(directory: Path, shape: str, commands: int, seed: int) -> Market:
    """One symbol without a contract, and a flow of `bench.shapes`: nothing of it is settled."""
    messages = generate(shape, commands, seed)
    pools = {"orders_per_shard": max(3 * commands // 4, 1 << 12)} if shape == DEEP else {}
    overrides = {"topology": {"kind": "compact"}, "journal": {"level": "memory"}, "pools": pools}
    venue = describe(directory / shape, overrides)
    prices = messages["price_ticks"][messages["price_ticks"] > 0]
    lowest, highest = int(prices.min()), int(prices.max())
    account = Account(1, "bench").definition().view(COMMAND)
    symbol = Symbol(1, "BENCH", 2, 1, 0, 1, lowest, highest, lowest).definition().view(COMMAND)
    log = log_of([account, symbol, commands_of(messages)])
    del messages
    shard = new_shard(venue.sizes.shard())
    start(shard)
    last = len(log) - 1
    order_ids = np.zeros(int(log["client_order_id"].max()) + 1, np.int64)
    events = learn(shard, log, details_of(log), 1, last, order_ids, np.zeros(0, np.uint8))
    records = log.view(np.ndarray)
    records["request"] = records["sequence"] - 1
    records["client_order_id"][records["kind"] != Kind.NEW] = 0
    _write(venue, records[1:])
    return Market(shape, venue, commands, last, events, int(shard.words[W_TRADES]), int(shard.words[W_LIVE_ORDERS]))


def _write(venue: Venue, records: Any) -> None:
    """Put records into a journal, as the venue's writer does."""
    private = memory.private(venue.sizes)
    writer = JournalWriter(
        venue.journal_directory, private, "memory", venue.configuration.journal.segment_bytes, timespec()
    )
    # As bytes: numpy copies field by field otherwise.
    source, slots = records.view("V64"), private.log.slots.view(np.ndarray).view("V64")
    try:
        for begin in range(0, len(records), _FRAME_RECORDS):
            part = source[begin : begin + _FRAME_RECORDS]
            slots[np.arange(begin + 1, begin + 1 + len(part)) & (len(slots) - 1)] = part
            broadcast.publish(private.log, begin + len(part))
            while writer.written < begin + len(part):
                writer.write()
    finally:
        writer.close()


def settled(directory: Path, orders: int, seed: int, report: Callable[[int], None]) -> Market:
    """The market of `bench engine --risk`, traded by an engine in this process; `report(orders sent)` now and then."""
    settings = engine.Settings(risk=True, seed=seed)
    venue = describe(directory / "settled", engine.overrides(settings))
    private = memory.private(venue.sizes)
    worker, port = Engine(venue, venue.workers[0], private), Port(private, 0, venue.sequencer_index)
    flow = engine.Flow(settings)
    try:
        worker.recover()
        open_market(worker, port, settings)
        for sent in range(0, orders, venue.sizes.gateway_ring):
            report(sent)
            _send(worker, port, flow.next(min(orders - sent, venue.sizes.gateway_ring)))
        shard = private.shards[0]
        while worker.turn(_TURN_NS):  # until all is settled and the log says so
            pass
    finally:
        port.close()
        worker.close()
    words = shard.words
    records, refused = _survey(venue)
    if refused:
        raise BenchmarkError(f"{refused} records of the settled market's log were refused")
    return Market(
        "settled", venue, orders, records, int(words[W_EVENTS]), int(words[W_TRADES]), int(words[W_LIVE_ORDERS])
    )


def open_market(worker: Engine, port: Port, settings: engine.Settings) -> None:
    """Let an engine of this process take in the accounts and symbols of its configuration, and with risk the money."""
    configuration = worker.venue.configuration
    defined = [account.definition() for account in missing_accounts([], configuration)]
    defined += [symbol.definition() for symbol in missing_symbols([], configuration)]
    _send(worker, port, np.concatenate([definition.view(COMMAND) for definition in defined]))
    if settings.risk:
        _send(worker, port, engine.money_and_limits(settings))


def _send(worker: Engine, port: Port, commands: Any) -> None:
    """Let the engine take in commands."""
    sent = 0
    while sent < len(commands) or not port.is_taken_in():
        sent += port.submit(commands[sent:])
        worker.turn(_TURN_NS)


def _survey(venue: Venue) -> tuple[int, int]:
    """Of the log on disk the number of records, and how many of them were refused."""
    reader, refused = JournalReader(venue.journal_directory), 0
    while len(batch := reader.next_batch()):
        refused += int(np.count_nonzero(batch.view(np.ndarray)["reason"]))
    return reader.sequence, refused

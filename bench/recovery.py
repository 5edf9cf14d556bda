"""How quickly a venue comes back: commands of a log on disk a second, part by part and as an engine's start does it.

Three logs: of a plain market in the flow "normal", of a plain market with a million resting orders, and of a settled
one with every limit set. Of each: reading and checking it; the books, as a restarted matcher rebuilds them and as a
gateway's replica does; the decisions, as the sequencer takes them again; and an engine's start, which is all that a
core worker does from an empty memory to its first duty cycle. Then a snapshot is taken of nine tenths of the log,
another one from there, and an engine starts from that. Last the recorder writes the history of the log's first tenth.
The rounds of the three logs take turns. Each pass must end where its part of the log does, and the first ones with as
many events and resting orders as when the log was made.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from bench.common import BenchmarkError, machine, need_jit, pinned, show, spread
from bench.recovery_market import Market, plain, settled
from bench.shapes import DEEP
from tradsys.book.layout import W_EVENTS, W_LIVE_ORDERS, Shard
from workers import memory, sequencer
from workers.engine import Engine
from workers.journal import JournalReader
from workers.recorder.database import history_path
from workers.recorder.history import History
from workers.recorder.recorder import Recorder
from workers.recovery import rebuild
from workers.redecision import redecide_journal
from workers.replica import Replica
from workers.snapshot.files import list_snapshots
from workers.snapshot.taking import take_snapshot

GOAL_PER_SECOND = 3_000_000
GOAL_SECONDS = 10.0
"""For ten million commands, and for a million resting orders."""
_FIRST_SHARE, _RECORDED_SHARE = 0.9, 0.1
"""Of the log: in the first snapshot, and in the history."""


class Settings(NamedTuple):
    """How much is measured."""

    commands: int = 10_000_000  # of the plain market
    resting: int = 1_000_000  # orders, after twice as many commands
    orders: int = 2_000_000  # of the settled market
    rounds: int = 3
    seed: int = 1
    data_directory: Path | None = None  # of the journals and snapshots; a temporary one when not named


class Pass(NamedTuple):
    """What one pass took, and over how many records of the log."""

    records: int
    seconds: float
    cpu_seconds: float


def _check(market: Market, sequence: int, shard: Shard | None = None) -> None:
    """Raises BenchmarkError when a pass has not come to the log's end, or not to what the log leads to."""
    if sequence != market.records:
        raise BenchmarkError(f"{market.name}: a pass ended at record {sequence} of {market.records}")
    if shard is not None:
        found = int(shard.words[W_EVENTS]), int(shard.words[W_LIVE_ORDERS])
        if found != (market.events, market.resting):
            raise BenchmarkError(f"{market.name}: {found} events and resting orders came back, unlike before")


def _from_the_beginning(market: Market) -> JournalReader:
    return JournalReader(market.venue.journal_directory, market.venue.sizes.shards)


def _nothing() -> None:
    """A start's beat, which here shows itself to nobody."""


def read(market: Market) -> None:
    """Every frame of the log, checked."""
    reader = _from_the_beginning(market)
    while len(reader.next_batch()):
        pass
    _check(market, reader.sequence)


def rebuild_books(market: Market) -> None:
    """As a matcher that starts by itself."""
    private, reader = memory.private(market.venue.sizes, market.records), _from_the_beginning(market)
    rebuild(private, [0], None, reader, _nothing)
    _check(market, reader.sequence, private.shards[0])


def follow(market: Market) -> None:
    """As the replica of a gateway that starts."""
    replica = Replica(market.venue.sizes, market.venue.journal_directory)
    _check(market, replica.advance(), replica.shards[0])


def decide_again(market: Market) -> None:
    """As a sequencer that starts by itself."""
    private, reader = memory.private(market.venue.sizes, market.records), _from_the_beginning(market)
    state = sequencer.new_sequencer(private, market.venue.configuration.clock.tick_ms)
    redecide_journal(state, private, None, reader, _nothing)
    sequencer.resume(state, private)
    _check(market, reader.sequence)


def start_engine(market: Market) -> None:
    """All that an engine does before its first duty cycle, from the newest snapshot or the log's beginning."""
    private = memory.private(market.venue.sizes, market.records)
    engine = Engine(market.venue, market.venue.workers[0], private)
    try:
        engine.recover()
    finally:
        engine.close()
    _check(market, int(private.control[memory.JOURNALED]), private.shards[0])


def take(market: Market, until: int) -> None:
    """A snapshot of the log up to `until`, with which a frame ends."""
    take_snapshot(market.venue.journal_directory, market.venue.sizes, _refuse, until=until)


def _refuse(what: str) -> None:
    raise BenchmarkError(what)  # a snapshot that was just taken is not used


def record(market: Market, until: int) -> None:
    """The history of the log up to `until`, with which a frame ends, as a recorder writes it from nothing."""
    with tempfile.TemporaryDirectory(prefix="tradsys-history-", dir=market.venue.path) as directory:
        history = History(history_path(Path(directory)))
        recorder = Recorder(history, market.venue.journal_directory, market.venue.sizes, lambda: until, _refuse)
        while recorder.step(0) or recorder.sequence < until:
            pass
        recorder.write()
        (newest, *_) = history.checkpoints()
        history.close()
    if newest.place.sequence != until:
        raise BenchmarkError(f"{market.name}: the history ended at record {newest.place.sequence} of {until}")


PASSES = {
    "read": read,
    "books": rebuild_books,
    "replica": follow,
    "decisions": decide_again,
    "start": start_engine,
}


def _end_of(share: float, market: Market) -> int:
    """The end of the last frame that is whole in this share of the log."""
    reader = _from_the_beginning(market)
    while len(reader.next_batch(int(share * market.records))):
        pass
    return reader.sequence


def _timed(work: Callable[[], None], records: int) -> Pass:
    gc.collect()  # what the pass before has left is not for this one to clear away
    begun_ns, begun_cpu_ns = time.perf_counter_ns(), time.process_time_ns()
    work()
    cpu_ns = time.process_time_ns() - begun_cpu_ns
    return Pass(records, (time.perf_counter_ns() - begun_ns) / 1e9, cpu_ns / 1e9)


def passes(market: Market) -> dict[str, Pass]:
    """Every pass once, by name; leaves its two snapshots. Raises BenchmarkError."""
    done = {name: _timed(partial(work, market), market.records) for name, work in PASSES.items()}
    first, last, recorded = _end_of(_FIRST_SHARE, market), market.records, _end_of(_RECORDED_SHARE, market)
    done["snapshot"] = _timed(partial(take, market, first), first)
    done["next snapshot"] = _timed(partial(take, market, last), last - first)
    done["start from snapshot"] = _timed(partial(start_engine, market), 0)
    done["history"] = _timed(partial(record, market, recorded), recorded)
    return done


def run(console: Console, settings: Settings | None = None) -> dict[str, Any]:
    """Measure and show the tables; gives the fields of the JSON line. Raises BenchmarkError."""
    need_jit()
    settings = settings or Settings()
    with (
        tempfile.TemporaryDirectory(prefix="tradsys-recovery-", dir=settings.data_directory) as directory,
        console.status("making the logs") as status,
        pinned() as core,
    ):
        markets = [
            plain(Path(directory), "normal", settings.commands, settings.seed),
            plain(Path(directory), DEEP, 2 * settings.resting, settings.seed),
            settled(Path(directory), settings.orders, settings.seed, lambda sent: status.update(f"{sent:,} orders")),
        ]
        rounds: list[list[dict[str, Pass]]] = [[] for _ in markets]
        sizes = [0 for _ in markets]
        for number in range(settings.rounds):
            for place, market in enumerate(markets):
                status.update(f"round {number + 1} of {settings.rounds}: {market.name}")
                rounds[place].append(passes(market))
                sizes[place] = _clear(market)
    results = {
        market.name: _result(market, measured, size)
        for market, measured, size in zip(markets, rounds, sizes, strict=True)
    }
    topology = f"one thread on core {core}, one shard"
    _show(console, results, f"{topology}; medians of {settings.rounds} interleaved rounds; the log in the page cache")
    return {
        "markets": results,
        "goals": {"per_second": GOAL_PER_SECOND, "seconds": GOAL_SECONDS},
        "rounds": settings.rounds,
        "seed": settings.seed,
        "topology": topology,
        "machine": machine(),
    }


def _clear(market: Market) -> int:
    """Remove the snapshots; gives the size of the last one."""
    paths = list_snapshots(market.venue.journal_directory)
    size = paths[-1].stat().st_size
    for path in paths:
        path.unlink()
    return size


def _result(market: Market, rounds: list[dict[str, Pass]], snapshot_bytes: int) -> dict[str, Any]:
    measured: dict[str, Any] = {}
    for name, first in rounds[0].items():
        seconds = spread([each[name].seconds for each in rounds], more_is_better=False)
        cpu = statistics.median(each[name].cpu_seconds for each in rounds)
        measured[name] = {
            "records": first.records,
            "seconds": round(seconds.median, 4),
            "seconds_best": round(seconds.best, 4),
            "seconds_worst": round(seconds.worst, 4),
            "cpu_seconds": round(cpu, 4),
            "per_second": round(first.records / seconds.median),
            "per_cpu_second": round(first.records / cpu),
        }
    return {
        "commands": market.commands,
        "records": market.records,
        "events": market.events,
        "trades": market.trades,
        "resting": market.resting,
        "snapshot_bytes": snapshot_bytes,
        "passes": measured,
    }


def rates(one: dict[str, Any]) -> tuple[str, str]:
    """Million records a second of a pass's result, and by CPU time; nothing of one that reads no records."""
    if not one["records"]:
        return "", ""
    per_second, per_cpu_second = (one[unit] / 1e6 for unit in ("per_second", "per_cpu_second"))
    places = 1 if per_second >= 1 else 2
    return f"{per_second:.{places}f}", f"{per_cpu_second:.{places}f}"


def _show(console: Console, results: dict[str, Any], note: str) -> None:
    rows = []
    for market, result in results.items():
        for name, one in result["passes"].items():
            rows.append((market, name, f"{one['seconds']:.2f}", f"{one['seconds_best']:.2f}", *rates(one)))
    headings = ("market", "pass", "seconds", "best", "M records/s", "by CPU time")
    show(console, "recovery from a log on disk", headings, rows, note)
    for market, result in results.items():
        console.print(
            f"{market}: {result['commands']:,} commands, {result['records']:,} records, {result['events']:,} events, "
            f"{result['resting']:,} orders resting, snapshot {result['snapshot_bytes'] / 1e6:,.1f} MB",
            style="dim",
            soft_wrap=True,
            highlight=False,
        )
    console.print(
        f"goals: {GOAL_PER_SECOND / 1e6:.0f} M commands/s replayed; 10 M commands, or 1 M resting orders, back within "
        f"{GOAL_SECONDS:.0f} s",
        style="dim",
        soft_wrap=True,
        highlight=False,
    )

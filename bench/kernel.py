"""Messages a second through the matching kernel alone: one thread, one book, a log in memory, events written.

Order ids are the venue's and so known only when the orders are in: a first pass learns them and completes the log,
a second one over the whole log keeps every event, from which the hash of all reports is made, and the timed passes
run that same log. The passes of different flows take turns, because the machine is shared; the rate by CPU time is
what the kernel does when nobody takes the core away from it.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from bench import data
from bench.common import machine, need_jit, pinned, show, spread
from bench.flows import (
    NORMAL_SEED23_FILE,
    NORMAL_SEED23_SHA256,
    canonical_sha256,
    commands_of,
    read_flow,
    reports_of,
)
from bench.shapes import DEEP, SHAPES, generate
from shm import broadcast
from shm.arena import new_array
from shm.broadcast import Broadcast
from shm.jit import kernel
from tradsys.book.execution import run as run_book
from tradsys.book.layout import W_EVENTS, W_POSITION, W_TRADES, Shard, ShardSize, carve
from tradsys.book.layout import initialise as empty
from tradsys.records import COMMAND, DETAILS, EVENT, EventKind, Kind
from tradsys.symbols import Symbol

PUBLIC = "normal_seed23"
GENERATED = (*SHAPES, DEEP)
_TIMED_EVENTS = 1 << 16
_FIRST_SEQUENCE = 2
"""The symbol's definition is the log's first record."""

_NEW = int(Kind.NEW)
_ACCEPTED = int(EventKind.ACCEPTED)


class WrongReportsError(Exception):
    """The kernel's reports are not what the benchmark publishes, or differ between two passes over one log."""


class Settings(NamedTuple):
    """How much is measured."""

    messages: int = 2_000_000  # of each generated flow
    repetitions: int = 9
    seed: int = 1


class Workload(NamedTuple):
    """A flow, as messages and as the log of a venue with one symbol; `log[0]` is unused."""

    name: str
    messages: Any
    log: Any  # COMMAND
    size: ShardSize
    sha256: str  # of the reports
    expected_sha256: str  # published; "" when nobody has
    trades: int
    events: int


@kernel
def learn(shard: Shard, log: Any, definitions: Any, order_ids: Any) -> None:
    """Carry the log out and fill in the order ids of its cancels and amends. `order_ids`: by client order id."""
    slots = shard.events.slots
    mask = len(slots) - 1
    for sequence in range(1, len(log)):
        command = log[sequence]
        if sequence > 1 and command.kind != _NEW:
            command.order_id = order_ids[command.client_order_id]
        before = shard.words[W_EVENTS]
        run_book(shard, log, definitions, 0, -1, sequence, 1, 0)
        event = slots[(before + 1) & mask]
        if sequence > 1 and event.kind == _ACCEPTED:
            order_ids[command.client_order_id] = event.order_id


def _shard(size: ShardSize, events: int) -> Shard:
    """A shard of private memory whose ring holds `events`, not yet initialised."""
    ring = Broadcast(new_array(np.int64, broadcast.HEADER_WORDS), new_array(EVENT, events))
    return carve(new_array, size, ring)


def _start(shard: Shard) -> None:
    empty(shard)
    broadcast.initialise(shard.events)


def _definitions(log: Any) -> Any:
    return log.view(np.ndarray).view(DETAILS)


def prepare(name: str, messages: Any, expected_sha256: str = "") -> Workload:
    """Make the log of a flow and the hash of its reports. Raises WrongReportsError when it is not the expected one."""
    prices = messages["price_ticks"][messages["price_ticks"] > 0]
    lowest, highest = int(prices.min()), int(prices.max())
    log = new_array(COMMAND, len(messages) + _FIRST_SEQUENCE)
    symbol = Symbol(1, "BENCH", 2, 1, 0, 1, lowest, highest, lowest)
    log[1:2] = symbol.definition().view(COMMAND)
    log["sequence"][1] = 1
    log[_FIRST_SEQUENCE:] = commands_of(messages, first_sequence=_FIRST_SEQUENCE)
    pages = (highest - lowest) // 64 + 2
    size = ShardSize(
        symbols_max=1,
        orders=_most_orders(messages),
        pages=2 * pages,
        directory=2 * pages,
        summary=pages // 16 + 32,
    )
    shard = _shard(size, _TIMED_EVENTS)
    _start(shard)
    learn(shard, log, _definitions(log), np.zeros(int(messages["order_id"].max()) + 1, np.int64))
    events = int(shard.words[W_EVENTS])
    checked = _shard(size, 1 << (events + 8).bit_length())
    timed_pass(checked, log)
    reports = reports_of(messages, checked.events.slots[1 : events + 1], _FIRST_SEQUENCE)
    sha256 = canonical_sha256(reports)
    if expected_sha256 and sha256 != expected_sha256:
        raise WrongReportsError(f"{name}: the reports' SHA-256 is {sha256}, published is {expected_sha256}")
    return Workload(name, messages, log, size, sha256, expected_sha256, int(checked.words[W_TRADES]), events)


def _most_orders(messages: Any) -> int:
    """An upper bound of the orders that can live at once, as a pool's size."""
    new = np.cumsum(messages["type"] == 0)
    gone = np.cumsum(messages["type"] == 1) // 2
    return int(min(max(int((new - gone).max()) + 1, 1 << 12), (1 << 22) - 1))


def timed_pass(shard: Shard, log: Any) -> tuple[float, float]:
    """Carry the whole log out on an empty book; gives the seconds it took, and those that the CPU spent on it."""
    _start(shard)
    definitions = _definitions(log)
    begun_ns, begun_cpu_ns = time.perf_counter_ns(), time.thread_time_ns()
    run_book(shard, log, definitions, 0, -1, len(log) - 1, 1, 0)
    cpu_ns = time.thread_time_ns() - begun_cpu_ns
    return (time.perf_counter_ns() - begun_ns) / 1e9, cpu_ns / 1e9


def _checked_rates(workload: Workload, shard: Shard) -> tuple[float, float]:
    """Messages of one pass per second, and per second of CPU time.

    Raises WrongReportsError when the pass did not do what the checked one did.
    """
    seconds, cpu_seconds = timed_pass(shard, workload.log)
    words = shard.words
    done = (int(words[W_POSITION]), int(words[W_EVENTS]), int(words[W_TRADES]))
    if done != (len(workload.log) - 1, workload.events, workload.trades):
        raise WrongReportsError(f"{workload.name}: a timed pass ended at {done}, unlike the checked one")
    return len(workload.messages) / seconds, len(workload.messages) / cpu_seconds


def workloads(settings: Settings, console: Console) -> list[Workload]:
    """The public flow, where its file is, and the generated ones, ready to be timed."""
    found = []
    path: Path | None = data.find(NORMAL_SEED23_FILE)
    if path is None:
        console.print(f"[yellow]the public workload {NORMAL_SEED23_FILE} is not here; {data.VARIABLE} can name it[/]")
    else:
        found.append(prepare(PUBLIC, read_flow(path), NORMAL_SEED23_SHA256))
    found += [prepare(name, generate(name, settings.messages, settings.seed)) for name in GENERATED]
    return found


def run(console: Console, settings: Settings | None = None) -> dict[str, Any]:
    """Measure and show the table; gives the fields of the JSON line. Raises WrongReportsError."""
    need_jit()
    settings = settings or Settings()
    with pinned() as core:
        with console.status("preparing the flows and checking their reports"):
            flows = workloads(settings, console)
        shards = [_shard(flow.size, _TIMED_EVENTS) for flow in flows]
        rates: list[list[tuple[float, float]]] = [[] for _ in flows]
        with console.status("timing"):
            for _ in range(settings.repetitions):
                for flow, shard, measured in zip(flows, shards, rates, strict=True):
                    measured.append(_checked_rates(flow, shard))
    results = {flow.name: _result(flow, measured) for flow, measured in zip(flows, rates, strict=True)}
    topology = f"one thread on core {core}, one symbol"
    _show(console, results, f"{topology}; {settings.repetitions} interleaved passes over each flow")
    return {
        "workloads": results,
        "repetitions": settings.repetitions,
        "seed": settings.seed,
        "topology": topology,
        "machine": machine(),
    }


def _result(flow: Workload, rates: list[tuple[float, float]]) -> dict[str, Any]:
    measured = spread([rate for rate, _ in rates], more_is_better=True)
    of_cpu = spread([rate for _, rate in rates], more_is_better=True)
    return {
        "messages_per_second": round(measured.median),
        "messages_per_second_best": round(measured.best),
        "messages_per_second_worst": round(measured.worst),
        "messages_per_cpu_second": round(of_cpu.median),
        "sha256": flow.sha256,
        "sha256_is_published": bool(flow.expected_sha256),
        "messages": len(flow.messages),
        "trades": flow.trades,
        "events": flow.events,
        "samples": measured.rounds,
    }


def _show(console: Console, results: dict[str, dict[str, Any]], note: str) -> None:
    rows = []
    for name, result in results.items():
        names = ("_second", "_second_best", "_second_worst", "_cpu_second")
        rates = [result[f"messages_per{name}"] / 1e6 for name in names]
        rows.append(
            (
                name,
                *(f"{rate:.1f}" for rate in rates),
                result["sha256"][:8] + (" as published" if result["sha256_is_published"] else ""),
            )
        )
    headings = ("flow", "M messages/s", "best", "worst", "by CPU time", "reports' SHA-256")
    show(console, "matching kernel", headings, rows, note)

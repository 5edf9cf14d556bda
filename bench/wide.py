"""Many symbols in one shard, a million orders resting in them, beside one symbol with as many: rate and memory.

Both flows are the same draw of the same dice but for the symbol of each new order: new orders at a uniform distance
behind the centre, cancels and amends of any live order, immediate orders that take from the touch, all symbols alike.
They run in the same memory, one after the other. Orders that others have taken are cancelled too, as it happens.
"""

from __future__ import annotations

import os
import statistics
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from bench.common import BenchmarkError, machine, need_jit, pinned, show, spread
from bench.mix_log import details_of, learn, log_of, new_shard, start, timed
from bench.wide_flow import AMEND, CANCEL, IMMEDIATE, columns_of
from tradsys.book.layout import W_LIVE_ORDERS, Shard, ShardSize, state_of
from tradsys.records import COMMAND, CommandFlag, Kind, TimeInForce
from tradsys.symbols import Symbol

LOWEST, HIGHEST = 1, 2_000
_PAGES = (HIGHEST - LOWEST + 64) // 64
_SUMMARY_WORDS = 3
_ACCOUNT = 1


class Settings(NamedTuple):
    """How much is measured."""

    symbols: int = 10_000
    resting: int = 1_000_000
    messages: int = 1_000_000
    rounds: int = 5
    seed: int = 1


class Prepared(NamedTuple):
    """A log whose part from record `first` on is timed, and what it leaves."""

    symbols: int
    log: Any
    first: int
    events: int
    resting: int  # before the timed part


def size_of(settings: Settings) -> ShardSize:
    """A shard for the symbols, and for half as many orders again as shall rest."""
    sides = 2 * settings.symbols
    return ShardSize(
        symbols_max=settings.symbols,
        orders=settings.resting * 3 // 2 + 1024,
        pages=sides * _PAGES,
        directory=sides * _PAGES,
        summary=sides * _SUMMARY_WORDS,
    )


def commands(settings: Settings, symbols: int) -> Any:
    """The orders that rest, then the flow (COMMAND array); `client_order_id` names the order of each."""
    count = settings.resting + settings.messages
    random = np.random.default_rng(settings.seed)
    draws = random.integers(0, 1 << 40, (4, count))
    columns = columns_of(draws, settings.resting, symbols, LOWEST, HIGHEST)
    records = np.zeros(count, COMMAND)
    kind = columns[0]
    records["kind"] = Kind.NEW
    records["kind"][kind == CANCEL] = Kind.CANCEL
    records["kind"][kind == AMEND] = Kind.AMEND
    records["flags"][kind == AMEND] = CommandFlag.NEW_PRICE
    records["time_in_force"][kind == IMMEDIATE] = TimeInForce.IOC
    for row, name in enumerate(("client_order_id", "symbol", "side", "price_ticks"), 1):
        records[name] = columns[row]
    records["account"] = _ACCOUNT
    records["quantity_lots"] = random.integers(1, 101, count)
    return records


def prepare(settings: Settings, symbols: int, shard: Shard) -> Prepared:
    """The log of the flow over so many symbols, its order ids learnt on `shard`."""
    centre = (LOWEST + HIGHEST) // 2
    definitions = [
        Symbol(number, f"S{number}", 2, 1, 0, 1, LOWEST, HIGHEST, centre).definition().view(COMMAND)
        for number in range(1, symbols + 1)
    ]
    log = log_of([*definitions, commands(settings, symbols)])
    first = symbols + settings.resting + 1
    details = details_of(log)
    order_ids = np.zeros(int(log["client_order_id"].max()) + 1, np.int64)
    nothing = np.zeros(0, np.uint8)
    start(shard)
    learn(shard, log, details, 1, first - 1, order_ids, nothing)
    resting = int(shard.words[W_LIVE_ORDERS])
    events = learn(shard, log, details, first, len(log) - 1, order_ids, nothing)
    if resting != settings.resting:
        raise BenchmarkError(f"{resting} orders rest in {symbols} symbols, not {settings.resting}")
    return Prepared(symbols, log, first, events, resting)


def resident_bytes() -> int:
    """How much memory this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def run(console: Console, settings: Settings | None = None) -> dict[str, Any]:
    """Measure and show the table; gives the fields of the JSON line. Raises BenchmarkError."""
    need_jit()
    settings = settings or Settings()
    with pinned() as core:
        with console.status(f"filling {settings.symbols:,} books"):
            before = resident_bytes()
            shard = new_shard(size_of(settings))
            start(shard)  # touches all of it
            shard_bytes = resident_bytes() - before
            prepared = [prepare(settings, symbols, shard) for symbols in (1, settings.symbols)]
        with console.status("timing"):
            costs = _rounds(prepared, shard, settings)
    one, many = costs
    topology = f"one thread on core {core}, {settings.resting:,} orders resting"
    result = {
        "symbols": {str(each.symbols): _result(each, measured) for each, measured in zip(prepared, costs, strict=True)},
        "ratio": round(statistics.median(b / a for a, b in zip(one, many, strict=True)), 3),
        "shard_bytes_resident": shard_bytes,
        "shard_bytes": sum(array.nbytes for array in state_of(shard)),
        "rounds": settings.rounds,
        "seed": settings.seed,
        "topology": topology,
        "machine": machine(),
    }
    _show(console, result, settings)
    return result


def _rounds(prepared: list[Prepared], shard: Shard, settings: Settings) -> list[list[float]]:
    """Nanoseconds a message of each flow, one figure a round."""
    costs: list[list[float]] = [[] for _ in prepared]
    for number in range(settings.rounds):
        order = range(len(prepared)) if number % 2 == 0 else reversed(range(len(prepared)))
        for place in order:
            one = prepared[place]
            costs[place].append(timed(shard, one.log, one.first) / settings.messages)
    return costs


def _result(one: Prepared, costs: list[float]) -> dict[str, Any]:
    measured = spread(costs, more_is_better=False)
    return {
        "ns": round(measured.median, 1),
        "ns_best": round(measured.best, 1),
        "messages_per_second": round(1e9 / measured.median),
        "resting": one.resting,
        "events": one.events,
        "samples": measured.rounds,
    }


def _show(console: Console, result: dict[str, Any], settings: Settings) -> None:
    rows = [
        (
            f"{int(symbols):,}",
            f"{one['ns']:.0f}",
            f"{one['ns_best']:.0f}",
            f"{one['messages_per_second'] / 1e6:.1f}",
            f"{one['resting']:,}",
        )
        for symbols, one in result["symbols"].items()
    ]
    note = (
        f"{result['topology']}; {settings.rounds} interleaved passes of {settings.messages:,} messages; CPU time; "
        f"{result['ratio']:.2f} times as long; the shard takes {result['shard_bytes_resident'] / 1e6:,.0f} MB"
    )
    headings = ("symbols", "ns a message", "best", "M messages/s", "resting orders")
    show(console, "one symbol and many in one shard", headings, rows, note)

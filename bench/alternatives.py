"""The book's price levels beside the structures that lost, on what the five shapes do to them.

A flow runs through the matching kernel once; its events say which orders rested and left, and where. These changes are
then carried out on each structure, which must agree after every one of them on the best price and its first order.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from bench.alternatives_stream import SYMBOL, changes_of, run_bitmap, run_production, run_sorted
from bench.common import BenchmarkError, machine, need_jit, pinned, show, spread
from bench.kernel import Workload, prepare, timed_pass
from bench.shapes import SHAPES, generate
from shm import broadcast
from shm.arena import new_array
from shm.broadcast import Broadcast
from tradsys.book.alternatives import bitmap_levels, sorted_levels
from tradsys.book.layout import ORDER, carve, initialise
from tradsys.book.levels import open_sides
from tradsys.records import EVENT

PRODUCTION, SORTED, BITMAP = "the book's: pages, pool, links", "sorted array", "bitmaps without links"


class Settings(NamedTuple):
    """How much is measured."""

    messages: int = 1_000_000  # of each flow
    rounds: int = 9
    seed: int = 1


class Structure(NamedTuple):
    """One way to keep levels, in memory of its own. `clear` empties it, `run` gives the checksum of a pass."""

    name: str
    clear: Callable[[], None]
    run: Callable[[Any], int]


def changes_in(workload: Workload) -> tuple[Any, list[Structure]]:
    """What a flow does to its book (CHANGE array), and the structures that can do it."""
    ring = 1 << (workload.events + 8).bit_length()
    stream = Broadcast(new_array(np.int64, broadcast.HEADER_WORDS), new_array(EVENT, ring))
    told = carve(new_array, workload.size, stream)
    timed_pass(told, workload.log)
    events = told.events.slots.view(np.ndarray)[1 : workload.events + 1]
    sides = told.sides.view(np.ndarray)[2 * SYMBOL : 2 * SYMBOL + 2]
    symbol = told.books[SYMBOL]
    lowest, highest = int(symbol["lowest_ticks"]), int(symbol["highest_ticks"])
    return changes_of(events, sides), structures(workload, lowest, highest)


def structures(workload: Workload, lowest: int, highest: int) -> list[Structure]:
    """Empty structures for a symbol with these lowest and highest prices in ticks."""
    orders = workload.size.orders + 1
    unused = Broadcast(new_array(np.int64, broadcast.HEADER_WORDS), new_array(EVENT, 2))
    shard = carve(new_array, workload.size, unused)
    arrays = sorted_levels.carve(new_array, highest - lowest + 1, new_array(ORDER, orders))
    bitmaps = bitmap_levels.carve(new_array, new_array(ORDER, orders))

    def clear_production() -> None:
        initialise(shard)
        open_sides(shard, SYMBOL, lowest, highest)

    def clear_bitmaps() -> None:
        _zero(bitmaps)
        bitmap_levels.initialise(bitmaps)

    return [
        Structure(PRODUCTION, clear_production, lambda changes: run_production(shard, changes)),
        Structure(SORTED, lambda: _zero(arrays), lambda changes: run_sorted(arrays, changes)),
        Structure(BITMAP, clear_bitmaps, lambda changes: run_bitmap(bitmaps, changes)),
    ]


def _zero(state: Any) -> None:
    for array in state[1:]:
        array.view(np.ndarray).view(np.uint8).fill(0)


def run(console: Console, settings: Settings | None = None) -> dict[str, Any]:
    """Measure and show the table; gives the fields of the JSON line. Raises BenchmarkError when structures disagree."""
    need_jit()
    settings = settings or Settings()
    with pinned() as core, console.status("timing") as status:
        results = {}
        for name in SHAPES:
            status.update(f"preparing {name}")
            changes, kept = changes_in(prepare(name, generate(name, settings.messages, settings.seed)))
            status.update(f"timing {name}")
            results[name] = _measure(changes, kept, settings.rounds)
    topology = f"one thread on core {core}, one symbol"
    note = f"{topology}; nanoseconds a change, {settings.rounds} interleaved passes, median and best; CPU time"
    _show(console, results, note)
    return {
        "flows": results,
        "rounds": settings.rounds,
        "seed": settings.seed,
        "topology": topology,
        "machine": machine(),
    }


def _measure(changes: Any, kept: list[Structure], rounds: int) -> dict[str, Any]:
    costs: dict[str, list[float]] = {one.name: [] for one in kept}
    checksums = {one.name: _pass(one, changes)[1] for one in kept}
    if len(set(checksums.values())) != 1:
        raise BenchmarkError(f"the structures do not agree on what is best: {checksums}")
    for number in range(rounds):
        turn = number % len(kept)
        for one in kept[turn:] + kept[:turn]:
            elapsed_ns, checksum = _pass(one, changes)
            if checksum != checksums[one.name]:
                raise BenchmarkError(f"{one.name}: two passes over the same changes differ")
            costs[one.name].append(elapsed_ns / len(changes))
    result: dict[str, Any] = {"changes": len(changes)}
    for name, measured in costs.items():
        told = spread(measured, more_is_better=False)
        result[name] = {"ns": round(told.median, 2), "ns_best": round(told.best, 2), "samples": told.rounds}
    return result


def _pass(one: Structure, changes: Any) -> tuple[int, int]:
    """Nanoseconds of the CPU for all changes, and their checksum."""
    one.clear()
    begun_ns = time.thread_time_ns()
    checksum = one.run(changes)
    return time.thread_time_ns() - begun_ns, int(checksum)


def _show(console: Console, results: dict[str, dict[str, Any]], note: str) -> None:
    rows = [
        (
            name,
            f"{result['changes']:,}",
            *(f"{result[kept]['ns']:.1f} ({result[kept]['ns_best']:.1f})" for kept in (PRODUCTION, SORTED, BITMAP)),
        )
        for name, result in results.items()
    ]
    show(console, "price levels", ("flow", "changes", PRODUCTION, SORTED, BITMAP), rows, note)

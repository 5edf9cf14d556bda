"""What durability costs: from an order's submission into a ring to its acknowledged event, at each journal level.

Three venues run at the same time, one a level, and take turns; orders and open-loop load are those of bench.engine. The
load has a core of its own where there is one. Else it shares one with the journal's worker: then it naps between two
looks, and its naps are part of the latencies.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from bench import engine
from bench.common import machine, need_jit, pinned, show
from shm import histogram
from workers.embedded import EmbeddedVenue, embedded_venue
from workers.port import Port
from workers.topology import usable_cores

_WARM_UP_SECONDS = 0.2


class Settings(NamedTuple):
    """How much is measured. `each` is only asked for what one fdatasync an order can keep pace with."""

    rates: tuple[tuple[str, tuple[int, ...]], ...] = (
        ("memory", (1_000, 10_000)),
        ("group", (1_000, 10_000)),
        ("each", (1_000,)),
    )
    seconds: float = 2.0
    rounds: int = 5
    seed: int = 1
    data_directory: Path | None = None  # of the venues; temporary ones when not named


class Subject(NamedTuple):
    """The venue of one level, and the orders that it gets."""

    embedded: EmbeddedVenue
    port: Port
    flow: engine.Flow
    core: int  # the load's
    spin: bool

    def measure(self, rate: int, seconds: float) -> dict[str, Any]:
        """One run."""
        with pinned(self.core):
            commands = self.flow.next(max(int(rate * seconds), 1))
            return engine.measure(self.embedded, self.port, commands, rate, spin=self.spin)


def _start(settings: Settings, level: str, cleanup: ExitStack) -> Subject:
    described = engine.Settings(seed=settings.seed)
    directory = None if settings.data_directory is None else settings.data_directory / level
    embedded = cleanup.enter_context(embedded_venue(engine.overrides(described, level), directory=directory))
    venue = embedded.venue
    port = Port.claim_spare(embedded.memory, venue.control_ring + 1, venue.sequencer_index)
    cleanup.callback(port.close)
    free = os.sched_getaffinity(0) - {plan.core for plan in venue.workers}
    return Subject(embedded, port, engine.Flow(described), min(free, default=usable_cores()[0]), bool(free))


def run(console: Console, settings: Settings | None = None) -> dict[str, Any]:
    """Measure and show the table; gives the fields of the JSON line. Raises EmbeddedVenueError, NoProgressError."""
    need_jit()
    settings = settings or Settings()
    with ExitStack() as cleanup:
        status = cleanup.enter_context(console.status("starting a venue for each level"))
        subjects = {level: _start(settings, level, cleanup) for level, _ in settings.rates}
        runs: dict[tuple[str, int], list[dict[str, Any]]] = {}
        for subject, (_, rates) in zip(subjects.values(), settings.rates, strict=True):
            subject.measure(max(rates), _WARM_UP_SECONDS)
        for number in range(settings.rounds):
            status.update(f"round {number + 1} of {settings.rounds}")
            for level, rates in settings.rates:
                for rate in rates:
                    runs.setdefault((level, rate), []).append(subjects[level].measure(rate, settings.seconds))
        writes = {level: _writes(subject.embedded) for level, subject in subjects.items()}
        topology = "; ".join(_layout(level, subject) for level, subject in subjects.items())
    combined = [{"level": level, **engine.combine(rate, rounds)} for (level, rate), rounds in runs.items()]
    _show(console, combined, writes, f"{topology}; medians of {settings.rounds} interleaved rounds, the worst maximum")
    return {
        "runs": combined,
        "writes": writes,
        "rounds": settings.rounds,
        "seed": settings.seed,
        "topology": topology,
        "machine": machine(),
    }


def _writes(embedded: EmbeddedVenue) -> dict[str, dict[str, int]]:
    """What the journal did meanwhile: how long its writes took, and how many records they had."""
    memory = embedded.memory
    return {"sync_ns": histogram.summary(memory.journal_sync), "records": histogram.summary(memory.journal_batch)}


def _layout(level: str, subject: Subject) -> str:
    workers = ", ".join(f"{plan.name} on core {plan.core} ({plan.idle})" for plan in subject.embedded.venue.workers)
    return f"{level}: {workers}, load on core {subject.core} ({'spin' if subject.spin else 'naps'})"


def _show(console: Console, runs: list[dict[str, Any]], writes: dict[str, Any], note: str) -> None:
    rows = [
        (
            one["level"],
            f"{one['offered_per_second']:,}",
            f"{one['achieved_per_second']:,}",
            *(f"{one[name] / 1000:,.1f}" for name in ("p50_ns", "p99_ns", "p999_ns", "max_ns")),
            f"{one['orders']:,}",
        )
        for one in runs
    ]
    headings = ("level", "offered", "achieved a second", "p50 µs", "p99 µs", "p99.9 µs", "max µs", "orders")
    show(console, "journal: planned send to acknowledged event", headings, rows, note)
    for level, seen in writes.items():
        sync, records = seen["sync_ns"], seen["records"]
        console.print(
            f"{level}: {sync['count']:,} writes, p50 {sync['p50'] / 1000:,.1f} µs, p99 {sync['p99'] / 1000:,.1f} µs; "
            f"records a write: p50 {records['p50']}, p99 {records['p99']}, max {records['max']}",
            style="dim",
            soft_wrap=True,
            highlight=False,
        )

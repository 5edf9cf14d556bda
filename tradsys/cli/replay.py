"""`tradsys replay`: recorded days of a real exchange through a venue, every execution checked."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tradsys.cli.common import attached
from tradsys.recorded.rows import RecordedFormatError
from tradsys.recorded.sse import Day, read_day
from workers.driver import NoProgressError
from workers.embedded import EmbeddedVenueError, embedded_venue
from workers.port import Port, RingTakenError
from workers.replay import Outcome, Replay, ReplayError
from workers.venue import Venue, VenueNotRunningError

_EVERY_DAY_EXACT, _DIFFERENCES, _FAILED = 0, 1, 2
_PACE_MAX = 10_000_000
_ROWS = (
    ("aggressive orders", "aggressive", "aggressive_exact"),
    ("trades", "trades", "trades_exact"),
    ("cancels", "cancels", "cancels_exact"),
    ("auctions", "auctions", "auctions_exact"),
    ("auction pairs", "auction_pairs", "auction_pairs_exact"),
)
_PERCENTILES = (("p50", "p50"), ("p99", "p99"), ("p99.9", "p999"), ("max", "max"))


def replay(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Day files, .csv or .csv.xz.")],
    data_dir: Annotated[
        Path | None, typer.Option(help="Use the venue that runs here instead of starting one for the replay.")
    ] = None,
    pace: Annotated[str, typer.Option(help="Orders a second, or max: as fast as the venue answers.")] = "max",
    topology: Annotated[str, typer.Option(help="Of the venue started for the replay: compact or sharded.")] = "compact",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object in the last line.")] = (
        False
    ),
) -> None:
    """Send recorded days through a venue and check every execution against the recording.

    Exit status: 0 when all is exact, 1 on any difference, 2 when the replay could not be done.
    """
    console = Console(stderr=as_json)
    rate = _rate(pace)
    if topology not in {"compact", "sharded"}:
        raise typer.BadParameter(f"{topology!r} is neither compact nor sharded", param_hint="--topology")
    try:
        days = _read(paths, console)
        with _venue(data_dir, "sharded" if topology == "sharded" else "compact", days, console) as (venue, port):
            outcome = _run(venue, port, days, rate, console)
    except (
        RecordedFormatError,
        OSError,
        VenueNotRunningError,
        EmbeddedVenueError,
        RingTakenError,
        ReplayError,
        NoProgressError,
    ) as error:
        Console(stderr=True).print(f"[red]error:[/] {error}", highlight=False)
        raise typer.Exit(_FAILED) from error
    _show(outcome, console)
    if as_json:
        described = {**outcome.as_dict(), "pace": rate or "max", "days": [day.name for day in days]}
        described |= {"workers": [worker.name for worker in venue.workers], "embedded": data_dir is None}
        print(json.dumps(described))  # the last line, for programs
    raise typer.Exit(_EVERY_DAY_EXACT if outcome.exact else _DIFFERENCES)


def _rate(pace: str) -> int | None:
    """Orders per second, None for as many as possible. Raises BadParameter."""
    if pace == "max":
        return None
    if not (pace.isascii() and pace.isdigit()) or not 1 <= int(pace) <= _PACE_MAX:
        raise typer.BadParameter(f"{pace!r} is neither max nor 1 to {_PACE_MAX} orders a second", param_hint="--pace")
    return int(pace)


def _read(paths: list[Path], console: Console) -> list[Day]:
    days = []
    with console.status("reading") as status:
        for path in paths:
            status.update(f"reading {path.name}")
            days.append(read_day(path))
    return days


@contextmanager
def _venue(
    data_dir: Path | None, kind: Literal["compact", "sharded"], days: list[Day], console: Console
) -> Iterator[tuple[Venue, Port]]:
    """A venue and a ring of it: the one that runs in `data_dir`, or one for this replay alone."""
    if data_dir is not None:
        with attached(data_dir) as (venue, memory):
            port = Port.claim_spare(memory, venue.control_ring + 1, venue.sequencer_index)
            try:
                yield venue, port
            finally:
                port.close()
        return
    overrides = {"topology": {"kind": kind, "shards": 1 if kind == "compact" else 2}, "pools": pools_for(days)}
    with (
        console.status("starting a venue (the first time compiles its kernels)") as status,
        embedded_venue(overrides) as embedded,
    ):
        status.stop()
        venue = embedded.venue
        port = Port.claim_spare(embedded.memory, venue.control_ring + 1, venue.sequencer_index)
        try:
            yield venue, port
        finally:
            port.close()


def pools_for(days: list[Day]) -> dict[str, int]:
    """The sizes of a venue in which the days have room, whatever their prices and numbers of orders."""
    entries = sum(2 * ((day.highest_ticks - day.lowest_ticks) // 64 + 2) for day in days)
    return {
        "symbols_max": len(days) + 8,
        "accounts_max": 16,
        # An order may rest from its arrival to the end of the day, at a price of its own.
        "orders_per_shard": max(16_384, sum(len(day.orders) for day in days) + 1024),
        "directory_entries_per_shard": max(65_536, entries),
        "level_pages_per_shard": max(4096, entries),
    }


def _run(venue: Venue, port: Port, days: list[Day], rate: int | None, console: Console) -> Outcome:
    # Beside the engine's core where there is another, so that neither waits for the other.
    usable = os.sched_getaffinity(0)
    engines = {worker.core for worker in venue.workers if worker.has("sequencer") or worker.shards()}
    os.sched_setaffinity(0, usable - engines or usable)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console) as progress:
            task = progress.add_task(f"replaying {len(days)} {'day' if len(days) == 1 else 'days'}", total=None)
            return Replay(venue, port, days, orders_per_second=rate).run(
                lambda answered, total: progress.update(task, completed=answered, total=total)
            )
    finally:
        os.sched_setaffinity(0, usable)


def _show(outcome: Outcome, console: Console) -> None:
    counters = outcome.counters.as_dict()
    table = Table(title=", ".join(day.name for day in outcome.days))
    for heading in ("", "recorded", "exact", "different"):
        table.add_column(heading, justify="left" if not heading else "right")
    for label, recorded, exact in _ROWS:
        wrong = counters[recorded] - counters[exact]
        style = "red" if wrong else "green"
        table.add_row(label, f"{counters[recorded]:,}", f"{counters[exact]:,}", f"[{style}]{wrong:,}[/]")
    console.print(table)
    latency = outcome.latencies
    console.print(
        f"{counters['inbound']:,} orders and cancels in {outcome.seconds:.3f} s: "
        f"{outcome.orders_per_second:,} a second; crossed books: {counters['crossed_books']}"
    )
    console.print(
        "planned send to last execution report: "
        + ", ".join(f"{label} {latency[name] / 1000:,.1f} µs" for label, name in _PERCENTILES),
        soft_wrap=True,
    )
    for day, result in zip(outcome.days, outcome.results, strict=True):
        if result.exact:
            continue
        differences = Table(title=f"{day.name}: the first of {result.differences_found:,} differences")
        for heading in ("line", "what", "recorded", "venue"):
            differences.add_column(heading)
        for difference in result.differences:
            differences.add_row(str(difference.line), difference.subject, difference.expected, difference.actual)
        console.print(differences)

"""`tradsys top`: a live view of a running venue, from its shared memory alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, attach, friendly_errors

if TYPE_CHECKING:
    from rich.console import Group

    from tradsys.cli.look import Look
    from tradsys.cli.usage import Usage


def top(
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    interval: Annotated[float, typer.Option("--interval", min=0.05, max=60.0, help="Seconds between two looks.")] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Show one interval and leave.")] = False,
) -> None:
    """Watch a running venue: rates, rings, readers, latencies, workers. Ctrl-C leaves."""
    with friendly_errors():
        from rich.console import Console
        from rich.live import Live

        from tradsys.cli.look import look
        from tradsys.cli.usage import Usage
        from workers.venue import VenueNotRunningError

        venue, segment, memory = attach(data_dir)
        usage = Usage()
        console = Console()
        before = look(venue, memory)
        for worker in before.seen.workers:
            usage.of(worker)
        if once:
            time.sleep(interval)
            console.print(view(before, look(venue, memory), usage))
            return
        try:
            with Live(console=console, screen=True, auto_refresh=False) as live:
                while segment.alive:
                    time.sleep(interval)
                    now = look(venue, memory)
                    live.update(view(before, now, usage), refresh=True)
                    before = now
        except KeyboardInterrupt:
            return
        raise VenueNotRunningError(f"the venue in {data_dir} has stopped")


def view(before_look: Look, now_look: Look, usage: Usage) -> Group:
    """What one look shows: totals of now, and rates and latencies since the look before."""
    from rich.columns import Columns
    from rich.console import Group
    from rich.text import Text

    from shm.buckets import since
    from shm.histogram import summary
    from tradsys.cli import tables

    before, now = before_look.seen, now_look.seen
    latest = {name: summary(since(words, before_look.stages[name])) for name, words in now_look.stages.items()}
    elapsed_ns = max(now.monotonic_ns - before.monotonic_ns, 1)

    def row(name: str, total: int, total_before: int) -> tuple[str, int, int]:
        return name, total, (total - total_before) * 10**9 // elapsed_ns

    flow = [
        row("commands taken in", now.inbound, before.inbound),
        row("trades", now.trades, before.trades),
        row("events", now.events, before.events),
        row("log records", now.log, before.log),
    ]
    blank = Text()
    return Group(
        Text(f"tradsys: {now.phase}, {now.live_orders:,} live orders", style="bold"),
        Text.from_markup(tables.trouble(now)),
        Text.from_markup(tables.health(now_look.readiness)),
        Columns([tables.rates(flow, "now"), tables.latencies(latest, "now"), tables.refusals(now)], padding=(0, 6)),
        blank,
        Columns([tables.rings(now), tables.readers(now), tables.counters(now), tables.batches(now)], padding=(0, 6)),
        blank,
        Columns([tables.workers(now, usage.of), tables.probes(now_look.probes)], padding=(0, 6)),
    )

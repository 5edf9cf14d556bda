"""`tradsys status`: what a running venue is doing, once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, attach, friendly_errors, print_json

if TYPE_CHECKING:
    from shm.segment import Segment
    from tradsys.cli.look import Look
    from workers.observation import Observation
    from workers.venue import Venue


def status(
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    json: Annotated[bool, typer.Option("--json", help="One line of JSON instead of tables.")] = False,
) -> None:
    """Show the workers, positions, rings and addresses of a running venue. Exit status 1 when none runs."""
    with friendly_errors():
        import msgspec

        from tradsys.cli.look import look

        venue, segment, memory = attach(data_dir)
        found = look(venue, memory)
        facts = _facts(venue, found.seen, segment, data_dir)
        segment.close()
        if json:
            health = {**msgspec.to_builtins(found.readiness), "probes": msgspec.to_builtins(found.probes)}
            print_json(msgspec.json.encode({**facts, **health, **msgspec.to_builtins(found.seen)}))
        else:
            _show(venue, found, facts)


def _facts(venue: Venue, seen: Observation, segment: Segment, data_dir: Path) -> dict[str, Any]:
    from workers.monitoring.probes import MONITOR
    from workers.venue import addresses

    uptime_s = max((time.time_ns() - segment.created_ns) // 10**9, 1)
    return {
        "data_directory": venue.data_directory,
        "environment": venue.configuration.environment,
        "supervisor_pid": venue.supervisor_pid,
        "uptime_s": uptime_s,
        "segment": venue.segment,
        "segment_bytes": segment.size,
        "addresses": addresses(data_dir) | addresses(data_dir, MONITOR),
        "inbound_per_second": seen.inbound // uptime_s,
        "trades": seen.trades,
        "events": seen.events,
        "live_orders": seen.live_orders,
    }


def _show(venue: Venue, found: Look, facts: dict[str, Any]) -> None:
    from rich.console import Console

    from tradsys.cli import tables
    from tradsys.cli.usage import Usage

    console = Console()
    seen = found.seen
    console.print(
        f"[bold]{seen.phase}[/bold] in {venue.data_directory} ({facts['environment']}), "
        f"process {venue.supervisor_pid}, up {facts['uptime_s']:,} s, "
        f"shared memory {venue.segment} of {facts['segment_bytes'] >> 20:,} MiB"
    )
    for name, url in facts["addresses"].items():
        console.print(f"{name}: {url}")
    if seen.journal_trouble is not None:
        console.print(tables.trouble(seen))
    wrong = tables.health(found.readiness)
    if wrong:
        console.print(wrong)
    flow = [("commands taken in", seen.inbound, facts["inbound_per_second"])]
    console.print()
    for table in (
        tables.workers(seen, Usage().of),
        tables.rates(flow, "since the start"),
        tables.positions(seen),
        tables.rings(seen),
        tables.latencies(seen.latencies, "since the start"),
        tables.batches(seen),
        tables.counters(seen),
        tables.refusals(seen),
        tables.probes(found.probes),
    ):
        console.print(table)
        console.print()

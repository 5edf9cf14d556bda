"""`tradsys doctor`: whether this host suits the venue, and what would make it suit better."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, OwnDirectory, friendly_errors, print_json
from tradsys.cli.operator import AsJson

if TYPE_CHECKING:
    from rich.console import Console

    from tradsys.configuration import Configuration
    from tradsys.doctor.finding import Finding
    from tradsys.doctor.host import Needs
    from workers.topology import WorkerPlan

_STYLES = {"good": "green", "advice": "yellow", "bad": "bold red", "unknown": "dim"}


def doctor(
    data_dir: OwnDirectory = DEFAULT_DIRECTORY,
    environment: Annotated[
        str, typer.Option("--environment", envvar="TRADSYS_ENVIRONMENT", help="Which configuration the venue has.")
    ] = "development",
    config: Annotated[
        Path | None, typer.Option("--config", help="A YAML file laid over the environment's.", dir_okay=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look at cores, memory, disk, clock and limits of this host, as the venue of this configuration needs them.

    Where a venue runs in the data directory, its own configuration and its own limits are looked at. The exit status is
    1 when something is bad. Some small files are written to the data directory and removed; nothing is changed.
    """
    with friendly_errors():
        import msgspec
        from rich.console import Console

        from tradsys.doctor.checks import examine
        from tradsys.doctor.host import Host

        findings = examine(Host(), _needs(data_dir, environment, config))
        if as_json:
            print_json(msgspec.json.encode(findings))
        else:
            _show(findings, Console())
        if any(finding.verdict == "bad" for finding in findings):
            raise typer.Exit(1)


def _needs(data_directory: Path, environment: str, config: Path | None) -> Needs:
    from tradsys.configuration import Origin
    from workers import topology, venue
    from workers.memory import PID

    try:
        running = venue.read(data_directory)
        segment, memory = running.attach()
    except (venue.VenueNotRunningError, venue.UnreadableVenueError):
        configuration = Origin(environment, config, os.environ).read(open_secrets=False).configuration
        return needs_of(configuration, data_directory, topology.plan(configuration, topology.usable_cores()), "self")
    try:
        process = str(int(memory.line(running.workers[0].index)[PID]) or "self")  # none between an end and a restart
    finally:
        segment.close()
    return needs_of(running.configuration, data_directory, running.workers, process)


def needs_of(configuration: Configuration, data_directory: Path, plans: list[WorkerPlan], process: str) -> Needs:
    """What a venue of this configuration, with these workers, asks of its host."""
    from tradsys.doctor.host import Needs
    from workers import topology
    from workers.memory import bytes_needed

    core = [plan for plan in plans if plan.is_core and plan.name != topology.JOURNAL]
    return Needs(
        data_directory=data_directory.resolve(),
        shared_memory_bytes=bytes_needed(topology.sizes(configuration)),
        segment_bytes=configuration.journal.segment_bytes,
        journal_level=configuration.journal.level,
        cores=sorted({plan.core for plan in core if plan.core is not None}),
        core_workers=len(core),
        gateways=configuration.gateway.count,
        process=process,
        lock_memory=configuration.performance.lock_memory,
    )


def _show(findings: list[Finding], console: Console) -> None:
    from rich.markup import escape

    from tradsys.cli.tables import new_table

    table = new_table("Host", "", "check", "found")
    for finding in findings:
        table.add_row(f"[{_STYLES[finding.verdict]}]{finding.verdict}", finding.check, escape(finding.found))
    console.print(table)
    for finding in findings:
        if finding.why:
            console.print(f"\n[bold]{finding.check}[/]: {escape(finding.why)}", soft_wrap=True, highlight=False)
            console.print(f"  {finding.mend}", soft_wrap=True, highlight=False, markup=False)

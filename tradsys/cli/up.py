"""`tradsys up`: start a venue in the foreground, and drain and stop it at Ctrl-C."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradsys.cli.common import (
    DEFAULT_DIRECTORY,
    ConfigFile,
    Environment,
    OwnDirectory,
    SecretsFile,
    read_configuration,
    service_errors,
)

if TYPE_CHECKING:
    from rich.console import Console

    from tradsys.configuration import Configuration
    from tradsys.configuration.origin import Read
    from workers.notify import ServiceManager
    from workers.supervisor import Supervisor
    from workers.topology import WorkerPlan
    from workers.venue import Venue

_DEMO = "demo"
_INTERRUPTED = 130
_COMPILE_SECONDS_MAX = 900
"""One step of it, on a slow machine."""


def up(
    data_dir: OwnDirectory = DEFAULT_DIRECTORY,
    environment: Environment = "development",
    config: ConfigFile = None,
    secrets: SecretsFile = None,
    demo: Annotated[bool, typer.Option("--demo", help="With simulated traders that make a market.")] = False,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Where the gateways listen; 0: any free port.")
    ] = None,
    gateways: Annotated[
        bool, typer.Option(" /--no-gateways", help="Only the core, for tools on this host.", show_default=False)
    ] = True,
) -> None:
    """Start a venue in the foreground. Ctrl-C drains and stops it; its state is there again at the next start."""
    with service_errors():
        from rich.console import Console

        from tradsys import logging

        logging.configure(process="supervisor")  # what is wrong with the configuration is told before it is known
        variables = {} if port is None else {"TRADSYS__GATEWAY__PORT": str(port)}
        read = read_configuration(environment, config, secrets, variables)
        configuration = read.configuration
        logging.configure(configuration.logging.level, configuration.logging.format)
        if demo:
            _check_demo(configuration, gateways)
        _serve(read, data_dir, demo=demo, gateways=gateways, console=Console())


def _check_demo(configuration: Configuration, gateways: bool) -> None:
    from tradsys.demo.traders import traders_of

    if not gateways:
        raise typer.BadParameter("the simulated traders are clients of a gateway", param_hint="--demo, --no-gateways")
    traders_of(configuration)


def _serve(
    read: Read,
    data_dir: Path,
    *,
    demo: bool,
    gateways: bool,
    console: Console,
) -> None:
    from tradsys.installation import whereabouts
    from workers.crew import worker_command
    from workers.extras import extras_of
    from workers.notify import ServiceManager
    from workers.supervisor import StoppedError, Supervisor
    from workers.venue import addresses

    def command(plan: WorkerPlan, venue: Venue) -> list[str]:
        if plan.name != _DEMO:
            return worker_command(plan, venue)
        # Asked for at each start: a gateway that came back may listen elsewhere.
        url = next(iter(addresses(venue.path).values()), "")
        options = ["--environment", configuration.environment, "--url", url]
        options += ["--log-format", venue.logging.format]
        options += ["--config", str(read.origin.overrides)] if read.origin.overrides else []
        options += ["--secrets", configuration.security.secrets_file] if configuration.security.secrets_file else []
        return [sys.executable, "-m", "tradsys.demo", *options]

    configuration = read.configuration
    extras = (*extras_of(configuration), *([_DEMO] if demo else []))
    service = ServiceManager.of_this_process()
    with Supervisor(
        configuration, data_dir, gateways=gateways, extras=extras, command=command, service=service, read=read
    ) as supervisor:
        whereabouts.tell(supervisor.venue.path, os.environ)
        _compile(supervisor, service, console)
        with supervisor.stopping_on_signals():
            try:
                with console.status("starting") as status:
                    supervisor.start(lambda step: status.update(step))
            except StoppedError:
                console.print("stopped before it ran")
                raise typer.Exit(_INTERRUPTED) from None
            _show(supervisor, console)
            supervisor.run()
            console.print("draining and stopping; Ctrl-C again to hurry")
            supervisor.stop()
            console.print("stopped")


def _compile(supervisor: Supervisor, service: ServiceManager, console: Console) -> None:
    """Compile the kernels that are not in the cache, which takes up to a minute after a change of the sources."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from workers import topology, warmup

    configuration = supervisor.venue.configuration
    plans = topology.plan(configuration, topology.usable_cores())
    if not warmup.needed(plans):
        return
    console.print("compiling the kernels for this machine; later starts find them in the cache")
    columns = (BarColumn(), TextColumn("{task.completed}/{task.total}"), TextColumn("{task.description}"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("", total=None)

        def show(name: str, done: int, total: int) -> None:
            progress.update(task, description=name, completed=done, total=total)
            service.starting(f"compiling: {name}", _COMPILE_SECONDS_MAX, time.monotonic_ns())

        warmup.compile_all(plans, configuration, show)


def _show(supervisor: Supervisor, console: Console) -> None:
    from tradsys.cli import tables
    from workers.definitions import known_symbols
    from workers.memory import LINE, PID
    from workers.venue import addresses

    venue = supervisor.venue
    memory = supervisor.memory
    defined = known_symbols(memory)
    urls = addresses(venue.path)
    console.print(f"\n[bold]the venue runs[/bold] in {venue.data_directory} ({venue.configuration.environment})\n")
    console.print(
        tables.started_workers(venue.workers, [int(memory.workers[LINE * plan.index + PID]) for plan in venue.workers])
    )
    if defined:
        console.print()
        console.print(tables.symbols(defined))
    else:
        console.print("\nno symbols are defined; list some under 'symbols' in a file and give it with --config")
    console.print()
    for name, url in urls.items():
        console.print(f"{name} listens at [bold]{url}[/bold]")
    first = next(iter(urls.values()), "")
    demo = any(plan.has(_DEMO) for plan in venue.workers)
    line = tables.curl_line(venue.configuration, defined, first, at_market=demo) if first else None
    if line is not None:
        console.print("\nan order to try:")
        console.print(f"  {line}", soft_wrap=True, markup=False, highlight=False)
    console.print("\nCtrl-C drains and stops\n")

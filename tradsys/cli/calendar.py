"""`tradsys calendar`: when symbols open and close by the configuration of a venue."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from tradsys.cli.common import (
    DEFAULT_DIRECTORY,
    ConfigFile,
    DataDirectory,
    Environment,
    attach,
    friendly_errors,
    print_json,
    read_configuration,
)
from tradsys.cli.operator import AsJson

calendar = typer.Typer(no_args_is_help=True, add_completion=False, help="Show when symbols open and close.")


@calendar.callback()
def _commands() -> None:
    """One command, which has a name of its own."""


@calendar.command("show")
def show(
    days: Annotated[int, typer.Option(min=1, max=366, help="How far ahead.")] = 7,
    environment: Environment = "development",
    config: ConfigFile = None,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Show the present phase of every calendar, and those that begin in the days to come.

    Of the file given with --config; else of the venue that runs in the data directory.
    """
    with friendly_errors():
        from workers.administration.calendars import calendar_views

        if config is None:
            from workers.definitions import known_symbols

            venue, segment, memory = attach(data_dir)
            configuration, symbols = venue.configuration, [symbol.name for symbol in known_symbols(memory)]
            segment.close()
        else:
            configuration = read_configuration(environment, config, None).configuration
            symbols = [symbol.name for symbol in configuration.symbols]
        told = calendar_views(configuration, symbols, time.time_ns(), days)
        if as_json:
            import msgspec

            print_json(msgspec.json.encode(told))
            return
        if not told:
            typer.echo("no calendars: symbols stay in the states that they are set to")
        for each in told:
            _show(each)


def _show(told: dict[str, Any]) -> None:
    from rich.console import Console

    from tradsys.cli.tables import new_table

    title = f"{told['calendar']}: {', '.join(told['symbols']) or 'no symbols'}; times of {told['time_zone']}"
    table = new_table(title, "begins", "market state", "")
    rows = [(told["now"], "now")] if told["now"] is not None else []
    for each, remark in [*rows, *((each, "") for each in told["next"])]:
        table.add_row(each["local"], each["state"], remark)
    Console().print(table)

"""`tradsys calendar`: when symbols open and close by the configuration of a venue."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradsys.cli.common import (
    DEFAULT_DIRECTORY,
    ConfigFile,
    DataDirectory,
    Environment,
    friendly_errors,
    print_json,
    read_configuration,
)
from tradsys.cli.operator import AsJson
from tradsys.words import word

if TYPE_CHECKING:
    from tradsys.configuration import Configuration
    from tradsys.configuration.calendars import CalendarEntry

calendar = typer.Typer(no_args_is_help=True, add_completion=False, help="Show when symbols open and close.")

_NS_PER_SECOND = 1_000_000_000


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
        configuration = (
            _running(data_dir) if config is None else read_configuration(environment, config, None).configuration
        )
        told = [_told(entry, configuration, time.time_ns(), days) for entry in configuration.calendars]
        if as_json:
            import msgspec

            print_json(msgspec.json.encode(told))
            return
        if not told:
            typer.echo("no calendars: symbols stay in the states that they are set to")
        for each in told:
            _show(each)


def _running(data_dir: Path) -> Configuration:
    from workers import venue as venues

    return venues.read(data_dir).configuration


def _told(entry: CalendarEntry, configuration: Configuration, now_ns: int, days: int) -> dict[str, Any]:
    from tradsys.timetable import beginnings, standing_at

    timetable = entry.timetable()
    named = {symbol for other in configuration.calendars for symbol in other.symbols}
    symbols = entry.symbols or [symbol.name for symbol in configuration.symbols if symbol.name not in named]
    now = standing_at(timetable, now_ns).phase

    def phase(at_ns: int, state: Any) -> dict[str, str]:
        moment = datetime.fromtimestamp(at_ns // _NS_PER_SECOND, UTC)
        local = moment.astimezone(timetable.zone)
        return {"at": moment.isoformat(), "local": local.strftime("%a %Y-%m-%d %H:%M:%S"), "state": word(state)}

    return {
        "calendar": entry.name,
        "time_zone": entry.time_zone,
        "symbols": symbols,
        "now": None if now is None else phase(now.at_ns, now.state),
        "next": [phase(each.at_ns, each.state) for each in beginnings(timetable, now_ns + 1, days)],
    }


def _show(told: dict[str, Any]) -> None:
    from rich.console import Console

    from tradsys.cli.tables import new_table

    title = f"{told['calendar']}: {', '.join(told['symbols']) or 'no symbols'}; times of {told['time_zone']}"
    table = new_table(title, "begins", "market state", "")
    rows = [(told["now"], "now")] if told["now"] is not None else []
    for each, remark in [*rows, *((each, "") for each in told["next"])]:
        table.add_row(each["local"], each["state"], remark)
    Console().print(table)

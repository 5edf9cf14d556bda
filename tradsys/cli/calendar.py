"""`tradsys calendar`: when symbols open and close."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradsys.cli.common import (
    DEFAULT_DIRECTORY,
    ConfigFile,
    DataDirectory,
    Environment,
    attached,
    friendly_errors,
    print_json,
    read_configuration,
)
from tradsys.cli.operator import AsJson

if TYPE_CHECKING:
    from tradsys.configuration import Configuration
    from tradsys.configuration.calendars import CalendarEntry
    from workers.administration.calendar_file import Change

calendar = typer.Typer(no_args_is_help=True, add_completion=False, help="Show and set when symbols open and close.")


holiday = typer.Typer(no_args_is_help=True, add_completion=False, help="Add and remove holidays.")
calendar.add_typer(holiday, name="holiday")

_Name = Annotated[str, typer.Argument(help="The calendar's name.")]
_Day = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="By the calendar's clock.")]


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
            from workers.administration.calendar_file import CalendarFile

            configuration, symbols = _venue(data_dir)
            found = CalendarFile(data_dir).read().over(configuration.calendars)
        else:
            configuration = read_configuration(environment, config, None).configuration
            found, symbols = configuration.calendars, [symbol.name for symbol in configuration.symbols]
        told = calendar_views(found, configuration.calendars, symbols, time.time_ns(), days)
        if as_json:
            import msgspec

            print_json(msgspec.json.encode(told))
            return
        if not told:
            typer.echo("no calendars: symbols stay in the states that they are set to")
        for each in told:
            _show(each)


@calendar.command("set")
def set_calendars(
    file: Annotated[Path, typer.Argument(help="A configuration's section `calendars`.", dir_okay=False)],
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
) -> None:
    """Let a running venue have the calendars of a file, each instead of the one of its name. They count at once."""
    with friendly_errors():
        from workers.administration.calendar_file import setting
        from workers.administration.calendars import read_calendars

        entries = read_calendars(file.read_text(encoding="utf-8"), str(file))
        _change(data_dir, "calendar.set", [entry.name for entry in entries], partial(setting, entries))
        for entry in entries:
            typer.echo(f"{entry.name}: {', '.join(entry.symbols) or 'all symbols that no other calendar names'}")


@calendar.command("remove")
def remove(name: _Name, data_dir: DataDirectory = DEFAULT_DIRECTORY) -> None:
    """Let a calendar count no more, also one of the configuration. Its symbols stay in their states."""
    with friendly_errors():
        from workers.administration.calendar_file import removing

        _change(data_dir, "calendar.remove", [name], lambda configured, symbols: removing(name, configured))
        typer.echo(f"{name} does not count any more")


@calendar.command("reset")
def reset(name: _Name, data_dir: DataDirectory = DEFAULT_DIRECTORY) -> None:
    """Forget what was done here to a calendar: what the configuration says of it counts again, if anything."""
    with friendly_errors():
        from workers.administration.calendar_file import resetting

        _change(data_dir, "calendar.reset", [name], partial(resetting, name))
        typer.echo(f"{name} is as the configuration says")


@holiday.command("add")
def add_holiday(name: _Name, day: _Day, data_dir: DataDirectory = DEFAULT_DIRECTORY) -> None:
    """Let nothing begin on a day. From now on the calendar is the venue's own, whatever its configuration says."""
    with friendly_errors():
        from workers.administration.calendar_file import with_holiday

        _change(data_dir, "calendar.holiday.add", [name], partial(with_holiday, name, f"{day:%Y-%m-%d}"))
        typer.echo(f"{day:%Y-%m-%d} is a holiday of {name}")


@holiday.command("remove")
def remove_holiday(name: _Name, day: _Day, data_dir: DataDirectory = DEFAULT_DIRECTORY) -> None:
    """Let a holiday be a day like others."""
    with friendly_errors():
        from workers.administration.calendar_file import without_holiday

        _change(data_dir, "calendar.holiday.remove", [name], partial(without_holiday, name, f"{day:%Y-%m-%d}"))
        typer.echo(f"{day:%Y-%m-%d} is no holiday of {name} any more")


def _change(
    data_dir: Path, act: str, names: list[str], changing: Callable[[list[CalendarEntry], list[str]], Change]
) -> None:
    """Change the venue's file of calendars. `changing` is given those of the configuration, and all symbols."""
    from workers.administration.calendar_file import calendars_view
    from workers.administration.office import Office

    office, (configuration, symbols) = Office(data_dir), _venue(data_dir)
    configured = configuration.calendars
    change, view = changing(configured, symbols), calendars_view(names, configured)
    office.change(office.calendars, act, ", ".join(names), change, view)


def _venue(data_dir: Path) -> tuple[Configuration, list[str]]:
    """Configuration and symbols of the venue that runs."""
    from workers.definitions import known_symbols

    with attached(data_dir) as (venue, memory):
        return venue.configuration, [symbol.name for symbol in known_symbols(memory)]


def _show(told: dict[str, Any]) -> None:
    from rich.console import Console

    from tradsys.cli.tables import new_table

    title = f"{told['calendar']}: {', '.join(told['symbols']) or 'no symbols'}; times of {told['time_zone']}"
    title += "; set while the venue ran" if told["set"] else ""
    table = new_table(title, "begins", "market state", "")
    rows = [(told["now"], "now")] if told["now"] is not None else []
    for each, remark in [*rows, *((each, "") for each in told["next"])]:
        table.add_row(each["local"], each["state"], remark)
    Console().print(table)

"""`tradsys import`: let a running venue have what a file defines."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, print_json
from tradsys.cli.operator import AsJson, at_desk

if TYPE_CHECKING:
    from workers.administration.desk import AdministrationDesk
    from workers.administration.importing import Plan


def import_(
    file: Annotated[Path, typer.Argument(help="As tradsys export writes it.", dir_okay=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Add what a file has of symbols, accounts, assets, fees, limits, breakers, calendars; change what differs.

    What the file does not name stays. When something in it cannot be changed, it is told why, and nothing is: exit
    status 1.
    """
    with at_desk(data_dir) as desk:
        from workers.administration.counting import counting
        from workers.administration.importing import plan

        present = counting(desk.venue.configuration, data_dir)
        made = plan(desk.memory, present, file.read_text(encoding="utf-8"), str(file))
        if not made.refused and not dry_run:
            _carry_out(desk, made)
        _tell(made, dry_run, as_json)
    raise typer.Exit(1 if made.refused else 0)


def _carry_out(desk: AdministrationDesk, made: Plan) -> None:
    from workers.administration.access import roles_view, with_roles
    from workers.administration.calendar_file import calendars_view, setting
    from workers.administration.importing import steps
    from workers.administration.office import Office
    from workers.definitions import known_symbols

    for step in steps(desk.memory, made):
        desk.define(step.act, step.target, step.record, step.after)
    office, configuration = Office(desk.venue.path), desk.venue.configuration
    for name, roles in made.roles.items():
        office.change(
            office.access,
            "account.roles",
            name,
            partial(with_roles, account=name, roles=roles),
            roles_view(name, configuration),
        )
    if made.calendars:
        configured, names = configuration.calendars, [entry.name for entry in made.calendars]
        change = setting(made.calendars, configured, [symbol.name for symbol in known_symbols(desk.memory)])
        office.change(office.calendars, "calendar.set", ", ".join(names), change, calendars_view(names, configured))


def _tell(made: Plan, dry_run: bool, as_json: bool) -> None:
    if as_json:
        import msgspec

        print_json(msgspec.json.encode(made.told(dry_run)))
        return
    for change in made.changes:
        typer.echo(str(change))
    for each in made.refused:
        typer.echo(f"cannot be changed: {each.change}; {each.why}", err=True)
    if made.refused:
        typer.echo("nothing was changed", err=True)
    elif not made.changes:
        typer.echo("the venue has all of that already")
    elif dry_run:
        typer.echo("nothing was changed: --dry-run")

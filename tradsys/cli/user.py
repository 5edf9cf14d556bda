"""`tradsys user`: people who act for accounts."""

from __future__ import annotations

from typing import Annotated

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, friendly_errors, print_json
from tradsys.cli.key import Roles
from tradsys.cli.operator import AsJson

user = typer.Typer(no_args_is_help=True, add_completion=False, help="Show and set who acts for whom.")

_Name = Annotated[str, typer.Argument(help="The user's name.")]


@user.command("set")
def set_user(
    name: _Name,
    accounts: Annotated[
        list[str], typer.Argument(help="Whom the user acts for; the first unless a request says else.")
    ],
    role: Roles = None,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
) -> None:
    """Say whom a user acts for and with what roles, instead of what was said before."""
    with friendly_errors():
        from workers.administration.access import User, checked_user, user_view, with_user
        from workers.administration.office import Office, checked_roles

        office = Office(data_dir)
        made = checked_user(User(name, accounts, checked_roles(role or [])))
        office.check_accounts(accounts)
        office.change(office.access, "user.set", name, lambda now: with_user(now, made), user_view(name))
        typer.echo(f"{name} acts for {', '.join(accounts)}" + (f" as {', '.join(made.roles)}" if made.roles else ""))


@user.command("list")
def list_users(data_dir: DataDirectory = DEFAULT_DIRECTORY, as_json: AsJson = False) -> None:
    """Show all users."""
    with friendly_errors():
        from workers.administration.office import Office

        found = Office(data_dir).access.read().users
        if as_json:
            import msgspec

            print_json(msgspec.json.encode(found))
            return
        from rich.console import Console

        from tradsys.cli.tables import new_table

        table = new_table("Users", "user", "acts for", "roles")
        for each in found:
            table.add_row(each.name, ", ".join(each.accounts), ", ".join(each.roles) or "-")
        Console().print(table)


@user.command("remove")
def remove(name: _Name, data_dir: DataDirectory = DEFAULT_DIRECTORY) -> None:
    """Take a user and all the user's keys away."""
    with friendly_errors():
        from workers.administration.access import user_named, user_view, without_user
        from workers.administration.office import Office

        office = Office(data_dir)
        user_named(office.access.read(), name)
        office.change(office.access, "user.remove", name, lambda now: without_user(now, name), user_view(name))
        typer.echo(f"{name} and the keys of {name} are gone")

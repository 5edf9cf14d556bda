"""`tradsys key`: keys that are made while a venue runs or rests, beside those of its configuration."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, friendly_errors, print_json
from tradsys.cli.operator import AsJson

key = typer.Typer(no_args_is_help=True, add_completion=False, help="Make, show and revoke keys.")

Roles = Annotated[list[str] | None, typer.Option("--role", help="administrator or risk_officer; may be given again.")]


@key.command("add")
def add(
    holder: Annotated[str, typer.Argument(help="The account; or the user, with --user.")],
    user: Annotated[
        bool, typer.Option("--user", help="A user's key, for all accounts that the user acts for.")
    ] = False,
    role: Roles = None,
    expires: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="In UTC.")] = None,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Make a key. It is shown this once: the venue keeps its fingerprint alone. Gateways that run know it at once."""
    with friendly_errors():
        from workers.administration.access import key_view, new_key, with_key
        from workers.administration.office import Office, checked_roles

        office = Office(data_dir)
        until = None if expires is None else expires.replace(tzinfo=UTC)
        account, name = ("", holder) if user else (holder, "")
        secret, made = new_key(office.access.read(), account, name, checked_roles(role or []), until)
        office.check_accounts([account] if account else [])
        view = key_view(made.fingerprint)
        office.change(office.access, "key.add", holder, lambda now: with_key(now, made), view)
        if as_json:
            print_json(_encoded(made.told() | {"secret": secret}))
            return
        typer.echo(f"{made.name} of {holder}; the key, which is not shown again:", err=True)
        typer.echo(secret)


@key.command("list")
def list_keys(data_dir: DataDirectory = DEFAULT_DIRECTORY, as_json: AsJson = False) -> None:
    """Show whose keys there are, by the beginnings of their fingerprints."""
    with friendly_errors():
        from workers.administration.office import Office

        found = Office(data_dir).access.read().keys
        if as_json:
            print_json(_encoded([each.told() for each in found]))
            return
        from rich.console import Console

        from tradsys.cli.tables import new_table

        table = new_table("Keys", "key", "account", "user", "roles", "made", "expires")
        for each in found:
            times = (_time(each.created), _time(each.expires))
            table.add_row(each.name, each.account or "-", each.user or "-", ", ".join(each.roles) or "-", *times)
        Console().print(table)


@key.command("revoke")
def revoke(
    name: Annotated[str, typer.Argument(help="As tradsys key list shows it, or the whole fingerprint.")],
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
) -> None:
    """Let a key open nothing any more; its sockets are closed at once."""
    with friendly_errors():
        from workers.administration.access import key_named, key_view, without_key
        from workers.administration.office import Office

        office = Office(data_dir)
        found = key_named(office.access.read(), name)
        whose = found.user or found.account
        view = key_view(found.fingerprint)
        office.change(office.access, "key.revoke", whose, lambda now: without_key(now, found), view)
        typer.echo(f"{found.name} of {whose} is revoked")


def _encoded(value: Any) -> bytes:
    import msgspec

    return msgspec.json.encode(value)


def _time(moment: datetime | None) -> str:
    return "-" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")

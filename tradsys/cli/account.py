"""`tradsys account`: who has an account at a running venue, what they own, and what they may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradsys.cli.choices import choices, reader
from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, attached, friendly_errors, print_json
from tradsys.cli.operator import AsJson, at_desk
from tradsys.ledger.layout import FEE_CLASSES
from tradsys.ledger.terms import AccountKind, AccountStatus, KycStatus, StatusChange
from tradsys.words import word

if TYPE_CHECKING:
    from workers.statement import AccountView, Statement

account = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Show, open and stop accounts, and give them roles."
)

_Name = Annotated[str, typer.Argument(help="The account's name.")]
_FeeClass = Annotated[int | None, typer.Option("--fee-class", min=0, max=FEE_CLASSES - 1, help="Whose fees it pays.")]


@account.command("list")
def list_accounts(data_dir: DataDirectory = DEFAULT_DIRECTORY, as_json: AsJson = False) -> None:
    """Show all accounts."""
    with friendly_errors():
        import msgspec

        from workers.statement import accounts

        with attached(data_dir) as (_, memory):
            known = accounts(memory)
        if as_json:
            print_json(msgspec.json.encode(known))
            return
        from rich.console import Console

        from tradsys.cli.money import accounts_table

        Console().print(accounts_table(known))


@account.command("show")
def show(name: _Name, data_dir: DataDirectory = DEFAULT_DIRECTORY, as_json: AsJson = False) -> None:
    """Show what an account is, owns and has traded."""
    with friendly_errors():
        from workers.statement import account_named, statement

        with attached(data_dir) as (_, memory):
            _show(statement(memory, account_named(memory, name)), as_json)


def _show(stated: Statement, as_json: bool) -> None:
    if as_json:
        import msgspec

        print_json(msgspec.json.encode(stated))
        return
    from rich.console import Console

    from tradsys.cli.money import accounts_table, balances_table, positions_table

    console = Console()
    for table in (accounts_table([stated.account]), balances_table(stated), positions_table(stated)):
        console.print(table)
        console.print()


@account.command("open")
def open_account(
    name: _Name,
    kind: Annotated[
        AccountKind,
        typer.Option(parser=reader(AccountKind), metavar=choices(AccountKind), help="Whose money it holds."),
    ] = AccountKind.CLIENT,
    group: Annotated[int, typer.Option(min=0, max=(1 << 32) - 1, help="The trade group; 0: none.")] = 0,
    fee_class: _FeeClass = None,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Open an account at a running venue.

    It stays in the log for good. Keys come from the configuration, under the same name, or from tradsys key add.
    """
    with at_desk(data_dir) as desk:
        from msgspec import to_builtins

        from tradsys.configuration.sections import AccountEntry
        from workers.administration.defining import account_record
        from workers.statement import account_named

        entry = AccountEntry(name, group=group, kind=kind.name.lower(), fee_class=fee_class or 0)  # type: ignore[arg-type]
        desk.define("account.open", name, lambda: account_record(desk.memory, entry), to_builtins(entry))
        _tell(account_named(desk.memory, name), as_json)


@account.command("status")
def status(
    name: _Name,
    to: Annotated[
        AccountStatus | None,
        typer.Option("--status", parser=reader(AccountStatus), metavar=choices(AccountStatus), help="What it may do."),
    ] = None,
    kyc: Annotated[
        KycStatus | None,
        typer.Option("--kyc", parser=reader(KycStatus), metavar=choices(KycStatus), help="Whether its owner is known."),
    ] = None,
    fee_class: _FeeClass = None,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Change what an account may do. Orders that rest stay: tradsys kill takes them out."""
    from tradsys.records import Kind, details

    changes = StatusChange(0)
    for given, change in zip((to, kyc, fee_class), StatusChange, strict=True):
        if given is not None:
            changes |= change
    if not changes:
        raise typer.BadParameter("say what is to change: --status, --kyc or --fee-class")
    with at_desk(data_dir) as desk:
        from workers.statement import account_named

        number = account_named(desk.memory, name).number
        record = details(Kind.ACCOUNT_STATUS, account=number, changes=changes)
        record["status"] = to or 0
        record["kyc_status"] = kyc or 0
        record["fee_class"] = fee_class or 0
        words = {"status": to, "kyc_status": kyc}
        after: dict[str, Any] = {key: word(value) for key, value in words.items() if value is not None}
        if fee_class is not None:
            after["fee_class"] = fee_class
        before = account_named(desk.memory, name)
        desk.act("account.status", name, record, before={key: getattr(before, key) for key in after}, after=after)
        _tell(account_named(desk.memory, name), as_json)


@account.command("role")
def role(
    name: _Name,
    roles: Annotated[
        list[str] | None, typer.Argument(help="administrator, risk_officer; instead of those that it has.")
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="No role: it trades for itself.")] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Those of the configuration again.")] = False,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Show the roles of an account, or let it have others, whatever the configuration says. They count at once."""
    if bool(roles) + none + reset > 1:
        raise typer.BadParameter("give roles, or --none, or --reset")
    with friendly_errors():
        from workers import venue as venues
        from workers.administration.access import roles_view, with_roles, without_roles
        from workers.administration.office import Office, checked_roles

        office, configuration = Office(data_dir), venues.last(data_dir).configuration
        wanted, view = checked_roles(roles or []), roles_view(name, configuration)
        office.check_accounts([name])
        if reset:
            office.change(office.access, "account.roles", name, lambda now: without_roles(now, name), view)
        elif roles or none:
            office.change(office.access, "account.roles", name, lambda now: with_roles(now, name, wanted), view)
        after = view(office.access.read())
        if as_json:
            import msgspec

            print_json(msgspec.json.encode({"name": name, "roles": after}))
        else:
            typer.echo(f"{name} is {' and '.join(after)}" if after else f"{name} has no role")


def _tell(now: AccountView, as_json: bool) -> None:
    if as_json:
        import msgspec

        print_json(msgspec.json.encode(now))
        return
    typer.echo(
        f"{now.name} is account {now.number}: {now.kind}, {now.status}, kyc {now.kyc_status}, "
        f"fee class {now.fee_class}, group {now.group or '-'}"
    )

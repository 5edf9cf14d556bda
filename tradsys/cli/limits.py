"""`tradsys limits`: what accounts may do at most."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from tradsys.cli.choices import choices, reader
from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, attached, friendly_errors, print_json
from tradsys.cli.operator import AsJson, at_desk
from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.risk.terms import Limit, Scope
from tradsys.words import word

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table

    from workers.limits import LimitView

limits = typer.Typer(no_args_is_help=True, add_completion=False, help="Show and set risk limits.")

NOT_SET = -1
"""In a record: the limit is removed."""

_Which = Annotated[
    Limit, typer.Argument(parser=reader(Limit), metavar="LIMIT", help=f"One of {choices(Limit)}.", show_default=False)
]
_Account = Annotated[
    str | None, typer.Option("--account", help="An account's; of all symbols together unless one is named.")
]
_Symbol = Annotated[str | None, typer.Option("--symbol", help="Of an account in this symbol.")]
_Group = Annotated[int | None, typer.Option("--group", min=1, max=(1 << 32) - 1, help="Of a trade group.")]


@limits.command("show")
def show(
    account: Annotated[
        str | None, typer.Option("--account", help="Those that count for it, with what it uses.")
    ] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="Only those of a symbol.")] = None,
    group: Annotated[int | None, typer.Option("--group", help="Only those of a trade group.")] = None,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Show all limits that are set, or with --account those that count for one account.

    Where a limit is set in several places the most special one counts: an account in a symbol, an account, its group,
    the venue. docs/risk.md says what each is and in which units.
    """
    with friendly_errors():
        from workers.limits import limits_of, limits_set
        from workers.statement import account_named, symbol_named

        with attached(data_dir) as (_, memory):
            if account is None:
                found = limits_set(memory)
            else:
                found = limits_of(memory, account_named(memory, account), time.time_ns())
            if symbol is not None:
                found = [each for each in found if each.symbol == symbol_named(memory, symbol).name]
        if group is not None:
            found = [each for each in found if each.group == group]
        _tell(found, as_json)


def _tell(found: list[LimitView], as_json: bool) -> None:
    if as_json:
        import msgspec

        print_json(msgspec.json.encode(found))
        return
    from rich.console import Console

    Console().print(limits_table(found))


def limits_table(found: list[LimitView]) -> Table:
    """Limits, and what is used of them."""
    from tradsys.cli.tables import new_table

    table = new_table("Limits", "limit", "set for", "account", "group#", "symbol", "limit#", "used#", "left#", "%#")
    for each in found:
        table.add_row(
            each.limit,
            each.scope,
            each.account or "",
            str(each.group or ""),
            each.symbol or "",
            f"{each.value:,}",
            *("-" if number is None else f"{number:,}" for number in (each.used, each.left, each.percent)),
        )
    return table


@limits.command("set")
def set_limit(
    limit: _Which,
    value: Annotated[int, typer.Argument(min=0, max=AMOUNT_MAX, help="In the units of docs/risk.md.")],
    account: _Account = None,
    symbol: _Symbol = None,
    group: _Group = None,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
) -> None:
    """Set a limit: the venue's, unless an account or a group is named. It counts from the next command on."""
    whose = _send(data_dir, limit, value, account, symbol, group)
    typer.echo(f"{word(limit)} of {whose} is now {value:,}")


@limits.command("remove")
def remove(
    limit: _Which,
    account: _Account = None,
    symbol: _Symbol = None,
    group: _Group = None,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
) -> None:
    """Remove a limit where it is set: the venue's, unless an account or a group is named."""
    whose = _send(data_dir, limit, NOT_SET, account, symbol, group)
    typer.echo(f"{word(limit)} of {whose} is no longer set")


def _send(data_dir: Path, limit: Limit, amount: int, account: str | None, symbol: str | None, group: int | None) -> str:
    """Tell the venue; gives whose limit it is, in words."""
    if group is not None and (account is not None or symbol is not None):
        raise typer.BadParameter("a limit is of a group or of an account, not of both", param_hint="--group")
    if symbol is not None and account is None:
        raise typer.BadParameter(
            "a limit in a symbol is one account's: say whose with --account", param_hint="--symbol"
        )
    from tradsys.records import Kind, details

    with at_desk(data_dir) as desk:
        from tradsys.reading.limits import set_for
        from workers.statement import account_named, symbol_named

        record = details(Kind.LIMIT, limit=limit, amount=amount, scope=Scope.VENUE)
        whose = "the venue"
        if group is not None:
            record["scope"], record["group"] = Scope.GROUP, group
            whose = f"group {group}"
        if account is not None:
            record["scope"], record["account"] = Scope.ACCOUNT, account_named(desk.memory, account).number
            whose = account
        if symbol is not None:
            record["scope"], record["symbol"] = Scope.ACCOUNT_SYMBOL, symbol_named(desk.memory, symbol).id
            whose += f" in {symbol}"
        present = set_for(
            desk.memory.ledger,
            Scope(int(record["scope"][0])),
            *(int(record[name][0]) for name in ("account", "symbol", "group")),
        )
        after = None if amount == NOT_SET else amount
        desk.act("limit.set", f"{word(limit)} of {whose}", record, before=present.get(limit), after=after)
    return whose

"""`tradsys kill`: kill switches, which take out orders at once and let no more in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, print_json
from tradsys.cli.operator import AsJson, at_desk

kill = typer.Typer(no_args_is_help=True, add_completion=False, help="Put kill switches on, and lift them.")

_Account = Annotated[str | None, typer.Option("--account", help="Only this account.")]
_Group = Annotated[int | None, typer.Option("--group", min=1, max=(1 << 32) - 1, help="Only this trade group.")]
_Symbol = Annotated[str | None, typer.Option("--symbol", help="Only this symbol.")]


@kill.command("on")
def switch_on(
    account: _Account = None,
    group: _Group = None,
    symbol: _Symbol = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Cancel all orders, of the whole venue unless something is named, and refuse new ones until it is lifted.

    Orders of a symbol whose auction is frozen stay. On a terminal it asks first.
    """
    whose = _whose(account, group, symbol)
    if not yes and _is_asked():
        typer.confirm(f"Cancel all orders of {whose}, and refuse new ones?", abort=True, err=True)
    cancelled = _send(data_dir, account, group, symbol, on=True)
    orders = "1 order was" if cancelled == 1 else f"{cancelled:,} orders were"
    _tell(f"the kill switch of {whose} is on; {orders} cancelled", whose, cancelled, True, as_json)


@kill.command("off")
def switch_off(
    account: _Account = None,
    group: _Group = None,
    symbol: _Symbol = None,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Lift a kill switch: the venue's, unless something is named. Others that are on stay on."""
    whose = _whose(account, group, symbol)
    _send(data_dir, account, group, symbol, on=False)
    _tell(f"the kill switch of {whose} is off", whose, 0, False, as_json)


def _is_asked() -> bool:
    """Whether there is anybody to ask."""
    return sys.stdin.isatty()


def _whose(account: str | None, group: int | None, symbol: str | None) -> str:
    """What is named, in words. Raises BadParameter when it is more than one thing."""
    named = [name for name in (account, f"group {group}" if group else None, symbol) if name]
    if len(named) > 1:
        raise typer.BadParameter("name one of --account, --group and --symbol, or none: then it is the whole venue")
    return named[0] if named else "the venue"


def _send(data_dir: Path, account: str | None, group: int | None, symbol: str | None, *, on: bool) -> int:
    """Tell the venue; gives how many orders it has cancelled."""
    from tradsys.records import Kind, details
    from tradsys.risk.terms import Scope

    with at_desk(data_dir) as desk:
        from workers.statement import account_named, symbol_named

        record = details(Kind.KILL, scope=Scope.VENUE, on=on)
        if account is not None:
            record["scope"], record["account"] = Scope.ACCOUNT, account_named(desk.memory, account).number
        if group is not None:
            record["scope"], record["group"] = Scope.GROUP, group
        if symbol is not None:
            record["scope"], record["symbol"] = Scope.SYMBOL, symbol_named(desk.memory, symbol).id
        # One that is put on and names no symbol concerns every shard; each of them answers.
        shards = desk.memory.sizes.shards if on and symbol is None else 1
        act = "kill.on" if on else "kill.off"
        return desk.act(act, _whose(account, group, symbol), record, shards=shards).cancelled


def _tell(text: str, whose: str, cancelled: int, on: bool, as_json: bool) -> None:
    if as_json:
        import msgspec

        print_json(msgspec.json.encode({"of": whose, "on": on, "cancelled": cancelled}))
    else:
        typer.echo(text)

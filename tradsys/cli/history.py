"""`tradsys history`: orders, trades and transfers of a venue, out of the database that its recorder writes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, friendly_errors, print_json
from tradsys.cli.operator import AsJson

if TYPE_CHECKING:
    from workers.recorder.queries import HistoryReader

history = typer.Typer(
    no_args_is_help=True,
    help="Show orders, trades and transfers, also of a venue that is stopped. The recorder writes them down where "
    "history.enabled is set; what it has not read yet is missing.",
)

OfAccount = Annotated[str | None, typer.Option("--account", help="Only this account's.")]
OfSymbol = Annotated[str | None, typer.Option("--symbol", help="Only in this symbol.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="The newest so many.")]


@history.command()
def orders(
    account: OfAccount = None,
    symbol: OfSymbol = None,
    limit: Limit = 50,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Show orders as they are, or ended."""
    columns = {
        "placed": "placed",
        "order#": "order_id",
        "account": "account",
        "symbol": "symbol",
        "side": "side",
        "type": "type",
        "price#": "price",
        "quantity#": "quantity",
        "filled#": "filled",
        "leaves#": "leaves",
        "status": "status",
        "why": "reason",
    }
    _show("Orders", columns, lambda reader: reader.orders(account, symbol, limit), data_dir, as_json)


@history.command()
def trades(
    account: OfAccount = None,
    symbol: OfSymbol = None,
    limit: Limit = 50,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Show trades; the first account is the aggressor, in an auction the buyer."""
    columns = {
        "time": "time",
        "trade#": "trade_id",
        "symbol": "symbol",
        "side": "side",
        "price#": "price",
        "quantity#": "quantity",
        "account": "account",
        "order#": "order_id",
        "other account": "counter_account",
        "other order#": "counter_order_id",
    }
    _show("Trades", columns, lambda reader: reader.trades(account, symbol, limit), data_dir, as_json)


@history.command()
def transfers(
    account: OfAccount = None,
    limit: Limit = 50,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Show deposits, withdrawals, transfers and corrections, also those that were refused or came twice."""
    columns = {
        "time": "time",
        "id#": "id",
        "kind": "kind",
        "from": "account",
        "to": "target",
        "amount#": "amount",
        "asset": "asset",
        "refused": "reason",
        "moved": "moved",
    }
    _show("Transfers", columns, lambda reader: reader.transfers(account, limit), data_dir, as_json)


def _show(
    title: str, columns: dict[str, str], read: Callable[[HistoryReader], list[Any]], directory: Path, as_json: bool
) -> None:
    with friendly_errors():
        import msgspec
        from rich.console import Console

        from tradsys.cli.tables import new_table
        from workers.recorder.queries import reading

        with reading(directory) as reader:
            sequence, begins = reader.reach()
            rows = read(reader)
        if as_json:
            print_json(msgspec.json.encode(rows))
            return
        table = new_table(title, *columns)
        for row in rows:
            table.add_row(*(_text(getattr(row, name)) for name in columns.values()))
        console = Console()
        console.print(table)
        since = f" from record {begins + 1:,}" if begins else ""
        console.print(f"\nwhat the log says{since} up to record {sequence:,}", highlight=False)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)

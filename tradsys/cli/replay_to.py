"""`tradsys replay-to`: what a venue was at any past moment, worked out from its log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, friendly_errors, print_json, warnings_on
from tradsys.cli.operator import AsJson

if TYPE_CHECKING:
    from rich.console import Console

    from gateway.moment import MomentView, OrderThen

_LEVELS_SHOWN, _ORDERS_SHOWN = 10, 100


def replay_to(
    sequence: Annotated[int | None, typer.Argument(min=1, help="The log sequence.", show_default=False)] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", help="Instead of a sequence: a time, as 2025-03-01T09:30:00.5Z. The last record till then."
        ),
    ] = None,
    account: Annotated[str | None, typer.Option("--account", help="Only this account.")] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="Only this symbol.")] = None,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Show accounts, books and orders after one record of the log, with all that it and those before it had led to.

    Of a venue that runs or is stopped, or of a copy or a backup; nothing is changed.
    """
    if (sequence is None) == (at is None):
        raise typer.BadParameter("say which moment: a log sequence, or --at with a time")
    with friendly_errors():
        import msgspec
        from rich.console import Console

        from gateway.moment import moment_view
        from workers import venue as venues
        from workers.journal.times import last_before
        from workers.moment import moment_at
        from workers.snapshot.taking import durable_end

        console = Console(stderr=as_json)
        venue = venues.last(data_dir)
        if sequence is None:
            sequence = last_before(venue.journal_directory, _time(at), durable_end(venue))
        with console.status("following the log") as status:
            moment = moment_at(
                venue,
                sequence,
                warnings_on(console),
                lambda reached: status.update(f"following the log: {reached:,} records"),
            )
        found = moment_view(moment, account, symbol)
        if as_json:
            print_json(msgspec.json.encode(found))
        else:
            _show(found, console)


def _time(text: Any) -> int:
    from tradsys.reading.times import parse_time

    try:
        return parse_time(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--at") from error


def _show(found: MomentView, console: Console) -> None:
    from tradsys.cli.limits import limits_table
    from tradsys.cli.money import accounts_table, balances_table, positions_table

    console.print(f"after record {found.sequence:,} of the log, {found.time}", highlight=False)
    if found.accounts:
        console.print(accounts_table([each.statement.account for each in found.accounts]))
    for each in found.accounts:
        if each.statement.balances or each.statement.positions:
            console.print(f"\n[bold]{each.statement.account.name}[/]")
            console.print(balances_table(each.statement))
            console.print(positions_table(each.statement))
        if each.limits and len(found.accounts) == 1:
            console.print(limits_table(each.limits))
    for market in found.symbols:
        _show_market(market, console)
    if found.orders:
        _show_orders(found.orders, console)


def _show_market(market: dict[str, Any], console: Console) -> None:
    from tradsys.cli.tables import new_table

    table = new_table(f"{market['symbol']}, {market['state']}", "orders#", "buy#", "price#", "sell#", "orders#")
    asks, bids = market["asks"], market["bids"]
    for price, quantity, orders in reversed(asks[:_LEVELS_SHOWN]):
        table.add_row("", "", price, quantity, str(orders))
    for price, quantity, orders in bids[:_LEVELS_SHOWN]:
        table.add_row(str(orders), quantity, price, "", "")
    console.print(table)
    if max(len(asks), len(bids)) > _LEVELS_SHOWN:
        console.print(f"the best {_LEVELS_SHOWN} levels of {len(bids):,} and {len(asks):,}; --json gives all")


def _show_orders(orders: list[OrderThen], console: Console) -> None:
    from tradsys.cli.tables import new_table

    columns = ("account", "order#", "symbol", "side", "type", "price#", "leaves#", "filled#", "status")
    table = new_table(f"{len(orders):,} live orders", *columns)
    for each in orders[:_ORDERS_SHOWN]:
        order = each.order
        told = (order.order_id, order.symbol, order.side, order.type, order.price or "-", order.leaves or "-")
        table.add_row(each.account, *told, order.filled, order.status)
    console.print(table)
    if len(orders) > _ORDERS_SHOWN:
        console.print(f"the first {_ORDERS_SHOWN} of them; --json gives all")

"""`tradsys trace`: one order's whole life, out of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, friendly_errors, print_json
from tradsys.cli.operator import AsJson

if TYPE_CHECKING:
    from gateway.life import LifeView


def trace(
    order: Annotated[int, typer.Argument(min=1, help="The order's id, as clients are told it.", metavar="ORDER")],
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Show all that happened to an order, who asked for it, and the times between the steps. Nothing is changed.

    Of a venue that runs or is stopped, or of a copy. All times are the log's.
    """
    with friendly_errors():
        import msgspec
        from rich.console import Console

        from gateway.life import life_view
        from workers import venue as venues
        from workers.life import life_of

        console = Console(stderr=as_json)
        venue = venues.last(data_dir)
        with console.status("reading the log"):
            found = life_view(life_of(venue.journal_directory, venue.sizes, order), venue)
        if as_json:
            print_json(msgspec.json.encode(found))
        else:
            _show(found, console)


def _show(life: LifeView, console: Any) -> None:
    from tradsys.cli.tables import duration, new_table

    of = f", {life.client_order_id} to the client" if life.client_order_id else ""
    state = "open" if life.open else "ended"
    console.print(f"order {life.order_id}{of}: {life.side} {life.symbol} of {life.account}, {state}", highlight=False)
    columns = ("time", "after#", "what", "price#", "quantity#", "leaves#", "log#", "asked by", "settled after#")
    table = new_table("", *columns)
    for step in life.steps:
        what = step.what if step.reason is None else f"{step.what}: {step.reason}"
        what = what if step.other_order_id is None else f"{what} with {step.other_order_id}"
        table.add_row(
            step.time,
            duration(step.after_ns),
            what,
            step.price or "-",
            step.quantity or "-",
            step.leaves,
            f"{step.log_sequence:,}",
            step.asked_by,
            duration(step.settled_after_ns),
        )
    console.print(table)

"""`tradsys symbol`: what trades at a running venue, by which rules, and in which market state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradsys.cli.choices import choices, reader
from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, attached, friendly_errors, print_json
from tradsys.cli.operator import AsJson, at_desk, those_given
from tradsys.records import MarketState
from tradsys.words import word

if TYPE_CHECKING:
    from workers.memory import VenueMemory

symbol = typer.Typer(no_args_is_help=True, add_completion=False, help="Show and add symbols, and open and close them.")

_Name = Annotated[str, typer.Argument(help="The symbol's name.")]
_Bps = Annotated[int | None, typer.Option(min=0, max=1_000_000, help="In basis points; 0: none.")]


@symbol.command("list")
def list_symbols(data_dir: DataDirectory = DEFAULT_DIRECTORY, as_json: AsJson = False) -> None:
    """Show all symbols and their market states."""
    with friendly_errors():
        import msgspec

        from workers.definitions import known_symbols

        with attached(data_dir) as (_, memory):
            found = [_view(memory, each.name) for each in known_symbols(memory)]
        if as_json:
            print_json(msgspec.json.encode(found))
            return
        from rich.console import Console

        from tradsys.cli.tables import new_table

        table = new_table("Symbols", "symbol", "number#", "state", "tick#", "lot#", "price range#", "base", "quote")
        for each in found:
            prices = f"{each['lowest_price']} to {each['highest_price']}"
            numbers = (str(each["number"]), each["state"], each["tick_size"], each["lot_size"], prices)
            table.add_row(each["name"], *numbers, each["base"] or "-", each["quote"] or "-")
        Console().print(table)


@symbol.command("show")
def show(name: _Name, data_dir: DataDirectory = DEFAULT_DIRECTORY, as_json: AsJson = False) -> None:
    """Show a symbol as the configuration would have it."""
    with friendly_errors():
        with attached(data_dir) as (_, memory):
            found = _view(memory, name)
        _tell(found, as_json)


@symbol.command("add")
def add(
    name: _Name,
    tick_size: Annotated[str, typer.Option(help="The smallest step of a price, a decimal.")],
    lot_size: Annotated[str, typer.Option(help="The smallest step of a quantity, a decimal.")],
    lowest_price: Annotated[str, typer.Option(help="No order below.")],
    highest_price: Annotated[str, typer.Option(help="No order above.")],
    reference_price: Annotated[str, typer.Option(help="What bands and collar are measured from before a trade.")],
    opens: Annotated[
        MarketState,
        typer.Option(parser=reader(MarketState), metavar=choices(MarketState), help="Its first market state."),
    ] = MarketState.CONTINUOUS,
    base: Annotated[str, typer.Option(help="The asset that is bought and sold; without one it is not settled.")] = "",
    quote: Annotated[str, typer.Option(help="The asset that it is paid with.")] = "",
    fee_account: Annotated[str, typer.Option(help="Who gets the fees; else the first account of that kind.")] = "",
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Add a symbol to a running venue. It trades at once, and stays in the log for good."""
    with at_desk(data_dir) as desk:
        from msgspec import to_builtins

        from tradsys.configuration.sections import SymbolEntry
        from workers.administration.defining import records_of_symbol, symbol_record, with_symbol
        from workers.administration.known import known_in

        entry = SymbolEntry(
            name,
            tick_size,
            lot_size,
            lowest_price,
            highest_price,
            reference_price,
            opens=opens.name.lower(),  # type: ignore[arg-type]
            base=base,
            quote=quote,
            fee_account=fee_account,
        )
        wanted = with_symbol(desk.memory, desk.venue.configuration, entry)
        desk.define("symbol.add", name, lambda: symbol_record(desk.memory, entry), to_builtins(entry))
        for following in records_of_symbol(desk.memory, known_in(desk.memory), wanted, name):
            desk.act("symbol.complete", name, following.record, after=following.what)
        _tell(_view(desk.memory, name), as_json)


@symbol.command("rules")
def rules(
    name: _Name,
    static_band_bps: _Bps = None,
    dynamic_band_bps: _Bps = None,
    collar_bps: _Bps = None,
    orders_max: Annotated[
        int | None, typer.Option(min=0, help="Of one account; 0: as many as there is room for.")
    ] = None,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Change trading rules of a symbol for orders from now on; what is not given stays."""
    from msgspec import structs, to_builtins

    changed = those_given(
        {
            "static_band_bps": static_band_bps,
            "dynamic_band_bps": dynamic_band_bps,
            "collar_bps": collar_bps,
            "orders_max": orders_max,
        }
    )
    with at_desk(data_dir) as desk:
        from workers.administration.exporting import rules_entry
        from workers.definitions import present_rules
        from workers.statement import symbol_named

        number = symbol_named(desk.memory, name).id
        before = present_rules(desk.memory, number)
        after = structs.replace(before, **changed)
        told = [to_builtins(rules_entry(each)) for each in (before, after)]
        desk.act("symbol.rules", name, after.command(number), before=told[0], after=told[1])
        _tell(_view(desk.memory, name), as_json)


@symbol.command("state")
def state(
    name: _Name,
    to: Annotated[
        MarketState,
        typer.Argument(parser=reader(MarketState), metavar=choices(MarketState), help="What it accepts from now on."),
    ],
    reference_price: Annotated[
        str | None, typer.Option(help="A new reference price, also for the uncrossing that this leads to.")
    ] = None,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Open, halt or close a symbol, or begin an auction. Leaving an auction uncrosses it."""
    from tradsys.cli.states import change_state

    with at_desk(data_dir) as desk:
        change_state(desk, name, to, reference_price)
        _tell(_view(desk.memory, name), as_json)


def _view(memory: VenueMemory, name: str) -> dict[str, Any]:
    """A symbol with its number and its market state."""
    from msgspec import to_builtins

    from tradsys.cli.states import present_state
    from workers.administration.exporting import symbol_entry
    from workers.statement import symbol_named

    found = symbol_named(memory, name)
    entry: dict[str, Any] = to_builtins(symbol_entry(memory, found))
    return {"number": found.id} | entry | {"state": word(present_state(memory, found.id))}


def _tell(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        import msgspec

        print_json(msgspec.json.encode(found))
        return
    for name, value in found.items():
        if value not in ("", {}):
            typer.echo(f"{name.replace('_', ' ')}: {value}")

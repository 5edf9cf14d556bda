"""`tradsys halt`: stop trading in a symbol or in all of them, and let it go on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradsys.cli.choices import choices, reader
from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, print_json
from tradsys.cli.operator import AsJson, at_desk
from tradsys.records import MarketState
from tradsys.words import word

halt = typer.Typer(no_args_is_help=True, add_completion=False, help="Halt trading, and let it go on.")

_Symbol = Annotated[str | None, typer.Option("--symbol", help="Only this one; without it all of them.")]


@halt.command("on")
def halt_on(symbol: _Symbol = None, data_dir: DataDirectory = DEFAULT_DIRECTORY, as_json: AsJson = False) -> None:
    """Let orders only be cancelled. Orders that rest stay; tradsys kill takes them out."""
    _change(data_dir, symbol, MarketState.HALT, as_json)


@halt.command("off")
def halt_off(
    symbol: _Symbol = None,
    to: Annotated[
        MarketState,
        typer.Option(parser=reader(MarketState), metavar=choices(MarketState), help="Through an auction, for example."),
    ] = MarketState.CONTINUOUS,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Let a symbol trade again that is halted, or all that are."""
    _change(data_dir, symbol, to, as_json)


def _change(data_dir: Path, name: str | None, to: MarketState, as_json: bool) -> None:
    with at_desk(data_dir) as desk:
        from tradsys.cli.states import change_state, present_state
        from workers.definitions import known_symbols
        from workers.statement import symbol_named

        found = known_symbols(desk.memory) if name is None else [symbol_named(desk.memory, name)]
        changed = [
            each.name
            for each in found
            if (present_state(desk.memory, each.id) == MarketState.HALT) == (to != MarketState.HALT)
        ]
        for each in changed:
            change_state(desk, each, to)
        if as_json:
            import msgspec

            print_json(msgspec.json.encode({"state": word(to), "symbols": changed}))
        elif changed:
            typer.echo(f"{', '.join(changed)}: {word(to)}")
        else:
            typer.echo("nothing to do: " + ("halted already" if to == MarketState.HALT else "not halted"))

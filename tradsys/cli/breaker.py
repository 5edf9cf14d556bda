"""`tradsys breaker`: circuit breakers of a running venue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, attached, friendly_errors, print_json
from tradsys.cli.operator import AsJson, at_desk, those_given
from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.risk.terms import SHARE_MAX, Transition
from tradsys.words import word

if TYPE_CHECKING:
    from tradsys.configuration.money import BreakerEntry
    from workers.administration.desk import AdministrationDesk

breaker = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Show and set circuit breakers, trip and reset them."
)

_Symbol = Annotated[str, typer.Option(help="Of this symbol; without it the venue's.")]
_Bps = Annotated[int | None, typer.Option(min=0, max=SHARE_MAX, help="In basis points; 0: none.")]
_Ms = Annotated[int | None, typer.Option(min=0, max=(1 << 32) - 1, help="In milliseconds.")]


@breaker.command("show")
def show(data_dir: DataDirectory = DEFAULT_DIRECTORY, as_json: AsJson = False) -> None:
    """Show all that have rules, or have tripped."""
    with friendly_errors():
        import msgspec

        from workers.breakers import breakers

        with attached(data_dir) as (_, memory):
            found = breakers(memory)
        if as_json:
            print_json(msgspec.json.encode(found))
            return
        from rich.console import Console

        from tradsys.cli.tables import new_table

        fields = ("price_move_bps", "volatility_bps", "volume", "symbols", "window_ms", "halt_ms", "half_open_ms")
        table = new_table(
            "Circuit breakers", "of", "state", "cause", *(f"{field.replace('_', ' ')}#" for field in fields)
        )
        for each in found:
            figures = (f"{getattr(each, field):,}" for field in fields)
            table.add_row(each.symbol or "the venue", each.state, each.cause or "", *figures)
        Console().print(table)


@breaker.command("set")
def set_rules(
    symbol: _Symbol = "",
    price_move_bps: _Bps = None,
    volatility_bps: _Bps = None,
    volume: Annotated[
        int | None, typer.Option(min=0, max=AMOUNT_MAX, help="In lots, the venue's in value; 0: any.")
    ] = None,
    symbols: Annotated[
        int | None, typer.Option(min=0, help="The venue's: how many of them have tripped; 0: any.")
    ] = None,
    window_ms: _Ms = None,
    halt_ms: _Ms = None,
    half_open_ms: _Ms = None,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
) -> None:
    """Set when a circuit breaker trips, and for how long (docs/risk.md); what is not given stays."""
    changed = those_given(
        {
            "price_move_bps": price_move_bps,
            "volatility_bps": volatility_bps,
            "volume": volume,
            "symbols": symbols,
            "window_ms": window_ms,
            "halt_ms": halt_ms,
            "half_open_ms": half_open_ms,
        }
    )
    with at_desk(data_dir) as desk:
        from msgspec.structs import replace

        before = _present(desk, symbol)
        _send(desk, before, replace(before, **changed))
        typer.echo(
            f"the circuit breaker of {symbol or 'the venue'}: " + ", ".join(f"{k} {v:,}" for k, v in changed.items())
        )


@breaker.command("remove")
def remove(symbol: _Symbol = "", data_dir: DataDirectory = DEFAULT_DIRECTORY) -> None:
    """Let it trip of itself no more."""
    with at_desk(data_dir) as desk:
        from tradsys.configuration.money import BreakerEntry

        _send(desk, _present(desk, symbol), BreakerEntry(symbol))
        typer.echo(f"{symbol or 'the venue'} has no circuit breaker any more")


@breaker.command("trip")
def trip(symbol: _Symbol = "", data_dir: DataDirectory = DEFAULT_DIRECTORY) -> None:
    """Stop trading by hand, as the breaker would; without --symbol in the whole venue."""
    _move(data_dir, symbol, Transition.TRIP)


@breaker.command("reset")
def reset(symbol: _Symbol = "", data_dir: DataDirectory = DEFAULT_DIRECTORY) -> None:
    """Let trading go on that a breaker has stopped."""
    _move(data_dir, symbol, Transition.RESET)


def _number(desk: AdministrationDesk, symbol: str) -> int:
    from workers.statement import symbol_named

    return symbol_named(desk.memory, symbol).id if symbol else 0


def _present(desk: AdministrationDesk, symbol: str) -> BreakerEntry:
    from workers.administration.exporting import breaker_entry

    return breaker_entry(desk.memory.ledger, _number(desk, symbol), symbol)


def _send(desk: AdministrationDesk, before: BreakerEntry, after: BreakerEntry) -> None:
    from msgspec import to_builtins

    from workers.administration.known import known_in
    from workers.ledger_definitions import rules_record

    record = rules_record(known_in(desk.memory), after).record
    told = [to_builtins(each) for each in (before, after)]
    desk.act("breaker.set", after.symbol or "the venue", record, before=told[0], after=told[1])


def _move(data_dir: Path, symbol: str, transition: Transition) -> None:
    with at_desk(data_dir) as desk:
        from workers.administration.defining import breaker_record

        whose = symbol or "the venue"
        desk.act(f"breaker.{word(transition)}", whose, breaker_record(_number(desk, symbol), transition))
        done = "has tripped" if transition == Transition.TRIP else "is reset"
        typer.echo(f"the circuit breaker of {whose} {done}")

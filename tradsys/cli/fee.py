"""`tradsys fee`: fee schedules and tiers of a running venue."""

from __future__ import annotations

from typing import Annotated

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, attached, friendly_errors, print_json
from tradsys.cli.operator import AsJson, at_desk
from tradsys.ledger.layout import FEE_CLASSES, FEE_TIERS
from tradsys.ledger.terms import AMOUNT_MAX, MILLION

fee = typer.Typer(no_args_is_help=True, add_completion=False, help="Show and set fees.")

_Rate = Annotated[int, typer.Argument(min=-MILLION, max=MILLION, help="In millionths; below 0: the account is paid.")]


@fee.command("show")
def show(data_dir: DataDirectory = DEFAULT_DIRECTORY, as_json: AsJson = False) -> None:
    """Show all schedules, and from which volume on tiers apply."""
    with friendly_errors():
        import msgspec

        from workers.administration.exporting import exported

        with attached(data_dir) as (venue, memory):
            found = exported(memory, venue.configuration)
        if as_json:
            print_json(msgspec.json.encode({"fees": found.fees, "fee_tiers": found.fee_tiers}))
            return
        from rich.console import Console

        from tradsys.cli.tables import new_table

        schedules = new_table("Fees, in millionths", "symbol", "class#", "tier#", "maker#", "taker#", "minimum#")
        for each in found.fees:
            numbers = (each.fee_class, each.tier, each.maker_rate, each.taker_rate, each.minimum)
            schedules.add_row(each.symbol or "all others", *map(str, numbers))
        tiers = new_table("Tiers", "tier#", "from a volume of#")
        for tier in found.fee_tiers:
            tiers.add_row(str(tier.tier), tier.volume)
        for table in (schedules, tiers):
            Console().print(table)


@fee.command("set", context_settings={"ignore_unknown_options": True})
def set_fees(
    maker_rate: _Rate,
    taker_rate: _Rate,
    symbol: Annotated[str, typer.Option(help="Of this symbol; without it of all that have none of their own.")] = "",
    fee_class: Annotated[int, typer.Option(min=0, max=FEE_CLASSES - 1, help="Of accounts of this class.")] = 0,
    tier: Annotated[int, typer.Option(min=0, max=FEE_TIERS - 1, help="From the volume of this tier on.")] = 0,
    minimum: Annotated[int, typer.Option(min=0, max=AMOUNT_MAX, help="In the quote asset's smallest units.")] = 0,
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
) -> None:
    """Set a schedule, for orders from now on."""
    with at_desk(data_dir) as desk:
        from msgspec import to_builtins

        from tradsys.configuration.money import FeesEntry
        from workers.administration.known import known_in
        from workers.ledger_definitions import fees_record
        from workers.statement import symbol_named

        if symbol:
            symbol_named(desk.memory, symbol)
        entry = FeesEntry(symbol, fee_class, tier, maker_rate, taker_rate, minimum)
        record = fees_record(known_in(desk.memory), entry).record
        desk.act("fees.set", symbol or "all symbols", record, after=to_builtins(entry))
        typer.echo(f"fees of {symbol or 'all others'}, class {fee_class}, tier {tier}: {maker_rate} and {taker_rate}")


@fee.command("tier")
def set_tier(
    tier: Annotated[int, typer.Argument(min=1, max=FEE_TIERS - 1)],
    volume: Annotated[str, typer.Argument(help="What was traded on the 30 days before, a decimal value.")],
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
) -> None:
    """Set from which volume on a tier applies."""
    with at_desk(data_dir) as desk:
        from msgspec import to_builtins

        from tradsys.configuration.money import TierEntry
        from workers.ledger_definitions import tier_record

        entry = TierEntry(tier, volume)
        desk.act("fee_tier.set", str(tier), tier_record(entry).record, after=to_builtins(entry))
        typer.echo(f"tier {tier} applies from a volume of {volume} on")

"""`tradsys asset`: what accounts of a running venue can own."""

from __future__ import annotations

from typing import Annotated

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, attached, friendly_errors, print_json
from tradsys.cli.operator import AsJson, at_desk
from tradsys.ledger.terms import ASSET_DECIMALS_MAX

asset = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Show and add assets, and say what they are worth."
)

_Name = Annotated[str, typer.Argument(help="The asset's name.")]


@asset.command("list")
def list_assets(data_dir: DataDirectory = DEFAULT_DIRECTORY, as_json: AsJson = False) -> None:
    """Show all assets."""
    with friendly_errors():
        import msgspec

        from tradsys.reading.rows import assets_of
        from workers.administration.exporting import asset_entry

        with attached(data_dir) as (_, memory):
            found = [asset_entry(each) for each in assets_of(memory.ledger)]
        if as_json:
            print_json(msgspec.json.encode(found))
            return
        from rich.console import Console

        from tradsys.cli.tables import new_table

        table = new_table("Assets", "asset", "decimals#", "one is worth#")
        for each in found:
            table.add_row(each.name, str(each.decimals), each.value)
        Console().print(table)


@asset.command("add")
def add(
    name: _Name,
    decimals: Annotated[int, typer.Option(min=0, max=ASSET_DECIMALS_MAX, help="Of its amounts.")] = 2,
    value: Annotated[str, typer.Option(help="What one is worth, a decimal; 0: it counts as nothing in limits.")] = "0",
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
) -> None:
    """Add an asset to a running venue. It stays in the log for good."""
    with at_desk(data_dir) as desk:
        from msgspec import to_builtins

        from tradsys.configuration.money import AssetEntry
        from workers.administration.defining import asset_record

        entry = AssetEntry(name, decimals, value)
        desk.define("asset.add", name, lambda: asset_record(desk.memory, entry), to_builtins(entry))
        typer.echo(f"{name} has {decimals} decimals, and one is worth {value}")


@asset.command("value")
def set_value(
    name: _Name,
    value: Annotated[str, typer.Argument(help="What one is worth, a decimal.")],
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
) -> None:
    """Say what an asset is worth from now on, in limits and fee tiers."""
    with at_desk(data_dir) as desk:
        from workers.administration.defining import worth_record
        from workers.administration.exporting import asset_entry
        from workers.statement import asset_named

        before = asset_entry(asset_named(desk.memory, name)).value
        desk.act("asset.value", name, worth_record(desk.memory, name, value), before=before, after=value)
        typer.echo(f"one {name} is worth {value}")

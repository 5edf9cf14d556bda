"""`tradsys verify`: whether the log and every snapshot of a venue lead to the same state and the same events."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, OwnDirectory, friendly_errors, or_of_service, print_json
from tradsys.cli.operator import AsJson

if TYPE_CHECKING:
    from rich.console import Console

    from workers.verification import Verification


def verify(
    context: typer.Context,
    directory: Annotated[
        Path | None, typer.Argument(help="The venue's directory, a copy, or a backup; instead of --data-dir.")
    ] = None,
    data_dir: OwnDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Replay the log from its first record and from every snapshot: state and events must be the same.

    It changes nothing; the venue may run. Exit status 1 when anything differs.
    """
    with friendly_errors():
        import msgspec
        from rich.console import Console

        place = directory or or_of_service(context, data_dir)  # first: it decides whose kernels are loaded
        from workers import venue as venues
        from workers.verification import verify as compare

        console = Console(stderr=as_json)
        with console.status("opening the log") as status:
            found = compare(
                venues.last(place),
                lambda what, sequence: status.update(f"{what}: {sequence:,} records"),
            )
        if as_json:
            facts = msgspec.to_builtins(found) | {"is_right": found.is_right}
            print_json(msgspec.json.encode(facts))
        else:
            _show(found, console)
    raise typer.Exit(0 if found.is_right else 1)


def _show(found: Verification, console: Console) -> None:
    def say(text: str) -> None:
        console.print(text, soft_wrap=True, highlight=False)

    if found.began_with:
        say(
            f"the log's beginning is gone: the snapshot of sequence {found.began_with:,} was taken as it is, and the "
            "log followed from there"
        )
    if found.state is not None:
        say(f"{found.sequence:,} records, every decision taken again")
        say(f"state {found.state}")
        for shard, digest in enumerate(found.events):
            say(f"events of shard {shard} {digest or 'not compared: more came at once than a ring holds'}")
    for each in found.snapshots:
        if each.passed_over is not None:
            say(f"[yellow]not compared[/]: {each.passed_over}")
        for difference in each.differences:
            say(f"[red]wrong[/]: {each.file}: {difference}")
    if found.damage is not None:
        say(f"[red]damaged[/]: {found.damage}")
    compared = sum(each.passed_over is None and each.sequence != found.began_with for each in found.snapshots)
    if found.is_right:
        snapshots = f"{compared} snapshot{'' if compared == 1 else 's'}"
        say(f"[green]the same state and the same events[/] from the beginning and from {snapshots}")

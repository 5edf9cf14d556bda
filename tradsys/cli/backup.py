"""`tradsys backup`: a copy of a venue's log and snapshots, made while it runs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, friendly_errors, print_json, warnings_on
from tradsys.cli.operator import AsJson


def backup(
    target: Annotated[Path, typer.Argument(help="The directory to make; it may exist if it is empty.")],
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
    from_snapshot: Annotated[
        bool, typer.Option("--from-snapshot", help="Only the newest snapshot and the log behind it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Copy all that is durable of a venue that runs, or of one that is stopped, and check the copy.

    The copy is laid out as a venue's directory: journal, verify and replay-to read it as it is.
    """
    with friendly_errors():
        import msgspec
        from rich.console import Console

        from workers.backup.making import back_up

        console = Console(stderr=as_json)
        started = time.monotonic()
        with console.status("looking for the log's end") as status:
            made = back_up(
                data_dir,
                target,
                warnings_on(console),
                status.update,
                from_snapshot=from_snapshot,
            )
        if as_json:
            print_json(msgspec.json.encode(made))
            return
        console.print(
            f"the records {made.first:,} to {made.last:,} are in {target}: {len(made.files)} files, "
            f"{made.bytes / 2**20:.1f} MiB, checked by reading them back; {time.monotonic() - started:.1f} s",
            soft_wrap=True,
            highlight=False,
        )

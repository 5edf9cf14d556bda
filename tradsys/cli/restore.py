"""`tradsys restore`: a venue's data directory made from a backup."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, OwnDirectory, friendly_errors, print_json
from tradsys.cli.operator import AsJson


def restore(
    backup: Annotated[Path, typer.Argument(help="What tradsys backup has made.")],
    data_dir: OwnDirectory = DEFAULT_DIRECTORY,
    as_json: AsJson = False,
) -> None:
    """Check a backup and copy it to where a venue shall go on from it: tradsys up in that directory.

    A directory that holds a journal is refused.
    """
    with friendly_errors():
        import msgspec
        from rich.console import Console

        from workers.backup.restoring import restore as bring_back

        console = Console(stderr=as_json)
        with console.status("reading the backup") as status:
            restored = bring_back(backup, data_dir, status.update)
        if as_json:
            print_json(msgspec.json.encode(restored))
            return
        console.print(
            f"{data_dir} holds the records {restored.first:,} to {restored.last:,}, every file as it was backed up; "
            f"start the venue with: tradsys up --data-dir {data_dir}",
            soft_wrap=True,
            highlight=False,
        )

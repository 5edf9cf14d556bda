"""`tradsys export`: what a running venue has defined, as a configuration file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, DataDirectory, attached, friendly_errors


def export(
    file: Annotated[Path, typer.Argument(help="Where to; - is stdout.", dir_okay=False, allow_dash=True)],
    data_dir: DataDirectory = DEFAULT_DIRECTORY,
) -> None:
    """Write what a running venue has as a file: symbols, accounts, assets, fees, limits, breakers, calendars.

    The file can be given to tradsys up --config. Neither keys nor what accounts own are in it.
    """
    with friendly_errors():
        from workers.administration.counting import counting
        from workers.administration.exporting import as_yaml, exported

        with attached(data_dir) as (venue, memory):
            text = as_yaml(exported(memory, counting(venue.configuration, data_dir)))
        if str(file) == "-":
            sys.stdout.write(text)
        else:
            file.write_text(text, encoding="utf-8")
            typer.echo(f"wrote {file}", err=True)

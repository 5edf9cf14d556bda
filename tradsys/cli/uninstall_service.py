"""`tradsys uninstall-service`: take the service off the host again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradsys.cli.common import friendly_errors
from tradsys.cli.install_service import DryRun, Root


def uninstall_service(
    dry_run: DryRun = False,
    root: Root = Path("/"),
    purge: Annotated[
        bool, typer.Option("--purge", help="Remove configuration, journal, snapshots and user too: all of the venue.")
    ] = False,
) -> None:
    """Stop and disable the venue, and remove what install-service has put there. Configuration and data stay."""
    with friendly_errors():
        from tradsys.installation.files import check_rights
        from tradsys.installation.service import removal

        if not dry_run:
            check_rights(root)
        for step in removal(root.resolve(), purge=purge):
            typer.echo(step.describe() if dry_run else step.do())
        if not purge and not dry_run:
            typer.echo("configuration and data are still in /etc/tradsys and /var/lib/tradsys; --purge removes them")

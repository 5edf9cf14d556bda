"""`tradsys install-service`: make a service of the host out of this installation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradsys.cli.common import friendly_errors

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done, files and commands in full.")]
Root = Annotated[
    Path, typer.Option("--root", help="Change the system below this directory, for images.", file_okay=False)
]
_NEXT = """
what to do next:
  edit /etc/tradsys/venue.yaml            symbols, accounts and keys
  tradsys doctor                          what this host should have, and how
  systemctl start tradsys.target          then: systemctl status tradsys, journalctl -u tradsys -f"""


def install_service(
    dry_run: DryRun = False,
    root: Root = Path("/"),
    gateways: Annotated[
        int,
        typer.Option(
            "--gateways", min=0, max=64, help="So many gateways as services of their own; 0: the venue starts them."
        ),
    ] = 0,
) -> None:
    """Put units, user, directories and a first configuration where systemd looks for them, and enable the venue.

    It asks nothing, starts nothing, and may be repeated: units are brought up to date, the configuration is kept.
    """
    with friendly_errors():
        from tradsys.installation.files import check_reachable, check_rights, own_program
        from tradsys.installation.service import installation

        program = own_program()
        if root == Path("/"):
            check_reachable(program)
        if not dry_run:
            check_rights(root)
        for step in installation(root.resolve(), program, gateways):
            typer.echo(step.describe() if dry_run else step.do())
        typer.echo(_NEXT)

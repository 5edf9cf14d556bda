"""`tradsys gateway`: one gateway as a service of its own, beside a venue that was started without."""

from __future__ import annotations

from typing import Annotated

import typer

from tradsys.cli.common import DEFAULT_DIRECTORY, OwnDirectory, service_errors


def gateway(
    data_dir: OwnDirectory = DEFAULT_DIRECTORY,
    index: Annotated[
        int, typer.Option("--index", min=0, help="Which of the venue's gateways: 0 to gateway.count - 1.")
    ] = 0,
) -> None:
    """Serve as a gateway of a venue that was started with --no-gateways, until SIGTERM or until the venue stops.

    Each gateway is then a process of its own for the system's service manager, which restarts and confines it.
    """
    with service_errors():
        from gateway.main import main_apart
        from tradsys import logging
        from workers.notify import ServiceManager

        logging.configure(process=f"gateway-{index}")
        main_apart(data_dir, index, ServiceManager.of_this_process())

"""`python -m tradsys.demo --url URL`: the simulated traders, until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from tradsys import logging
from tradsys.configuration import Configuration, load
from tradsys.configuration.secrets import FILE_VARIABLE
from tradsys.demo.session import trade
from tradsys.errors import TradingError


async def _until_told_to_stop(arguments: argparse.Namespace) -> None:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await trade(_configuration(arguments), arguments.url, arguments.seed)


def _configuration(arguments: argparse.Namespace) -> Configuration:
    secrets = {} if arguments.secrets is None else {FILE_VARIABLE: arguments.secrets}
    return load(arguments.environment, arguments.config, {**os.environ, **secrets})


def _reasons(error: BaseException) -> list[str]:
    """What went wrong, each once: several traders lose the venue at the same time."""
    if isinstance(error, BaseExceptionGroup):
        return sorted({reason for inner in error.exceptions for reason in _reasons(inner)})
    return [str(error)]


def main() -> int:
    """Trade on the venue that the command line names; gives the exit status."""
    parser = argparse.ArgumentParser(prog="tradsys.demo", description="Simulated traders that make a market.")
    parser.add_argument("--url", required=True)
    parser.add_argument("--environment", default="development")
    parser.add_argument("--config", type=Path)
    parser.add_argument("--secrets")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log-format", choices=("auto", *logging.FORMATS))
    arguments = parser.parse_args()
    settings = _configuration(arguments).logging
    logging.configure(settings.level, arguments.log_format or settings.format, process="demo")
    status = 0
    try:
        asyncio.run(_until_told_to_stop(arguments))
    except* (TradingError, OSError) as errors:
        logging.logger("demo").error("the simulated traders stop", why="; ".join(_reasons(errors)))
        status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())

"""The outside clients as a process: `python -m tests.system.killing.clients DIRECTORY NOTES SEED`, until SIGTERM.

A trader for each account, over WebSockets. Each leaves a notebook NOTES/NAME.notes.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from tests.system.killing.market import TRADERS
from tests.system.killing.notes import Notebook, Tally
from tests.system.killing.trader import Trader
from workers.process import die_with_parent


async def _run(directory: Path, notes: Path, seed: int) -> None:
    tally = Tally(notes / "tally")
    books = [Notebook(notes / f"{name}.notes") for name in TRADERS]
    traders = [Trader(directory, name, book, tally, seed) for name, book in zip(TRADERS, books, strict=True)]

    def stop() -> None:
        for trader in traders:
            trader.stopping.set()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
    async with asyncio.TaskGroup() as group:
        for trader in traders:
            group.create_task(trader.trade())
    for trader in traders:
        await trader.finish()
    for book in books:
        book.close()


def main() -> None:
    """Trade until SIGTERM, then find out what is not known yet."""
    die_with_parent()
    directory, notes, seed = sys.argv[1:]
    asyncio.run(_run(Path(directory), Path(notes), int(seed)))


if __name__ == "__main__":
    main()

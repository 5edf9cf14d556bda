"""The outside clients as a process: `python -m tests.system.killing.clients DIRECTORY NOTES SEED`, until SIGTERM.

Over WebSockets: a trader for each account, one whose orders end with its connection, and one who follows the market.
Each leaves a notebook NOTES/NAME.notes.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from tests.system.killing.fleeting import Fleeting
from tests.system.killing.market import FLEETING, TRADERS
from tests.system.killing.notes import Notebook, Tally
from tests.system.killing.trader import Trader
from tests.system.killing.watcher import Watcher
from workers.process import die_with_parent


async def _run(directory: Path, notes: Path, seed: int) -> None:
    tally = Tally(notes / "tally")
    books = {name: Notebook(notes / f"{name}.notes") for name in (*TRADERS, FLEETING, "watcher")}
    fleeting = Fleeting(directory, books[FLEETING], tally, seed)
    traders = [Trader(directory, name, books[name], tally, seed) for name in TRADERS]
    everybody: list[Trader | Fleeting] = [fleeting, *traders]
    watcher = Watcher(directory, books["watcher"])
    stopping = asyncio.Event()
    parent = os.getppid()

    def stop() -> None:
        if os.getppid() != parent:
            os._exit(1)  # the test is gone, and with it the venue that would have to be asked
        stopping.set()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
    watching = asyncio.ensure_future(watcher.watch())
    async with asyncio.TaskGroup() as group:
        for trader in everybody:
            group.create_task(trader.trade())
        await stopping.wait()
        for trader in everybody:
            trader.stopping.set()
    for trader in everybody:
        await trader.finish()
    watcher.stopping.set()
    await watching
    for book in books.values():
        book.close()


def main() -> None:
    """Trade until SIGTERM, then find out what is not known yet."""
    die_with_parent()
    directory, notes, seed = sys.argv[1:]
    asyncio.run(_run(Path(directory), Path(notes), int(seed)))


if __name__ == "__main__":
    main()

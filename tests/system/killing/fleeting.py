"""An outside client whose orders are to end with its connection, however that ends."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from tests.system.killing.link import RETRY_SECONDS, Link, pause
from tests.system.killing.market import FLEETING, PLAIN, SETTLED
from tests.system.killing.notes import Notebook, Tally

ORDERS_MAX = 8
"""So many orders on a connection; then the client hangs up."""


class Fleeting:
    """Places orders that never trade, and hangs up now and then, until told to stop."""

    def __init__(self, directory: Path, notebook: Notebook, tally: Tally, seed: int) -> None:
        self._dice = random.Random(f"{seed} {FLEETING}")
        self._notebook = notebook
        self._link = Link(directory, FLEETING, notebook, tally, self._dice, cancel_on_disconnect=True)
        self.stopping = asyncio.Event()

    async def trade(self) -> None:
        """One order after the other."""
        number = 0
        while not self.stopping.is_set():
            number += 1
            symbol, price = self._dice.choice((SETTLED, PLAIN)), f"{self._dice.randint(100, 900) / 100:.2f}"
            order = {"symbol": symbol, "side": "buy", "quantity": "1", "type": "limit", "price": price}
            await self._link.ask("place", client_order_id=number, **order)
            if number % ORDERS_MAX == 0:
                await self._link.disconnect()
            await pause(self._dice.uniform(0, 0.1))

    async def finish(self) -> None:
        """Hang up for good, and wait until no order is left."""
        await self._link.disconnect()
        while (await self._link.get("/orders"))[1]["orders"]:
            await pause(RETRY_SECONDS)
        _, balances = await self._link.get("/v1/balances")
        self._notebook.write("final", orders=[], balances=balances["balances"])
        await self._link.close()

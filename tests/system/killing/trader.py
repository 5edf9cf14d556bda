"""An outside client that trades all the time, and asks for the truth whenever an answer stays away."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

from tests.system.killing.link import NOT_TAKEN, RETRY_SECONDS, Link, pause
from tests.system.killing.market import PLAIN, SETTLED, TRADERS
from tests.system.killing.notes import Notebook, Tally

LANES = 4
"""Requests of one account that are under way at the same time."""
THINKING_SECONDS_MAX = 0.04
"""Between an answer and the next request of a lane: some hundred requests a second in all."""
_DUPLICATE = "duplicate_client_order_id"
_REMEMBERED = 30


class Trader:
    """Trades for one account until told to stop."""

    def __init__(self, directory: Path, account: str, notebook: Notebook, tally: Tally, seed: int) -> None:
        self._account = account
        self._notebook = notebook
        self._dice = random.Random(f"{seed} {account}")
        self._link = Link(directory, account, notebook, tally, self._dice)
        self._ids = 0
        self._transfers = 0
        self._orders: list[Any] = []
        """The last own orders that were open when they were answered."""
        self.stopping = asyncio.Event()

    async def trade(self) -> None:
        """Ask for one thing after the other, LANES at a time, until told to stop and nothing is unknown."""
        await asyncio.gather(*(self._lane() for _ in range(LANES)))

    async def finish(self) -> None:
        """When nobody trades any more: write down what there is in the end."""
        _, orders = await self._link.get("/orders")
        _, balances = await self._link.get("/v1/balances")
        self._notebook.write("final", orders=orders["orders"], balances=balances["balances"])
        await self._link.close()

    async def _lane(self) -> None:
        while not self.stopping.is_set():
            await pause(self._dice.uniform(0, THINKING_SECONDS_MAX))
            choice = self._dice.randrange(100)
            if choice < 55 or not self._orders:
                await self._place()
            elif choice < 75:
                await self._link.ask("cancel", order_id=self._known()["order_id"])
            elif choice < 90:
                await self._amend()
            elif choice < 95:
                await self._transfer()
            else:
                await self._link.ask("cancel_all", symbol=self._dice.choice((SETTLED, PLAIN)))

    def _known(self) -> Any:
        return self._orders.pop(self._dice.randrange(len(self._orders)))

    def _price(self) -> str:
        return f"{self._dice.randint(9900, 10100) / 100:.2f}"

    def _new_order(self) -> dict[str, Any]:
        dice = self._dice
        self._ids += 1
        order: dict[str, Any] = {
            "client_order_id": self._ids,
            "symbol": dice.choice((SETTLED, PLAIN)),
            "side": dice.choice(("buy", "sell")),
            "quantity": str(dice.randint(1, 9)),
        }
        kind = dice.randrange(10)
        if kind == 0:
            return order | {"type": "market"}
        if kind == 1:
            return order | {"type": "stop", "trigger_price": self._price()}
        order |= {"type": "limit", "price": self._price()}
        if kind == 2:
            order["display_quantity"] = "1"
        elif kind == 3:
            order["post_only"] = True
        elif kind == 4:
            order["time_in_force"] = "ioc"
        return order

    async def _place(self) -> None:
        """Place an order, and go on until it is known what came of it. Sending it again must never make it two."""
        order = self._new_order()
        while True:
            answer = await self._link.ask("place", **order)
            if answer.refused in NOT_TAKEN:
                await pause(RETRY_SECONDS)
                continue
            result = answer.result
            # In a settled symbol the core knows the id again, so there nobody need ask first.
            is_safe = order["symbol"] == SETTLED and self._dice.randrange(2)
            if answer.refused == _DUPLICATE or not (answer.is_known or is_safe):
                result = await self._link.find(order["client_order_id"])
            elif not answer.is_known:
                continue
            if result is None and not answer.is_known:
                continue
            if result is not None and result["status"] in ("open", "waiting"):
                self._orders = [*self._orders[-_REMEMBERED:], result]
            return

    async def _amend(self) -> None:
        order = self._known()
        change = {"price": self._price()} if order["type"] == "limit" else {"leaves": str(self._dice.randint(1, 9))}
        answer = await self._link.ask("amend", order_id=order["order_id"], **change)
        if answer.result is not None and answer.result["status"] in ("open", "waiting"):
            self._orders.append(answer.result)

    async def _transfer(self) -> None:
        """Give somebody a little money, sending it again until it is known to have gone, once."""
        self._transfers += 1
        other = self._dice.choice([name for name in TRADERS if name != self._account])
        amount = f"{self._dice.randint(1, 500) / 100:.2f}"
        told = {"transfer_id": self._transfers, "account": other, "asset": "USD", "amount": amount}
        while True:
            answer = await self._link.ask("transfer", **told)
            if answer.is_known and answer.refused not in NOT_TAKEN:
                return

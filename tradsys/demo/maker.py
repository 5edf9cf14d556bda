"""A simulated market maker: a few quotes on both sides of the fair price of every symbol."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from contextlib import suppress
from itertools import cycle
from typing import Any

from tradsys.client import Stream
from tradsys.demo.market import Instrument
from tradsys.errors import TradingError

LEVELS = 3
PAUSE_SECONDS = 0.1
"""Between two looks of one maker at a quote. Replacing a quote takes two requests."""
_SIDES = (("buy", -1), ("sell", 1))
_MOST_TENS_OF_LOTS = 5


class _Quote:
    """One place in the market that the maker keeps filled; `order_id` None while it is not."""

    def __init__(self, instrument: Instrument, side: str, sign: int, level: int) -> None:
        self.instrument = instrument
        self.side = side
        self.order_id: str | None = None
        self.price_ticks = 0
        self._sign = sign
        self._level = level

    def wanted_ticks(self, jitter_ticks: int) -> int:
        """Where the quote should stand now."""
        distance = self.instrument.unit_ticks * (1 + 2 * self._level) + jitter_ticks
        return self.instrument.fair_ticks + self._sign * distance

    def is_near(self, price_ticks: int) -> bool:
        """Whether moving the quote to this price is not worth losing its place in the queue."""
        return abs(price_ticks - self.price_ticks) <= self.instrument.unit_ticks


class Maker:
    """Goes round its quotes for ever and puts each where the fair price wants it."""

    def __init__(self, stream: Stream, instruments: list[Instrument], dice: random.Random) -> None:
        self._stream = stream
        self._dice = dice
        self._by_order: dict[str, _Quote] = {}
        self._quotes = [
            _Quote(instrument, side, sign, level)
            for level in range(LEVELS)
            for instrument in instruments
            for side, sign in _SIDES
        ]

    async def run(self) -> None:
        """Until cancelled. Raises ConnectionError when the venue goes away."""
        for quote in cycle(self._quotes):
            await self.renew(quote)
            await asyncio.sleep(PAUSE_SECONDS)

    async def listen(self) -> None:
        """Hear of the fills, until the socket is closed."""
        async for message in self._stream:
            self.hear(message)

    def hear(self, message: Mapping[str, Any]) -> None:
        """Take note of an execution report: an order that is done leaves its place empty."""
        if message.get("status") in {"filled", "cancelled", "rejected"}:
            quote = self._by_order.pop(str(message.get("order_id")), None)
            if quote is not None:
                quote.order_id = None

    async def renew(self, quote: _Quote) -> None:
        """Replace one quote if it is filled or has come to stand in the wrong place."""
        instrument = quote.instrument
        wanted = quote.wanted_ticks(self._dice.randint(0, instrument.unit_ticks))
        if quote.order_id is not None:
            if quote.is_near(wanted):
                return
            with suppress(TradingError):  # it has been filled meanwhile
                await self._stream.cancel(quote.order_id)
            self._forget(quote)
        with suppress(TradingError):  # the symbol is closed, or the venue is busy: try in the next round
            # Not post-only: an order better than the fair price, say a newcomer's, finds a counterparty.
            order = await self._stream.place(
                instrument.symbol.name,
                quote.side,
                instrument.quantity(_MOST_TENS_OF_LOTS),
                instrument.price(wanted),
            )
            if order["status"] == "open":
                quote.order_id = order["order_id"]
                quote.price_ticks = wanted
                self._by_order[order["order_id"]] = quote

    def _forget(self, quote: _Quote) -> None:
        if quote.order_id is not None:
            self._by_order.pop(quote.order_id, None)
            quote.order_id = None

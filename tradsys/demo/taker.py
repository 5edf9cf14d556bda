"""A simulated taker: now and then it buys or sells a little at the best price."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

from tradsys.client import Stream
from tradsys.demo.market import Instrument
from tradsys.errors import TradingError

PAUSE_MS_MIN, PAUSE_MS_MAX = 100, 500
_REACH_UNITS = 3
"""How far beyond the fair price it goes: the first quotes, not the whole book."""
_MOST_TENS_OF_LOTS = 3


class Taker:
    """Crosses the spread for ever, gently."""

    def __init__(self, stream: Stream, instruments: list[Instrument], dice: random.Random) -> None:
        self._stream = stream
        self._instruments = instruments
        self._dice = dice

    async def run(self) -> None:
        """Until cancelled. Raises ConnectionError when the venue goes away."""
        while True:
            await self.cross()
            await asyncio.sleep(self._dice.randint(PAUSE_MS_MIN, PAUSE_MS_MAX) / 1000)

    async def listen(self) -> None:
        """Take the execution reports off the socket, until it is closed."""
        async for _ in self._stream:
            pass

    async def cross(self) -> None:
        """One immediate order in one of the symbols."""
        instrument = self._dice.choice(self._instruments)
        side, sign = self._dice.choice((("buy", 1), ("sell", -1)))
        limit = instrument.fair_ticks + sign * _REACH_UNITS * instrument.unit_ticks
        with suppress(TradingError):  # the symbol is closed, or the venue is busy: there will be another time
            await self._stream.place(
                instrument.symbol.name,
                side,
                instrument.quantity(_MOST_TENS_OF_LOTS),
                instrument.price(limit),
                time_in_force="ioc",
            )

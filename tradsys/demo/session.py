"""The simulated traders at work on one venue, from their first request to their last."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack, suppress

from tradsys.client import Client, Stream
from tradsys.configuration import Configuration
from tradsys.demo.maker import Maker
from tradsys.demo.market import Instrument
from tradsys.demo.taker import Taker
from tradsys.demo.traders import traders_of
from tradsys.errors import TradingError, error
from tradsys.logging import logger

_STEP_SECONDS = 0.25
_LEAVE_SECONDS = 2.0

_log = logger("demo")


def instruments_of(client: Client, configuration: Configuration, seed: int) -> list[Instrument]:
    """The configured symbols that are open for continuous trading. Raises TradingError, OSError."""
    configured = {entry.name for entry in configuration.symbols}
    found = []
    for view in client.symbols():
        name = view["symbol"]
        if name in configured and view["state"] == "continuous":
            last = client.trades(name, 1)
            dice = random.Random(f"{seed}:{name}")
            found.append(Instrument.from_view(view, dice, last[0]["price"] if last else None))
    return found


async def trade(configuration: Configuration, url: str, seed: int) -> None:
    """Make a market until cancelled; then take every quote out. Raises TradingError, OSError."""
    traders = traders_of(configuration)
    with Client(url) as client:
        instruments = instruments_of(client, configuration, seed)
    if not instruments:
        raise error("symbol_not_open", "none of the configured symbols is open for continuous trading")
    async with AsyncExitStack() as stack:
        streams = []
        for trader in traders:
            stream = await stack.enter_async_context(Stream(url, trader.key))
            await stream.cancel_all()  # what an earlier run left
            streams.append(stream)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_walk(instruments))
                for trader, stream in zip(traders, streams, strict=True):
                    dice = random.Random(f"{seed}:{trader.name}")
                    kind = Maker if trader.is_maker else Taker
                    actor = kind(stream, instruments, dice)
                    group.create_task(actor.listen())
                    group.create_task(actor.run())
                _log.info("the simulated traders make a market", traders=len(traders), symbols=len(instruments))
        finally:
            with suppress(TimeoutError, TradingError, OSError):
                async with asyncio.timeout(_LEAVE_SECONDS):
                    for stream in streams:
                        await stream.cancel_all()


async def _walk(instruments: list[Instrument]) -> None:
    while True:
        for instrument in instruments:
            instrument.step()
        await asyncio.sleep(_STEP_SECONDS)

"""An outside client that follows trades and depth, and keeps a copy of every book."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp

from tests.system.killing.link import RETRY_SECONDS, pause
from tests.system.killing.market import PLAIN, SETTLED
from tests.system.killing.notes import Notebook
from tradsys.client import Stream
from workers import venue as venues


class Watcher:
    """Follows both symbols over whichever gateway is there, writing down all it hears, until told to stop."""

    def __init__(self, directory: Path, notebook: Notebook) -> None:
        self._directory = directory
        self._notebook = notebook
        self.stopping = asyncio.Event()

    async def watch(self) -> None:
        """One connection after the other."""
        connection = 0
        while not self.stopping.is_set():
            for url in venues.addresses(self._directory).values():
                try:
                    async with Stream(url) as stream:
                        connection += 1
                        await self._follow(stream, connection)
                        break
                except (OSError, aiohttp.ClientError):
                    continue
            await pause(RETRY_SECONDS)

    async def _follow(self, stream: Stream, connection: int) -> None:
        """Hear one socket until it ends; when it is time to stop, ask for the books once more."""
        self._notebook.write("connected", connection=connection)
        hearing = asyncio.ensure_future(self._hear(stream, connection))
        try:
            for symbol in (SETTLED, PLAIN):
                await stream.subscribe("trades", symbol)
                await stream.subscribe("depth", symbol)
            stopping = asyncio.ensure_future(self.stopping.wait())
            await asyncio.wait((stopping, hearing), return_when=asyncio.FIRST_COMPLETED)
            if not stopping.cancel():
                for symbol in (SETTLED, PLAIN):
                    await stream.subscribe("depth", symbol)
                await stream.ping()
        finally:
            await stream.close()
            await hearing

    async def _hear(self, stream: Stream, connection: int) -> None:
        async for message in stream:
            self._notebook.write("heard", connection=connection, message=message)


def books_of(messages: list[Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """The copy that somebody keeps who hears these depth messages: levels by symbol and side.

    Raises AssertionError for a gap, and where a later snapshot is not what the copy says.
    """
    books: dict[str, dict[str, dict[str, Any]]] = {}
    sequences: dict[str, int] = {}
    for message in messages:
        if message["channel"] != "depth":
            continue
        symbol, sequence = message["symbol"], message["sequence"]
        levels = {side: {row[0]: row[1:] for row in message[side]} for side in ("bids", "asks")}
        if message["type"] == "update":
            assert message["previous"] == sequences[symbol], f"a gap in the depth of {symbol} before {sequence}"
            for side, changed in levels.items():
                kept = books[symbol][side]
                kept.update(changed)
                books[symbol][side] = {price: row for price, row in kept.items() if row[0] != "0"}
        elif symbol in books:
            assert sequence == sequences[symbol], "a snapshot is made between updates"
            assert books[symbol] == levels, f"the kept copy of {symbol} is not the book of {sequence}"
        else:
            books[symbol] = levels
        sequences[symbol] = sequence
    return books

"""One account's way to a venue whose processes die: over whichever gateway is there, writing everything down."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from tests.system.killing.notes import Notebook, Tally
from tradsys.client import Stream, TradingError
from workers import venue as venues

RETRY_SECONDS = 0.02
NOT_TAKEN = frozenset(("busy", "venue_stopping"))
"""Codes that say that the command was not taken."""


async def pause(seconds: float) -> None:
    """A client's own time between two requests."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()


class Answer(NamedTuple):
    """What came of a request. Neither a result nor a code: the connection went first."""

    result: Any = None
    refused: str = ""

    @property
    def is_known(self) -> bool:
        """Whether the request's outcome is known."""
        return self.result is not None or (self.refused != "" and self.refused != "timeout")


class Link:
    """Requests of one account. A request is sent once; what comes of it may stay unknown."""

    def __init__(
        self,
        directory: Path,
        account: str,
        notebook: Notebook,
        tally: Tally,
        dice: random.Random,
        *,
        cancel_on_disconnect: bool = False,
    ) -> None:
        self._directory = directory
        self._key = f"{account}-key"
        self._notebook = notebook
        self._tally = tally
        self._dice = dice
        self._cancel_on_disconnect = cancel_on_disconnect
        self._stream: Stream | None = None
        self._connection = 0
        self._connecting = asyncio.Lock()
        self._reader: asyncio.Task[None] | None = None
        self._http = aiohttp.ClientSession(headers={"X-API-Key": self._key})

    async def ask(self, op: str, **fields: Any) -> Answer:
        """Send an operation over the socket, on a new one where there is none."""
        stream = await self._connected()
        ask = self._notebook.ask(op, connection=self._connection, **fields)
        try:
            result = await stream.request(op, **fields)
        except TradingError as refusal:
            self._notebook.write("told", ask=ask, refused=refusal.code)
            self._tally.add()
            return Answer(refused=refusal.code)
        except OSError:
            self._notebook.write("silent", ask=ask)
            self._drop(stream)
            return Answer()
        self._notebook.write("told", ask=ask, result=result)
        self._tally.add()
        return Answer(result)

    async def find(self, client_order_id: int) -> Any:
        """The order of a client order id, by whichever gateway answers; None when there is none."""
        status, found = await self.get("/orders", client_order_id=client_order_id)
        assert status in (200, 404), found
        order = found if status == 200 else None
        self._notebook.write("found", client_order_id=client_order_id, result=order)
        return order

    async def get(self, path: str, **query: Any) -> tuple[int, Any]:
        """Status and body of a REST question, asked until some gateway answers it."""
        while True:
            for url in self._gateways():
                try:
                    async with self._http.get(url + path, params=query) as response:
                        body = await response.json()
                        if response.status < 500:
                            self._tally.add()
                            return response.status, body
                except (OSError, aiohttp.ClientError):
                    continue
            await pause(RETRY_SECONDS)

    async def disconnect(self) -> None:
        """End the socket, if there is one."""
        if self._stream is not None:
            await self._stream.close()
        if self._reader is not None:
            await self._reader

    async def close(self) -> None:
        """No more requests."""
        await self.disconnect()
        await self._http.close()

    def _gateways(self) -> list[str]:
        """The addresses of all gateways, in any order."""
        urls = list(venues.addresses(self._directory).values())
        self._dice.shuffle(urls)
        return urls

    async def _connected(self) -> Stream:
        async with self._connecting:
            while self._stream is None:
                for url in self._gateways():
                    self._stream = await self._open(url)
                    if self._stream is not None:
                        break
                else:
                    await pause(RETRY_SECONDS)
            return self._stream

    async def _open(self, url: str) -> Stream | None:
        """A socket that hears the account's reports; None when nobody answers there."""
        if self._reader is not None:
            await self._reader
            self._reader = None
        stream = Stream(url, self._key, cancel_on_disconnect=self._cancel_on_disconnect)
        try:
            await stream.__aenter__()
        except (OSError, aiohttp.ClientError):
            return None
        try:
            await stream.subscribe("orders")
        except OSError:
            await stream.close()
            return None
        self._connection += 1
        self._notebook.write("connected", connection=self._connection, gateway=url)
        self._reader = asyncio.ensure_future(self._hear(stream, self._connection))
        return stream

    async def _hear(self, stream: Stream, connection: int) -> None:
        async for message in stream:
            self._notebook.write("heard", connection=connection, message=message)
        self._notebook.write("lost", connection=connection)
        await stream.close()
        self._drop(stream)

    def _drop(self, stream: Stream) -> None:
        """No more requests on this socket."""
        if self._stream is stream:
            self._stream = None

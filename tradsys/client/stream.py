"""The WebSocket client: orders, execution reports and market data on one asyncio connection."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any, Self, Unpack
from urllib.parse import urlsplit

import aiohttp

from tradsys.client.answers import exception_of, without_none
from tradsys.client.orders import OrderTerms, order_fields
from tradsys.errors import error

MESSAGES_MAX = 100_000
"""Messages that may wait unread; a program that falls further behind is cut off rather than fed old news."""


class Stream:
    """One socket: `async with Stream(url, key) as stream`, then `async for message in stream` for the channels.

    Operations wait for the venue's answer and raise TradingError with its code. They may overlap, in any order.
    """

    def __init__(
        self, url: str = "http://127.0.0.1:8080", key: str | None = None, *, cancel_on_disconnect: bool = False
    ) -> None:
        """With `cancel_on_disconnect` the venue cancels this socket's orders when the connection ends."""
        if urlsplit(url).scheme not in ("http", "https", "ws", "wss"):
            raise ValueError(f"{url!r} is no URL such as http://127.0.0.1:8080")
        self._url = f"{url.rstrip('/')}/ws{'?cancel_on_disconnect=true' if cancel_on_disconnect else ''}"
        self._headers = {} if key is None else {"X-API-Key": key}
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._messages: asyncio.Queue[Any] = asyncio.Queue(MESSAGES_MAX)
        self._last_id = 0
        self._ended: BaseException | None = None

    async def __aenter__(self) -> Self:
        """Connect. Raises TradingError when the key is refused, OSError when the venue cannot be reached."""
        self._session = aiohttp.ClientSession()
        try:
            self._socket = await self._session.ws_connect(self._url, headers=self._headers, compress=0, max_msg_size=0)
        except aiohttp.WSServerHandshakeError as refusal:
            await self._session.close()
            if refusal.status == 401:
                raise error("unauthenticated") from None
            raise
        except BaseException:
            await self._session.close()
            raise
        self._reader = asyncio.ensure_future(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the socket. Harmless when closed."""
        await self._socket.close()
        await self._reader
        await self._session.close()

    async def authenticate(self, key: str) -> Any:
        """Give the key later than in the constructor."""
        return await self.request("auth", key=key)

    async def place(
        self, symbol: str, side: str, quantity: str | None = None, price: str | None = None, **terms: Unpack[OrderTerms]
    ) -> Any:
        """Place an order: limit with a price, market without, or of the type that is named.

        Gives it as the core has left it, with its fills and the orders linked to it.
        """
        return await self.request("place", **order_fields(symbol, side, quantity, price, terms))

    async def amend(
        self,
        order_id: int | str | None = None,
        *,
        client_order_id: int | str | None = None,
        price: str | None = None,
        quantity: str | None = None,
        leaves: str | None = None,
        trigger_price: str | None = None,
    ) -> Any:
        """Change an order's price, trigger, or quantity (the total, or what shall be left of it); gives the order."""
        return await self.request(
            "amend",
            order_id=order_id,
            client_order_id=client_order_id,
            price=price,
            quantity=quantity,
            leaves=leaves,
            trigger_price=trigger_price,
        )

    async def cancel(self, order_id: int | str | None = None, *, client_order_id: int | str | None = None) -> Any:
        """Cancel one order by either id; gives it."""
        return await self.request("cancel", order_id=order_id, client_order_id=client_order_id)

    async def cancel_all(
        self, symbol: str | None = None, *, side: str | None = None, session: bool | None = None
    ) -> int:
        """Cancel all own orders, or those in one symbol, of one side or of this socket; gives how many there were."""
        return int((await self.request("cancel_all", symbol=symbol, side=side, session=session))["cancelled"])

    async def orders(self, symbol: str | None = None) -> Any:
        """The own open orders, oldest first."""
        return (await self.request("orders", symbol=symbol))["orders"]

    async def subscribe(self, channel: str, symbol: str | None = None) -> None:
        """Have the messages of a channel ("orders", "trades", "depth") come out of the iteration."""
        await self.request("subscribe", channel=channel, symbol=symbol)

    async def unsubscribe(self, channel: str, symbol: str | None = None) -> None:
        """No more of them."""
        await self.request("unsubscribe", channel=channel, symbol=symbol)

    async def ping(self) -> None:
        """Make sure that the venue answers."""
        await self.request("ping")

    async def request(self, operation: str, **fields: Any) -> Any:
        """Any operation; gives its result. Raises TradingError, ConnectionError when the socket is closed."""
        if self._ended is not None:
            raise ConnectionError(str(self._ended))
        self._last_id += 1
        number = self._last_id
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            await self._socket.send_str(json.dumps({"op": operation, "id": number, **without_none(fields)}))
            return await future
        finally:
            self._waiting.pop(number, None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        """The next message of a channel. Ends when the socket is closed."""
        if self._ended is not None and self._messages.empty():
            raise StopAsyncIteration
        message = await self._messages.get()
        if message is None:
            raise StopAsyncIteration
        return message

    async def _read(self) -> None:
        reason = "the venue has closed the socket"
        try:
            async for frame in self._socket:
                if frame.type is aiohttp.WSMsgType.TEXT:
                    self._take(json.loads(frame.data))
        except asyncio.QueueFull:
            reason = f"more than {MESSAGES_MAX} messages were left unread"
            await self._socket.close()
        finally:
            code = self._socket.close_code
            self._ended = ConnectionError(f"{reason} (code {code})")
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(self._ended)
            if not self._messages.full():
                self._messages.put_nowait(None)

    def _take(self, message: Any) -> None:
        if "channel" in message:
            self._messages.put_nowait(message)
            return
        future = self._waiting.get(message.get("id"))
        if future is None or future.done():
            return
        if message["ok"]:
            future.set_result(message["result"])
        else:
            future.set_exception(exception_of(message["error"]))

"""Waiting for what the core answers to a command."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from gateway.entry import Reply
from tradsys.errors import TradingError


async def outcome(send: Callable[[Reply], None]) -> Any:
    """What the core answers to the command that `send` submits with the given reply. Raises TradingError."""
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def reply(result: Any) -> None:
        if future.done():
            return  # the client has gone away
        if isinstance(result, TradingError):
            future.set_exception(result)
        else:
            future.set_result(result)

    send(reply)
    return await future

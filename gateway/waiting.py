"""Waiting for what the core is about to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tradsys.errors import error

_WAIT_SECONDS = 0.0005
_WAITS_MAX = 4000


async def until(condition: Callable[[], bool], otherwise: str) -> None:
    """Return when `condition` holds. Raises InfrastructureError that says `otherwise` after about two seconds."""
    for _ in range(_WAITS_MAX):
        if condition():
            return
        await asyncio.sleep(_WAIT_SECONDS)
    raise error("busy", otherwise)

"""A bare aiohttp WebSocket server: to every message it answers with a text of the length named in the address.

The yardstick of the gateway's benchmark: `python -m bench.echo CORE` prints its port; /ws?reply=300 answers 300 bytes.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop
from aiohttp import WSMsgType, web

from workers.process import die_with_parent, pin


async def _serve(request: web.Request) -> web.WebSocketResponse:
    reply = "x" * int(request.query["reply"])
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    async for message in socket:
        if message.type == WSMsgType.TEXT:
            await socket.send_str(reply)
    return socket


async def _main() -> None:
    app = web.Application()
    app.router.add_get("/ws", _serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    die_with_parent()
    if len(sys.argv) > 1:
        pin(int(sys.argv[1]))
    uvloop.run(_main())

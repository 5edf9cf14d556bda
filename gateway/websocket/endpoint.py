"""Where sockets come in: the handshake, the reading loop, the farewell."""

from __future__ import annotations

import asyncio

from aiohttp import WSMessage, WSMsgType, web

from gateway.rest.answers import KEY_HEADER, caller, choice, query
from gateway.rest.errors import REQUEST_ID, REQUEST_ID_HEADER
from gateway.service import Service
from gateway.websocket.session import Session
from tradsys.errors import error

OVERSIZE_FACTOR = 16
"""A frame up to this many times the limit is read and refused; beyond it the socket is closed with 1009."""

_CANCEL = "cancel_on_disconnect"
_HEARTBEAT_SECONDS = 30.0
_CLOSE_GOING_AWAY = 1001
_FAREWELL_SECONDS = 1.0


class Endpoint:
    """The handler of /ws and its open sockets."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._open: dict[web.WebSocketResponse, Session] = {}
        service.authenticator.subscribe(self._end_invalid)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One socket, from handshake to end. A key in the header makes it the account's from the start."""
        given = choice(query(request, _CANCEL).get(_CANCEL), _CANCEL, ("true", "false"))
        by = caller(self._service, request) if KEY_HEADER in request.headers else None
        # Text stays bytes: the JSON decoder reads UTF-8 itself, and text that is not UTF-8 gets an answer.
        socket = web.WebSocketResponse(
            compress=False,
            decode_text=False,
            heartbeat=_HEARTBEAT_SECONDS,
            max_msg_size=OVERSIZE_FACTOR * self._service.frame_bytes_max,
        )
        socket.headers[REQUEST_ID_HEADER] = request[REQUEST_ID]
        if not socket.can_prepare(request):
            raise error("invalid_message", "this address speaks WebSocket: send an upgrade request")
        await socket.prepare(request)
        transport = request.transport
        if transport is None:
            return socket  # gone already
        session = Session(self._service, transport, by, cancel_on_disconnect=given == "true")
        self._open[socket] = session
        self._service.sockets.add(1)
        session.end_if_invalid()  # the key may have been revoked during the handshake
        try:
            message: WSMessage
            async for message in socket:
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    session.receive(message.data)
        finally:
            del self._open[socket]
            self._service.sockets.add(-1)
            session.close()
        return socket

    def _end_invalid(self) -> None:
        """Close the sockets of those who may not come in any more."""
        for session in list(self._open.values()):
            session.end_if_invalid()

    async def close_all(self, app: web.Application) -> None:
        """Say goodbye to every socket; who does not answer in time is left."""
        farewells = [socket.close(code=_CLOSE_GOING_AWAY, message=b"venue_stopping") for socket in self._open]
        if farewells:
            await asyncio.wait([asyncio.ensure_future(each) for each in farewells], timeout=_FAREWELL_SECONDS)

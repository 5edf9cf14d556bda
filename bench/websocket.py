"""A WebSocket client that costs next to nothing: a blocking socket, frames encoded beforehand, answers counted.

RFC 6455, as far as a benchmark needs it. Frames are masked with zeros, which leaves their payload as it is.
"""

from __future__ import annotations

import base64
import os
import socket
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_RECEIVE_BYTES = 1 << 18
_TIMEOUT_SECONDS = 30.0


class WebSocketError(Exception):
    """The server does not do as it should; the message says what it said."""


def text_frame(payload: bytes) -> bytes:
    """A client's text frame, of up to 65,535 bytes."""
    length = len(payload)
    if length < 126:
        return bytes((0x81, 0x80 | length)) + bytes(4) + payload
    return bytes((0x81, 0xFE)) + length.to_bytes(2, "big") + bytes(4) + payload


def frame_at(data: bytes | bytearray, start: int) -> tuple[int, int] | None:
    """Where the payload of the server's frame at `start` begins and ends; None when it is not all there."""
    if len(data) < start + 2:
        return None
    length = data[start + 1]
    begin = start + 2
    if length == 126:
        begin = start + 4
        length = int.from_bytes(data[start + 2 : begin], "big")
    elif length == 127:
        begin = start + 10
        length = int.from_bytes(data[start + 2 : begin], "big")
    if len(data) < begin or len(data) < begin + length:
        return None
    return begin, begin + length


class WebSocketClient:
    """One connection. Ends with its `with` block."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        """Connect to http://host:port/path and shake hands. Raises OSError, WebSocketError."""
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port), _TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            *(f"{name}: {value}" for name, value in (headers or {}).items()),
        ]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self._data = bytearray()
        while b"\r\n\r\n" not in self._data:
            self._receive()
        head, _, rest = bytes(self._data).partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            self._socket.close()
            raise WebSocketError(head.decode(errors="replace").splitlines()[0])
        self._data = bytearray(rest)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, frames: bytes) -> None:
        """Write frames, encoded with `text_frame`, one or several."""
        self._socket.sendall(frames)

    def _receive(self) -> None:
        data = self._socket.recv(_RECEIVE_BYTES)
        if not data:
            raise WebSocketError("the server closed the connection")
        self._data += data

    def take(self) -> list[bytes]:
        """The payloads of all frames that have come; waits for one when there is none."""
        found: list[bytes] = []
        start = 0
        while not found:
            while (place := frame_at(self._data, start)) is not None:
                found.append(bytes(self._data[place[0] : place[1]]))
                start = place[1]
            if not found:
                self._receive()
        del self._data[:start]
        return found

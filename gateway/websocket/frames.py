"""WebSocket frames from the server (RFC 6455, section 5.2): whole, unmasked, not compressed.

They are written straight to the connection's transport: one system call for all frames of a batch, the same bytes
for every subscriber, and no coroutine. aiohttp's own frames (pong, close) are whole too, so they never mix.
"""

from __future__ import annotations

_FINAL_TEXT = b"\x81"
_FINAL_CLOSE = b"\x88"
_LENGTH_16, _LENGTH_64 = 126, 127


def text(payload: bytes) -> bytes:
    """A text frame around UTF-8."""
    size = len(payload)
    if size < _LENGTH_16:
        return b"\x81%c%b" % (size, payload)
    if size < 1 << 16:
        return b"".join((_FINAL_TEXT, bytes((_LENGTH_16,)), size.to_bytes(2, "big"), payload))
    return b"".join((_FINAL_TEXT, bytes((_LENGTH_64,)), size.to_bytes(8, "big"), payload))


def close(code: int, reason: str) -> bytes:
    """A close frame; the reason has at most 123 bytes."""
    payload = code.to_bytes(2, "big") + reason.encode()
    assert len(payload) < _LENGTH_16, "a control frame's payload has at most 125 bytes"
    return _FINAL_CLOSE + bytes((len(payload),)) + payload

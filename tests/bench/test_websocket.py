from __future__ import annotations

import pytest

from bench.websocket import frame_at, text_frame


@pytest.mark.parametrize(
    ("payload", "head"),
    [
        (b"hello", b"\x81\x85"),
        (b"x" * 125, b"\x81\xfd"),
        (b"x" * 126, b"\x81\xfe\x00\x7e"),
        (b"x" * 65_535, b"\x81\xfe\xff\xff"),
    ],
)
def test_a_clients_frame_is_masked_with_zeros(payload: bytes, head: bytes) -> None:
    """The heads are those of RFC 6455, section 5.2."""
    assert text_frame(payload) == head + bytes(4) + payload


@pytest.mark.parametrize("length", [0, 5, 125, 126, 65_535, 65_536])
def test_a_servers_frame_is_found_when_it_is_whole(length: int) -> None:
    if length < 126:
        head = bytes((0x81, length))
    elif length < 65_536:
        head = b"\x81\x7e" + length.to_bytes(2, "big")
    else:
        head = b"\x81\x7f" + length.to_bytes(8, "big")
    data = b"before" + head + b"y" * length
    assert frame_at(data + b"\x81\x01z", 6) == (6 + len(head), len(data))
    for missing in range(1, min(len(data) - 6, 12)):
        assert frame_at(data[:-missing], 6) is None

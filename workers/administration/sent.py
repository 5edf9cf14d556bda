"""What was sent of a record of the log: its 64 bytes without those that others fill in on its way there."""

from __future__ import annotations

from typing import Any

_KEPT = (slice(16, 22), slice(24, 32), slice(36, 64))
"""Not sequence, time, source, reason and request: see tradsys.records."""


def sent(record: Any) -> str:
    """In hexadecimal, of a record in any reading."""
    raw = record.tobytes()
    assert len(raw) == 64, "one record"
    return "".join(raw[part].hex() for part in _KEPT)

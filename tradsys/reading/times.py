"""Times of the log for people: nanoseconds since 1970, UTC."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

_NS, _DIGITS = 1_000_000_000, 9
_FRACTION = re.compile(r"\.(\d+)")


def format_time(timestamp_ns: int) -> str:
    """As ISO 8601 writes it, with all nine digits."""
    seconds, rest = divmod(timestamp_ns, _NS)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest:09d}Z"


def parse_time(text: str) -> int:
    """Nanoseconds in a time as ISO 8601 writes it, up to nine digits behind the point; UTC without a zone.

    Raises ValueError.
    """
    fraction = _FRACTION.search(text)
    if fraction and len(fraction[1]) > _DIGITS:
        raise ValueError(f"{text!r} has more than {_DIGITS} digits behind the point")
    rest = int(fraction[1].ljust(_DIGITS, "0")) if fraction else 0
    moment = datetime.fromisoformat(_FRACTION.sub("", text, count=1))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * _NS + rest

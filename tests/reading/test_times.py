"""Times in words, and back."""

from __future__ import annotations

import random

import pytest

from tradsys.reading.times import format_time, parse_time

NOON = 1_740_830_400_000_000_000
"""2025-03-01 12:00 UTC: `date -u -d @1740830400`."""


@pytest.mark.parametrize(
    ("text", "timestamp_ns"),
    [
        ("2025-03-01T12:00:00Z", NOON),
        ("2025-03-01 12:00", NOON),
        ("2025-03-01T13:00:00+01:00", NOON),
        ("2025-03-01T12:00:00.5Z", NOON + 500_000_000),
        ("2025-03-01T12:00:00.000000001", NOON + 1),
        ("2025-03-01T12:00:00.999999999-00:00", NOON + 999_999_999),
        ("2025-03-01", NOON - 12 * 3600 * 10**9),
    ],
)
def test_times_as_people_write_them(text: str, timestamp_ns: int) -> None:
    assert parse_time(text) == timestamp_ns


def test_what_is_written_is_read_back(seed: int) -> None:
    dice = random.Random(seed)
    assert format_time(NOON + 7) == "2025-03-01T12:00:00.000000007Z"
    for _ in range(200):
        timestamp_ns = dice.randrange(1 << 61)
        assert parse_time(format_time(timestamp_ns)) == timestamp_ns


@pytest.mark.parametrize("text", ["", "yesterday", "2025-13-01", "12:00", "2025-03-01T12:00:00.1234567890Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_time(text)

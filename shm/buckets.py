"""What stands in a histogram, for whoever compares two readings of it or counts in coarser buckets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shm.histogram import FIRST, MAXIMUM, MINIMUM, SUM, WORDS, highest

_HIGHEST = np.array([highest(bucket) for bucket in range(WORDS - FIRST)])


def counts_up_to(words: Any, bounds: Sequence[int]) -> list[int]:
    """How many values are at most each of the rising `bounds`; a value may count as up to 1/64 larger than it was.

    Values in the last bucket, which has no upper bound, are not counted.
    """
    assert len(words) == WORDS, "one whole histogram"
    below = np.cumsum(np.array(words[FIRST:-1]))
    places = np.searchsorted(_HIGHEST[:-1], np.array(bounds), side="right")
    return [int(below[place - 1]) if place else 0 for place in places]


def total(words: Any) -> int:
    """How many values stand in the buckets of a reading: its count may have been read a moment before."""
    return int(np.array(words[FIRST:]).sum())


def sum_of(words: Any) -> int:
    """The sum of all values."""
    return int(words[SUM])


def since(now: Any, before: Any) -> Any:
    """What was counted between two copies of a histogram; its extremes are those of all time."""
    assert len(now) == len(before) == WORDS, "two readings of one histogram"
    difference = now - before
    difference[MINIMUM], difference[MAXIMUM] = 0, now[MAXIMUM]
    return difference

"""When a worker that ended is started again, and when it is not."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

_NANOSECONDS = 1_000_000_000


class RestartLimits(NamedTuple):
    """At most `restarts` within `window_ns`; each waits `step_ns` longer than the one before."""

    restarts: int = 20
    window_ns: int = 60 * _NANOSECONDS
    step_ns: int = _NANOSECONDS // 10
    delay_ns_max: int = 5 * _NANOSECONDS


class Restarts:
    """The recent restarts of one worker. Times are monotonic nanoseconds, given by the caller."""

    def __init__(self, limits: RestartLimits) -> None:
        assert limits.restarts > 0, "a worker that ends is started again at least once"
        assert limits.step_ns <= limits.delay_ns_max, "the first wait is no longer than the longest"
        self._limits = limits
        self._recent: deque[int] = deque()

    def next_delay_ns(self, now_ns: int) -> int | None:
        """Count an end at `now_ns`: how long to wait before the restart, or None when there were too many."""
        assert not self._recent or now_ns >= self._recent[-1], "the monotonic clock does not go back"
        while self._recent and now_ns - self._recent[0] > self._limits.window_ns:
            self._recent.popleft()
        if len(self._recent) >= self._limits.restarts:
            return None
        delay = min(len(self._recent) * self._limits.step_ns, self._limits.delay_ns_max)
        self._recent.append(now_ns)
        assert len(self._recent) <= self._limits.restarts, "no more is remembered than counts"
        assert 0 <= delay <= self._limits.delay_ns_max, "no wait is longer than the longest"
        return delay

"""How many commands an account may send in a time: token buckets in log time."""

from __future__ import annotations

from dataclasses import dataclass

TOKEN = 1_000_000_000
"""So that a rate of 1 a second gives 1 in each nanosecond."""


@dataclass(slots=True)
class Bucket:
    """What has been taken out of it and has not flowed in again by `last_ns`."""

    taken: int = 0
    last_ns: int = 0

    def take(self, now_ns: int, per_second: int, burst: int) -> bool:
        """Take a token; gives whether there was one."""
        due = max(self.taken - (now_ns - self.last_ns) * per_second, 0) + TOKEN
        if per_second == 0 or due > max(burst, 1) * TOKEN:
            return False
        self.taken, self.last_ns = due, now_ns
        return True

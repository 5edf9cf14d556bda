"""What is drawn from a seed: every choice, the clock, and the trace that says what happened."""

from __future__ import annotations

import hashlib
import random
from collections import Counter, deque
from collections.abc import Callable
from typing import NamedTuple

TRACE_LINES = 60
"""Of the latest steps, for whoever reads a failure."""
_SECOND_NS = 1_000_000_000
BEGIN_NS = 1_000 * _SECOND_NS


class Step(NamedTuple):
    """Something that may happen next. `weight` 0: not now."""

    name: str
    weight: int
    act: Callable[[], object]


class Scheduler:
    """One source of chance for a whole run. The same seed gives the same trace."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.dice = random.Random(seed)
        self.now_ns = BEGIN_NS
        """The host's wall clock, which may jump either way."""
        self.steps = 0
        self.trace: deque[str] = deque(maxlen=TRACE_LINES)
        self.counts: Counter[str] = Counter()
        """What happened how often."""
        self._digest = hashlib.sha256()

    @property
    def digest(self) -> str:
        """A hash of all that has been noted."""
        return self._digest.hexdigest()

    def note(self, text: str) -> None:
        """Something has happened."""
        self.trace.append(f"{self.steps}: {text}")
        self._digest.update(text.encode())

    def note_bytes(self, data: bytes) -> None:
        """Something has come out, of which the trace keeps only the hash."""
        self._digest.update(data)

    def count(self, what: str, times: int = 1) -> None:
        """Something happened that a reader of many runs wants to know the number of."""
        self.counts[what] += times

    def happens(self, percent: int) -> bool:
        """True in so many of a hundred times."""
        return self.dice.randrange(100) < percent

    def run(self, steps: list[Step]) -> None:
        """Take one of the steps, drawn by weight, and note what it gave."""
        self.steps += 1
        step = self.dice.choices(steps, [each.weight for each in steps])[0]
        result = step.act()
        self.note(step.name if result is None else f"{step.name}: {result}")

    def pass_time(self) -> None:
        """A little time goes by."""
        self.now_ns += self.dice.randrange(100_000)

    def jump(self) -> str:
        """Somebody sets the host's clock, forward or back."""
        seconds = self.dice.choice([-3600, -60, -1, 1, 60])
        self.now_ns = max(self.now_ns + seconds * _SECOND_NS, BEGIN_NS)
        return f"{seconds} s"

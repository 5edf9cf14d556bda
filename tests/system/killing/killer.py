"""Kills what a venue consists of, at random moments under load, and counts what it did."""

from __future__ import annotations

import random
import time
from collections import Counter
from typing import Any

from tests.system.killing.crowd import Crowd
from tests.system.killing.mortal import MortalVenue

ANSWERS_MAX = 60
"""At most so many answers of the clients lie between a venue that is whole and the next blow."""


class Killer:
    """Deals blows to a venue, by the dice. After each it waits until everything serves again."""

    def __init__(self, venue: MortalVenue, crowd: Crowd, dice: random.Random) -> None:
        self._venue = venue
        self._crowd = crowd
        self._dice = dice
        self.kills: Counter[str] = Counter()
        """By worker, and `supervisor`."""
        self.ready_seconds: list[float] = []
        """For each killed worker that its supervisor brought back: from the kill until it served again."""
        self.restart_seconds: list[float] = []
        """For each killed supervisor: from the next start until the venue ran."""

    @property
    def total(self) -> int:
        """How many processes have been killed."""
        return sum(self.kills.values())

    def kill_one(self) -> None:
        """Any worker."""
        self._kill([self._dice.choice(self._venue.workers)])

    def kill_some(self) -> None:
        """Two workers or more, at once or one soon after the other."""
        workers = self._venue.workers
        self._kill(self._dice.sample(workers, self._dice.randint(2, len(workers))))

    def kill_all(self) -> None:
        """All workers at once."""
        self._kill(self._venue.workers)

    def kill_the_supervisor(self) -> None:
        """The supervisor, at times with some workers or all of them; the others drain. Then the venue starts anew."""
        venue, dice = self._venue, self._dice
        self._await_a_moment()
        workers = dice.choice(([], dice.sample(venue.workers, dice.randint(1, len(venue.workers))), venue.workers))
        self.kills.update(["supervisor", *workers])
        venue.kill_supervisor(*workers)
        started = time.monotonic()
        venue.start()
        self.restart_seconds.append(time.monotonic() - started)

    def summary(self) -> dict[str, Any]:
        """What was done, for people."""
        return {
            "kills": dict(sorted(self.kills.items())),
            "answers": self._crowd.answers,
            "ready_seconds": spread(self.ready_seconds),
            "restart_seconds": spread(self.restart_seconds),
        }

    def _await_a_moment(self) -> None:
        self._crowd.await_answers(self._dice.randint(1, ANSWERS_MAX))

    def _kill(self, workers: list[str]) -> None:
        """Kill these workers, in mid-flow or also while those before them come back, and wait for all."""
        venue = self._venue
        self._await_a_moment()
        killed: dict[str, tuple[int, float]] = {}
        while workers:
            count = self._dice.randint(1, len(workers))
            now = time.monotonic()
            killed |= {worker: (pid, now) for worker, pid in venue.kill(*workers[:count]).items()}
            workers = workers[count:]
        self.kills.update(killed.keys())
        for worker, (pid, begin) in killed.items():
            venue.await_ready(worker, pid)
            self.ready_seconds.append(time.monotonic() - begin)


def spread(seconds: list[float]) -> dict[str, float]:
    """Median, 99th percentile and maximum."""
    if not seconds:
        return {}
    ordered = sorted(seconds)
    at = {"median": 0.5, "p99": 0.99, "max": 1.0}
    return {name: round(ordered[min(int(share * len(ordered)), len(ordered) - 1)], 3) for name, share in at.items()}

"""Kills what a venue consists of, at random moments under load, and counts what it did."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter

from tests.system.killing.crowd import Crowd
from tests.system.killing.mortal import MortalVenue, send, until

STANDBY = "standby"
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
        """For each killed worker that its supervisor started again: from the kill until it served."""
        self.takeover_seconds: list[float] = []
        """For each killed worker in whose place a standby went on: from the kill until that served."""
        self.pauses = 0
        """Workers that were paused and went on."""
        self.replaced_seconds: list[float] = []
        """For each worker that was paused for good: from then until its successor served."""
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

    def kill_anything(self) -> None:
        """The supervisor, with no workers, some or all of them."""
        workers = self._venue.workers
        some = self._dice.sample(workers, self._dice.randint(1, len(workers)))
        self.kill_the_supervisor(self._dice.choice(([], some, workers)))

    def kill_the_supervisor(self, workers: list[str]) -> None:
        """The supervisor together with these workers; the others drain. Then the venue starts anew."""
        self._await_a_moment()
        self.kills.update(["supervisor", *workers])
        self._venue.kill_supervisor(*workers)
        started = time.monotonic()
        self._venue.start()
        self.restart_seconds.append(time.monotonic() - started)

    def pause_shortly(self) -> None:
        """SIGSTOP of a worker, and SIGCONT before its supervisor can take it for dead: it goes on where it was."""
        venue = self._venue
        worker = self._dice.choice(venue.workers)
        self._await_a_moment()
        pid = venue.pause(worker)
        others = [other for other in venue.workers if other != worker]
        hearts = [venue.heart_ns(other) for other in others]
        until(
            lambda: all(venue.heart_ns(other) > heart for other, heart in zip(others, hearts, strict=True)),
            "the others to live on",
        )
        send(pid, signal.SIGCONT)
        self.pauses += 1
        self._await_everybody()  # on a busy machine the supervisor may have been quicker

    def pause_for_long(self) -> None:
        """SIGSTOP of a worker until its supervisor has killed and replaced it."""
        worker = self._dice.choice(self._venue.workers)
        self._await_a_moment()
        pid = self._venue.pause(worker)
        self.kills[f"{worker} (paused)"] += 1
        begin = time.monotonic()
        self._venue.await_ready(worker, pid)
        self.replaced_seconds.append(time.monotonic() - begin)
        self._await_everybody()

    def kill_a_snapshot(self) -> None:
        """Who takes a snapshot, if somebody does at that moment."""
        self._await_a_moment()
        if self._venue.kill_helper():
            self.kills["snapshot"] += 1

    def _await_a_moment(self) -> None:
        self._crowd.await_answers(self._dice.randint(1, ANSWERS_MAX))

    def _await_everybody(self) -> None:
        for worker in self._venue.workers:
            self._venue.await_ready(worker, 0)

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
        followed = {plan.name for plan in venue.description.workers if plan.is_followed} & killed.keys()
        # Of several the standby takes the place of one.
        is_relieved = STANDBY in venue.workers and STANDBY not in killed and len(followed) == 1
        for worker, (pid, begin) in sorted(killed.items(), key=lambda each: each[0] not in followed):
            venue.await_ready(worker, pid)
            seconds = self.takeover_seconds if is_relieved and worker in followed else self.ready_seconds
            seconds.append(time.monotonic() - begin)
        self._await_everybody()


def spread(seconds: list[float]) -> dict[str, float]:
    """Median, 99th percentile and maximum."""
    if not seconds:
        return {}
    ordered = sorted(seconds)
    at = {"median": 0.5, "p99": 0.99, "max": 1.0}
    return {name: round(ordered[min(int(share * len(ordered)), len(ordered) - 1)], 3) for name, share in at.items()}

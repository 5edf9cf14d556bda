"""The recorder of a simulated venue, which dies between any two statements, and what a loss of power leaves to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.simulation.disk import CrashError
from tests.simulation.scheduler import Scheduler
from tests.simulation.venue import SimulatedVenue
from tests.workers.mortal import Fuse
from workers.recorder.database import HistoryError, history_path
from workers.recorder.history import History
from workers.recorder.recorder import Recorder

_STATEMENTS_MAX = 30
"""Of a turn, about."""
_TURN_NS = 1_000_000_000
_CAUGHT_UP_PERCENT = 90
_REMEMBERED_PERCENT, _OLDER_PERCENT = 5, 50
"""Of the turns, after how many a copy of the file is kept; of the losses of power, how many leave such a one."""


class Recording:
    """The recorder's process: it comes by itself with its next turn. Without one, where the seed wants none."""

    def __init__(self, venue: SimulatedVenue, scheduler: Scheduler) -> None:
        self.path = history_path(venue.history_home)
        self._venue = venue
        self._scheduler = scheduler
        self._history: History | None = None
        self._recorder: Recorder | None = None
        self._fuse = Fuse(CrashError)
        self._copy: bytes | None = None
        self._may_go_back = False
        self._turns = 0

    @property
    def is_wanted(self) -> bool:
        return self._venue.profile.has_recorder

    def act(self) -> str:
        """A turn, in which it may die."""
        if self._scheduler.happens(self._venue.profile.killed_share):
            self._fuse.arm(self._scheduler.dice.randrange(_STATEMENTS_MAX))
        try:
            return f"{self.step()} records"
        except CrashError:
            self.crash()
            return "dies"
        finally:
            self._fuse.arm(-1)

    def step(self) -> int:
        """A turn; gives the work done."""
        if not self.is_wanted:
            return 0
        self._turns += 1
        is_new = self._recorder is None
        with self._fuse.attached():
            try:
                count = self._begun().step(self._turns * _TURN_NS)
            except HistoryError:
                self._move_aside()
                return 1
        if self._scheduler.happens(_REMEMBERED_PERCENT):
            self._remember()
        return count + is_new

    def catch_up(self) -> None:
        """Mostly it has just read what is acknowledged, which a loss of power at level `memory` may take back."""
        while self._scheduler.happens(_CAUGHT_UP_PERCENT) and self.step():
            pass

    def _begun(self) -> Recorder:
        if self._recorder is None:
            venue = self._venue
            self._history = History(self.path)
            self._recorder = Recorder(self._history, venue.directory, venue.sizes, self.durable, self._told)
            self._scheduler.count("starts of the recorder")
        return self._recorder

    def durable(self) -> int:
        """What it takes for acknowledged."""
        return self._venue.recordable()

    def _told(self, text: str) -> None:
        """Something that is unusual, and must have a reason."""
        if "passing over a snapshot" in text:
            self._venue.passed_over(text)
        elif "begins with a snapshot" in text:
            assert self._venue.profile.segments != "keep", f"the log is whole, and yet: {text}"
        else:
            assert self._may_go_back, f"no log was lost that had been acknowledged, and yet: {text}"
            self._scheduler.count("histories that went back")

    def _move_aside(self) -> None:
        """The log has lost its beginning and its end: somebody does what the error says."""
        assert self._may_go_back, "the history and the log are of each other"
        assert self._venue.profile.segments != "keep", "what is lost of a whole log can be recorded anew"
        self.crash()
        self.path.unlink()
        self._scheduler.count("histories that were moved aside")

    def finish(self) -> None:
        """At rest: also what is not worth a transaction."""
        if self._recorder is not None:
            self._recorder.write()

    # Faults.

    def crash(self) -> None:
        """The process is gone, and with it what it had not committed."""
        if self._history is not None:
            self._history.close()
        self._history = self._recorder = None

    def lose_power(self) -> None:
        """The file is there as it was, or as it was some time ago."""
        assert self._history is None, "nobody has it open"
        self._may_go_back |= self._venue.is_lossy
        if self._copy is not None and self._scheduler.happens(_OLDER_PERCENT):
            self.path.write_bytes(self._copy)
            self._scheduler.count("histories that were older after a loss of power")

    def _remember(self) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            self._copy = connection.serialize()

    def forget(self) -> None:
        """The log before what the history now needs may be gone: no older one can go on."""
        self._copy = None

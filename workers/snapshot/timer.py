"""When the supervisor has snapshots taken, and the process that takes one."""

from __future__ import annotations

import os
import select
import signal
import sys
import time

from tradsys.configuration.sections import Snapshots
from tradsys.logging import logger
from workers.journal.segments import sequence_of
from workers.process import SEGMENT_VARIABLE, SUPERVISOR_VARIABLE, Child
from workers.snapshot.housekeeping import snapshots_until
from workers.venue import Venue


class SnapshotTimer:
    """At most one process at a time. `step` is called often; nothing here waits but `last`."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._settings = venue.configuration.snapshots
        self._log = logger("supervisor")
        self._child: Child | None = None
        self._asked_ns = time.monotonic_ns()

    def configure(self, settings: Snapshots) -> None:
        """These settings count from now on."""
        self._settings = settings

    def step(self, journaled: int) -> None:
        """Start a snapshot when it is time for one; `journaled` is the log's durable end."""
        assert journaled >= 0, "records are numbered from 1"
        if self._child is not None:
            self._attend(self._child)
            return
        now = time.monotonic_ns()
        interval = self._settings.interval_seconds
        if interval == 0 or now - self._asked_ns < interval * 1_000_000_000:
            return
        self._asked_ns = now
        if journaled - self._newest(journaled) >= self._settings.records_min:
            self._start()

    def last(self, journaled: int, patience_seconds: float) -> None:
        """After the workers have ended: take one, if the configuration wants that, and wait for it.

        One that is under way is of what was durable when it began: it is waited for first.
        """
        assert journaled >= 0, "records are numbered from 1"
        assert patience_seconds >= 0, "a time to wait"
        if not self._settings.on_stop:
            return
        deadline = time.monotonic() + patience_seconds
        self._await(deadline)
        if self._child is None and journaled > self._newest(journaled):
            self._start()
            self._await(deadline)

    def close(self) -> None:
        """End a process that is still at it; its unfinished file is removed by the next one."""
        if self._child is not None:
            self._child.signal(signal.SIGKILL)
            self._child.close()
            self._child = None

    def _newest(self, journaled: int) -> int:
        paths = snapshots_until(self._venue.journal_directory, journaled)
        return sequence_of(paths[-1]) if paths else 0

    def _start(self) -> None:
        assert self._child is None, "one process at a time takes a snapshot"
        command = [sys.executable, "-m", "workers.snapshot", "--data-dir", self._venue.data_directory]
        variables = {SUPERVISOR_VARIABLE: str(os.getpid()), SEGMENT_VARIABLE: self._venue.segment}
        try:
            self._child = Child("snapshot", command, variables)
        except OSError as error:
            self._log.error("no snapshot can be taken", error=str(error))

    def _await(self, deadline: float) -> None:
        """Wait for the process that is at it, if there is one, until then."""
        while (child := self._child) is not None and time.monotonic() < deadline:
            select.select([child.exit, child.output], [], [], 0.05)
            self._attend(child)

    def _attend(self, child: Child) -> None:
        assert child is self._child, "nobody else is looked after"
        child.relay()
        if child.returncode is not None:
            if child.returncode:
                self._log.error("a snapshot failed", why=child.describe_exit(), said=child.last_line)
            child.close()
            self._child = None

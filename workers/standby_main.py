"""A standby's process: `python -m workers.standby_main --data-dir DIR --worker NAME`. Started by the supervisor.

It follows the log until the supervisor names it the successor of a worker of the core, which is dead then, and serves
in its place from that moment on. When it is lapped, or finds another decision than the log's, it ends and is started
again.
"""

from __future__ import annotations

import os
import sys
import time

from tradsys import logging
from workers import process
from workers.engine import Engine
from workers.following import Following
from workers.memory import HEARTBEAT_NS, PID, READY, RECOVERING, STATE, STOPPED, SUCCESSOR, VenueMemory
from workers.serving import StoppedError, serve
from workers.standby import Standby
from workers.topology import WorkerPlan
from workers.venue import Venue
from workers.warmup import rehearse

_NAP_SECONDS = 0.001
"""Between two looks at the log. Ringing a bell for the standby would cost the engine more."""


class StandbyWorker:
    """The process's life: recovering, standing by, and perhaps being another worker of the core."""

    def __init__(self, venue: Venue, plan: WorkerPlan, memory: VenueMemory) -> None:
        assert plan.is_standby, "it does not begin as anybody else"
        self._venue = venue
        self._memory = memory
        self.log = logging.logger("standby", worker=plan.name)
        self._line = memory.line(plan.index)
        self._stopping = False
        self._engine: Engine | None = None

    def stop(self) -> None:
        """Come to an end soon."""
        self._stopping = True
        if self._engine is not None:
            self._engine.stop()

    def _beat(self) -> None:
        self._line[HEARTBEAT_NS] = time.monotonic_ns()
        if self._stopping:
            raise StoppedError

    def _nap(self) -> None:
        time.sleep(_NAP_SECONDS)
        self._beat()

    def serve(self) -> None:
        """Follow the log; when told so, serve as another worker until told to stop."""
        venue, memory, pid = self._venue, self._memory, os.getpid()
        self._line[PID] = pid
        self._line[STATE] = RECOVERING
        self._beat()
        rehearse(venue.workers, venue.configuration)
        tick_ms = venue.configuration.clock.tick_ms
        while memory.control[SUCCESSOR]:
            self._nap()  # the standby before is taking over, with the ledger that this one would empty
        standby = Standby(memory, venue.journal_directory, tick_ms, beat=self._beat, tell=self.log.warning)
        self.log.info("follows the log", sequence=standby.sequence)
        self._line[STATE] = READY
        following = Following(venue)
        while int(memory.control[SUCCESSOR]) != pid:
            self._beat()
            following.step(time.monotonic_ns())
            if not standby.step():
                self._nap()
        assert self._engine is None, "it takes over once"
        begun = time.monotonic_ns()
        plan = next(plan for plan in venue.workers if plan.is_core and int(memory.line(plan.index)[PID]) == pid)
        process.pin(plan.core)
        engine = self._engine = Engine(venue, plan, memory)
        engine.adopt(*standby.take_over(plan, self._nap))
        assert memory.control[SUCCESSOR] == pid, "nobody else was named meanwhile"
        memory.control[SUCCESSOR] = 0
        engine.stopping = self._stopping
        engine.beat()
        sequence = standby.sequence
        del standby  # of a matcher's successor the ledger, and the other shards
        engine.run(lambda: self._tell(plan, sequence, begun))

    def _tell(self, plan: WorkerPlan, sequence: int, begun_ns: int) -> None:
        milliseconds = round((time.monotonic_ns() - begun_ns) / 1e6, 3)
        self.log.warning("serves in another's place now", place=plan.name, sequence=sequence, milliseconds=milliseconds)

    def close(self) -> None:
        """Release what the process holds."""
        if self._engine is not None:
            self._engine.close()
        else:
            self._line[STATE] = STOPPED


def main() -> int:
    """Run the worker named on the command line; gives the exit status."""
    return serve("workers.standby_main", StandbyWorker)


if __name__ == "__main__":
    sys.exit(main())

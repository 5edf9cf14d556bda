"""The standby's right to follow a worker of the core: when that ends, when it is silent, when somebody asks for it."""

from __future__ import annotations

import signal

from tradsys.logging import logger
from workers.crew import Crew, Member
from workers.memory import FAILOVER, READY, STATE, VenueMemory
from workers.topology import SEQUENCER

_NEXT_STANDBY_NS = 500_000_000
"""A new standby is started when the one before it has found its feet in the other's place."""


class Succession:
    """The core's workers and their standby. `patience_ms`: how long one may be silent while the standby is ready."""

    def __init__(self, crew: Crew, followed: list[Member], standby: Member, patience_ms: int) -> None:
        assert sum(member.plan.has(SEQUENCER) for member in followed) == 1, "one of them decides"
        assert all(member.plan.is_followed for member in followed), "the journal goes on when others die"
        assert standby.plan.is_standby, "who follows has waited for it"
        self._crew = crew
        self._followed = followed
        self._standby = standby
        self._log = logger("supervisor")
        self.configure(patience_ms)

    def configure(self, patience_ms: int) -> None:
        """From now on a worker may be silent for so long."""
        assert patience_ms > 0, "a worker may be silent for a moment"
        self._patience_ns = patience_ms * 1_000_000

    @property
    def _is_ready(self) -> bool:
        """Whether the standby is there and knows the state."""
        standby = self._standby
        return standby.child is not None and not standby.has_ended and self._crew.line(standby)[STATE] == READY

    def patience_ns(self) -> int | None:
        """How long a worker may be silent while the standby is ready; None when it is not."""
        return self._patience_ns if self._is_ready else None

    def take_over(self, member: Member, now_ns: int) -> int | None:
        """Let the standby have the place of a worker that has ended; gives its pid, None when it is not ready."""
        assert member in self._followed, "the standby knows what it knew"
        assert member.child is None, "the worker has ended and was let go of"
        if not self._is_ready:
            return None
        assert self._standby.start_at_ns is None, "who is there is not to be started"
        self._standby.start_at_ns = now_ns + _NEXT_STANDBY_NS
        return self._crew.succeed(member, self._standby).pid

    def step(self, memory: VenueMemory) -> None:
        """End the worker that somebody has asked to be replaced, when the standby is ready to go on."""
        index = int(memory.control[FAILOVER]) - 1
        if index < 0:
            return
        memory.control[FAILOVER] = 0
        child = next((member.child for member in self._followed if member.plan.index == index), None)
        if not self._is_ready or child is None:
            self._log.error("no standby is ready to take over")
            return
        assert child is not self._standby.child, "nobody hands over to himself"
        self._log.warning("handing over to the standby, as asked", worker=child.name, worker_pid=child.pid)
        child.signal(signal.SIGKILL)

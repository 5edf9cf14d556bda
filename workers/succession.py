"""The standby's right to follow the engine: when the engine ends, when it is silent, and when somebody asks for it."""

from __future__ import annotations

import signal

from tradsys.logging import logger
from workers.crew import Crew, Member
from workers.memory import FAILOVER, READY, STATE, VenueMemory
from workers.topology import JOURNAL, SEQUENCER

_NEXT_STANDBY_NS = 500_000_000
"""A new standby is started when the one before it has found its feet as the engine."""


class Succession:
    """The engine and its standby. `patience_ms`: how long the engine may be silent while the standby is ready."""

    def __init__(self, crew: Crew, engine: Member, standby: Member, patience_ms: int) -> None:
        assert engine.plan.has(SEQUENCER), "who is followed decides"
        assert not engine.plan.has(JOURNAL), "the journal goes on when the engine dies"
        assert standby.plan.is_standby, "who follows has waited for it"
        self._crew = crew
        self._engine = engine
        self._standby = standby
        self._log = logger("supervisor")
        self.configure(patience_ms)

    def configure(self, patience_ms: int) -> None:
        """From now on the engine may be silent for so long."""
        assert patience_ms > 0, "an engine may be silent for a moment"
        self._patience_ns = patience_ms * 1_000_000

    @property
    def _is_ready(self) -> bool:
        """Whether the standby is there and knows the state."""
        standby = self._standby
        return standby.child is not None and not standby.has_ended and self._crew.line(standby)[STATE] == READY

    def patience_ns(self) -> int | None:
        """How long the engine may be silent while the standby is ready; None when it is not."""
        return self._patience_ns if self._is_ready else None

    def take_over(self, now_ns: int) -> int | None:
        """Let the standby have the place of the engine, which has ended; gives its pid, None when it is not ready."""
        assert self._engine.child is None, "the engine has ended and was let go of"
        if not self._is_ready:
            return None
        assert self._standby.start_at_ns is None, "who is there is not to be started"
        self._standby.start_at_ns = now_ns + _NEXT_STANDBY_NS
        return self._crew.succeed(self._engine, self._standby).pid

    def step(self, memory: VenueMemory) -> None:
        """End the engine, when somebody has asked for that and the standby is ready to go on."""
        if not memory.control[FAILOVER]:
            return
        memory.control[FAILOVER] = 0
        engine = self._engine.child
        if not self._is_ready or engine is None:
            self._log.error("no standby is ready to take over")
            return
        assert engine is not self._standby.child, "nobody hands over to himself"
        self._log.warning("handing over to the standby, as asked", worker_pid=engine.pid)
        engine.signal(signal.SIGKILL)

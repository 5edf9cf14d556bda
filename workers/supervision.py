"""One worker process under its supervisor's care: started, watched, restarted within limits, drained and ended."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

import msgspec

from tradsys.errors import InfrastructureError, OperatingError
from tradsys.logging import logger
from tradsys.services import Health, Report, Service
from workers.crew import Crew, Member
from workers.host import StartError
from workers.memory import ABSENT, HEARTBEAT_NS, READY, RECOVERING, RESTARTS, STATE
from workers.process import Child

_NANOSECONDS = 1_000_000_000
_QUOTE_MAX = 300
SILENCE_NS_MAX = 2 * _NANOSECONDS
"""A worker that has shown no sign of life for longer is not well."""


class VenueFailedError(OperatingError, InfrastructureError):
    """The venue cannot go on: a worker ends again and again."""

    CODE = "venue_failed"


class Timeouts(NamedTuple):
    """How patient the supervisor is, in seconds."""

    attach: float = 120.0  # from the start of a worker until it says that it recovers or is ready
    recover: float = 3600.0  # reading a long journal takes its time
    define: float = 60.0
    heartbeat: float = 10.0
    drain: float = 15.0  # for each worker, before it is killed
    hurry: float = 0.5  # the same, after a second Ctrl-C
    orphans: float = 15.0
    snapshot: float = 600.0  # for the one at the end


class Until(Protocol):
    """Waits for a condition."""

    def __call__(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Raises StartError when time is up, StoppedError."""


class Waits(NamedTuple):
    """How a service waits: during the start, where a worker that ends is an error too, and while the venue runs."""

    starting: Until
    running: Until


class Successor(Protocol):
    """Somebody who takes a worker's place at once."""

    def patience_ns(self) -> int | None:
        """How long the worker may be silent while somebody is ready to follow; None when nobody is."""

    def take_over(self, member: Member, now_ns: int) -> int | None:
        """Let the successor have the place of the worker, which has ended; gives its pid, None when there is none."""


class NoSuccessor:
    """What workers have that are started anew when they end."""

    def patience_ns(self) -> int | None:
        """Nobody is ready."""
        return None

    def take_over(self, member: Member, now_ns: int) -> int | None:
        """Nobody takes over."""
        return None


class WorkerService(Service):
    """A worker of the venue. `step` is called several times a second while the venue runs."""

    def __init__(
        self,
        member: Member,
        crew: Crew,
        needs: Iterable[str],
        *,
        until: Until,
        timeouts: Timeouts,
        drain_patience: Callable[[], float],
        is_dispensable: bool,
        successor: Successor | None = None,
    ) -> None:
        """`drain_patience()`: the seconds that it has from `drain` on. A dispensable one may be given up."""
        assert is_dispensable or not member.extra, "the venue runs without an extra worker too"
        assert successor is None or not is_dispensable, "whose place is taken at once is never given up"
        super().__init__(member.plan.name, needs)
        self.logger = logger("supervisor")
        self.member = member
        self._crew = crew
        self._until = until
        self._timeouts = timeouts
        self._drain_patience = drain_patience
        self._is_dispensable = is_dispensable
        self._successor = successor or NoSuccessor()

    @property
    def _line(self) -> Any:
        return self._crew.line(self.member)

    def start(self, report: Report) -> None:
        """Start the process; gives when it is ready, of an extra one at once. Raises StartError, StoppedError."""
        assert self.member.child is None, "a worker is started once"
        assert self.member.start_at_ns is None, "nobody is due again before the first start"
        report(f"starting {self.name}")
        try:
            self._crew.spawn(self.member)
        except OSError as error:
            raise StartError(f"{self.name} cannot be started: {error}") from error
        if self.member.extra:
            return
        line = self._line
        self._until(lambda: line[STATE] in {RECOVERING, READY}, self._timeouts.attach, f"{self.name} to start")
        if line[STATE] == RECOVERING:
            report(f"{self.name} reads the journal")
        self._until(lambda: line[STATE] == READY, self._timeouts.recover, f"{self.name} to be ready")
        assert self.member.child is not None, "who ends meanwhile is waited for in vain"

    def drain(self) -> None:
        """Ask the process to finish."""
        self._crew.ask(self.member)

    def stop(self) -> None:
        """Wait until it has ended; when patience is over it is killed."""
        self._crew.end(self.member, self._drain_patience)

    def health(self) -> Health:
        """By its state and its heartbeat; one that the venue can do without is always well."""
        member = self.member
        if member.extra:
            return Health()
        line = self._line
        if member.child is None or line[STATE] != READY:
            return Health(f"waiting for {self.name}", is_returning=True)
        if self._silent_ns(time.monotonic_ns()) > SILENCE_NS_MAX:
            return Health(f"no sign of life from {self.name}")
        return Health()

    def metrics(self) -> Mapping[str, float]:
        """How often it was started again."""
        return {"restarts": int(self._line[RESTARTS])}

    def step(self, now_ns: int) -> None:
        """Start it again when it has ended and that is due; kill it when it is silent. Raises VenueFailedError."""
        member = self.member
        assert member.child is None or member.start_at_ns is None, "who runs is not due to be started"
        if member.has_ended:
            self._handle_end(self._crew.forget(member), now_ns)
        if member.start_at_ns is not None and now_ns >= member.start_at_ns:
            member.start_at_ns = None
            self._restart(now_ns)
        elif member.child is not None and not member.is_killed and self._is_silent(now_ns):
            self.logger.error("killing a worker whose heart has stopped", worker=self.name, worker_pid=member.child.pid)
            member.child.signal(signal.SIGKILL)
            member.is_killed = True
        is_kept = member.child is not None or member.start_at_ns is not None
        assert is_kept or self._is_dispensable, "nobody whom the venue needs is given up"

    def _handle_end(self, child: Child, now_ns: int) -> None:
        assert self.member.child is None, "who has ended is forgotten first"
        delay = self.member.restarts.next_delay_ns(now_ns)
        assert child.returncode is not None, "why it ended is known"
        why = child.describe_exit()
        if delay is None:
            if not self._is_dispensable:
                raise VenueFailedError(f"{self.name} ends again and again, so the venue stops; it {why}{said(child)}")
            self.logger.error("giving up a worker that ends again and again; the venue runs on", worker=self.name)
        elif (pid := self._successor.take_over(self.member, now_ns)) is not None:
            assert pid != child.pid, "another process takes the place"
            self.logger.warning("the standby takes over", worker_pid=pid, gone=child.pid, why=why)
        else:
            self.logger.warning("restarting a worker", worker=self.name, worker_pid=child.pid, why=why)
            self.member.start_at_ns = now_ns + delay

    def _restart(self, now_ns: int) -> None:
        assert self.member.child is None, "nobody runs twice"
        assert now_ns >= self.member.started_ns, "who was started before is started again"
        self._line[RESTARTS] += 1
        try:
            self._crew.spawn(self.member)
        except OSError as error:  # the host is out of processes or descriptors, which may pass
            self.logger.error("a worker cannot be started; trying again", worker=self.name, error=str(error))
            self.member.start_at_ns = now_ns + _NANOSECONDS

    def _silent_ns(self, now_ns: int) -> int:
        return now_ns - max(int(self._line[HEARTBEAT_NS]), self.member.started_ns)

    def _is_silent(self, now_ns: int) -> bool:
        line = self._line
        assert self.member.child is not None, "only who runs can be silent"
        if line[STATE] == RECOVERING:
            return False
        if self.member.extra and not line[HEARTBEAT_NS]:
            return False  # it gives no signs of life, or none yet
        if line[STATE] == ABSENT:
            return now_ns - self.member.started_ns > self._timeouts.attach * _NANOSECONDS
        patience_ns = self._successor.patience_ns()
        if patience_ns is None:
            patience_ns = int(self._timeouts.heartbeat * _NANOSECONDS)
        assert patience_ns > 0, "every worker may be silent for a moment"
        return self._silent_ns(now_ns) > patience_ns


def said(child: Child) -> str:
    """The end of a sentence about a worker that ended. All that it said has been handed on to stderr before."""
    assert child.returncode is not None, "what it said last is known when it has ended"
    line = _in_words(child.last_line)
    if len(line) > _QUOTE_MAX:
        line = line[:_QUOTE_MAX] + "…"
    return f"; it said last: {line}" if line else " and said nothing"


def _in_words(line: str) -> str:
    """A line of the log in words, where it is JSON; any other line as it is."""
    try:
        told = msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError:
        return line
    return ": ".join(str(told[name]) for name in ("event", "error") if name in told)

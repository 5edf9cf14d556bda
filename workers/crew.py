"""The worker processes of one venue, as its supervisor holds them: starting, listening to, and ending them."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tradsys.logging import logger
from workers.memory import (
    ABSENT,
    DRAINING,
    PHASE,
    PID,
    READY,
    RECOVERING,
    RESTARTS,
    STATE,
    STOPPED,
    SUCCESSOR,
    VenueMemory,
)
from workers.monitoring.probes import MONITOR
from workers.process import SEGMENT_VARIABLE, SUPERVISOR_VARIABLE, Child
from workers.recorder.database import RECORDER
from workers.restarts import RestartLimits, Restarts
from workers.topology import WorkerPlan
from workers.venue import Venue

_NANOSECONDS = 1_000_000_000
POLL_SECONDS = 0.01
"""How often a condition in shared memory is looked at while something waits for it."""

_COLOURS = "FORCE_COLOR"
_TUNABLES, _HUGE_PAGES = "GLIBC_TUNABLES", "glibc.malloc.hugetlb=1"
"""Huge pages for what core workers allocate by themselves: a hundred megabytes in small ones take the system tens of
milliseconds until a killed engine is gone, and so long nobody takes its place."""

Command = Callable[[WorkerPlan, Venue], list[str]]
"""Gives the command line of a worker."""


def worker_command(plan: WorkerPlan, venue: Venue) -> list[str]:
    """The command line of an ordinary worker."""
    assert plan in venue.workers, "a worker finds its plan in what the venue tells"
    kinds = {
        "workers.engine": plan.is_core,
        "workers.standby_main": plan.is_standby,
        "gateway.main": plan.is_gateway,
        "workers.monitoring.main": plan.has(MONITOR),
        "workers.recorder.main": plan.has(RECORDER),
    }
    assert list(kinds.values()).count(True) == 1, "each kind of worker has a program of its own"
    module = next(name for name, is_meant in kinds.items() if is_meant)
    return [sys.executable, "-m", module, "--data-dir", venue.data_directory, "--worker", plan.name]


class Member:
    """One worker of the crew. The venue does without an extra one, and waits for no sign of it."""

    def __init__(self, plan: WorkerPlan, limits: RestartLimits, *, extra: bool) -> None:
        assert not (extra and plan.is_core), "the venue takes no orders without its core"
        self.plan = plan
        self.extra = extra
        self.restarts = Restarts(limits)
        self.child: Child | None = None
        self.started_ns = 0
        self.start_at_ns: int | None = None
        """When it is due to be started again (monotonic), None when it is not."""
        self.is_killed = False
        """Whether it was sent SIGKILL and has not ended yet."""
        self.asked_ns = 0
        """When it was asked to end (monotonic)."""

    @property
    def has_ended(self) -> bool:
        """Whether it was started and is gone, and has not been forgotten yet."""
        return self.child is not None and self.child.returncode is not None


class Crew:
    """Every worker of `venue`, and the one place to wait: for exits, output, wake-ups and time."""

    def __init__(self, venue: Venue, members: list[Member], command: Command) -> None:
        assert [member.plan for member in members] == venue.workers, "every worker of the venue is one of the crew"
        self.members = members
        self._venue = venue
        self._command = command
        self._log = logger("supervisor")
        self._memory: VenueMemory | None = None
        self._selector = selectors.DefaultSelector()
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._wake_receiver.setblocking(False)
        self._wake_sender.setblocking(False)
        self._selector.register(self._wake_receiver, selectors.EVENT_READ, self._woken)

    def attach(self, memory: VenueMemory | None) -> None:
        """Use this memory for the workers' lines; None: there is none any more."""
        assert memory is None or self._memory is None, "a venue has one memory"
        self._memory = memory

    def line(self, member: Member) -> Any:
        """The worker's line of the shared table. Only while attached."""
        assert self._memory is not None
        return self._memory.line(member.plan.index)

    def spawn(self, member: Member) -> None:
        """Start a worker on a fresh line. Raises OSError."""
        plan = member.plan
        line = self.line(member)
        assert member.child is None, "who has ended is forgotten first"
        assert member in self.members, "a worker of this crew"
        assert member.start_at_ns is None, "who is started is not due any more"
        assert line[STATE] in (ABSENT, STOPPED), "nobody is on the line"
        restarts = line[RESTARTS]
        line[:] = 0
        line[RESTARTS] = restarts
        variables = {SUPERVISOR_VARIABLE: str(os.getpid()), SEGMENT_VARIABLE: self._venue.segment}
        if sys.stderr.isatty():
            variables[_COLOURS] = os.environ.get(_COLOURS, "1")  # its stderr is a pipe that ends there
        if plan.is_core or plan.is_standby:
            variables[_TUNABLES] = os.environ.get(_TUNABLES, _HUGE_PAGES)
        child = Child(plan.name, self._command(plan, self._venue), variables)
        member.child = child
        member.is_killed = False
        member.started_ns = time.monotonic_ns()
        line[PID] = child.pid
        if member.extra:
            line[STATE] = READY
        self._selector.register(child.exit, selectors.EVENT_READ, lambda: self._ignore(child.exit))
        self._selector.register(child.output, selectors.EVENT_READ, lambda: self._relay(child))

    def forget(self, member: Member) -> Child:
        """Let go of a worker that has ended; gives what is left of it."""
        child = member.child
        assert child is not None
        assert child.returncode is not None, "only who has ended is forgotten"
        self._ignore(child.exit)
        self._ignore(child.output)
        child.close()
        member.child = None
        line = self.line(member)
        assert self._memory is not None
        line[STATE] = STOPPED if self._memory.control[PHASE] == DRAINING else ABSENT
        line[PID] = 0
        if self._memory.control[SUCCESSOR] == child.pid:
            self._memory.control[SUCCESSOR] = 0  # it has died before it had taken over
        return child

    def succeed(self, member: Member, standby: Member) -> Child:
        """Let the standby's process have the place of one that has ended; gives it."""
        assert self._memory is not None
        assert self._memory.control[SUCCESSOR] == 0, "one takes over at a time"
        assert member.child is None, "the place is free"
        assert member.start_at_ns is None, "a place that is taken again is not due to be"
        assert standby.child is not None
        member.child, standby.child = standby.child, None
        member.is_killed = False
        member.started_ns = time.monotonic_ns()
        left = self.line(standby)
        left[STATE], left[PID] = ABSENT, 0
        line = self.line(member)
        assert line[PID] == 0, "nobody is on the line"
        line[RESTARTS] += 1
        line[PID] = member.child.pid
        line[STATE] = RECOVERING
        self._memory.control[SUCCESSOR] = member.child.pid
        return member.child

    def ask(self, member: Member) -> None:
        """SIGTERM to a worker that is there."""
        if member.child is not None:
            member.child.signal(signal.SIGTERM)
        member.asked_ns = time.monotonic_ns()

    def end(self, member: Member, patience_s: Callable[[], float]) -> None:
        """Wait for the end of a worker that was asked for it; SIGKILL when patience is over, counted from then."""
        while member.child is not None:
            if member.has_ended:
                self.forget(member)
                return
            if not member.is_killed and time.monotonic_ns() - member.asked_ns > patience_s() * _NANOSECONDS:
                self._log.error("killing a worker that does not drain", worker=member.plan.name)
                member.child.signal(signal.SIGKILL)
                member.is_killed = True
            self.wait(POLL_SECONDS)

    def wait(self, seconds: float) -> None:
        """Sleep until a worker ends or prints, `wake` is called, or time is up."""
        assert seconds >= 0, "a time to wait"
        for key, _ in self._selector.select(seconds):
            key.data()

    def wake(self) -> None:
        """End the present or the next `wait`. Safe in signal handlers and from other threads."""
        with suppress(OSError):  # full: a wake-up is under way; closed: nobody waits any more
            self._wake_sender.send(b"\0")

    def close(self) -> None:
        """Let go of the descriptors, when every worker has ended."""
        self._selector.close()
        self._wake_receiver.close()
        self._wake_sender.close()

    def _woken(self) -> None:
        with suppress(BlockingIOError):
            self._wake_receiver.recv(4096)

    def _relay(self, child: Child) -> None:
        if not child.relay():
            self._ignore(child.output)

    def _ignore(self, descriptor: int) -> None:
        with suppress(KeyError):
            self._selector.unregister(descriptor)

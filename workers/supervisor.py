"""Starts the workers of a venue, keeps them running, and stops them so that nothing is lost or left behind.

One process, one loop: it waits on its children's exits and output and on signals, and looks at the shared
memory a few times a second. It is on the way of no order.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple, Self

import msgspec

from shm.segment import Segment, SharedMemoryFullError
from tradsys import logging
from tradsys.configuration import Configuration
from tradsys.configuration.changes import Change
from tradsys.configuration.origin import Read
from tradsys.errors import InfrastructureError, OperatingError
from tradsys.logging import logger
from workers import memory as memories
from workers import topology
from workers import venue as venues
from workers.apart import await_stopped
from workers.crew import POLL_SECONDS, Command, Crew, Member, worker_command
from workers.definitions import RefusedDefinitionError, define_missing, redefine
from workers.host import StartError, check_address, check_disk, check_memory, shared_memory_full
from workers.lock import DirectoryLock
from workers.memory import (
    ABSENT,
    DRAINING,
    FAILED,
    FAILOVER,
    HEARTBEAT_NS,
    JOURNALED,
    PHASE,
    READY,
    RECOVERING,
    RESTARTS,
    RUNNING,
    STATE,
    VenueMemory,
)
from workers.notify import ServiceManager
from workers.port import Port
from workers.process import Child
from workers.reclaim import end_orphans, release_dead, remove_traces
from workers.reload import Reload
from workers.restarts import RestartLimits
from workers.snapshot.timer import SnapshotTimer
from workers.topology import SEQUENCER, WorkerPlan
from workers.venue import Venue
from workers.watchdog import Wellbeing, look_after

__all__ = ["StartError", "StoppedError", "Supervisor", "Timeouts", "VenueFailedError"]

_NANOSECONDS = 1_000_000_000
_WATCH_SECONDS = 0.2
_NEXT_STANDBY_NS = 500_000_000
"""A new standby is started when the one before it has found its feet as the engine."""
_QUOTE_MAX = 300
_STEP_PATIENCE_SECONDS = 120
"""What one step of a start may take before it says again that it goes on."""
_RANKS_MAX = 5
"""Groups of workers that are stopped one after the other."""

Report = Callable[[str], None]


class StoppedError(Exception):
    """Somebody asked the venue to stop while it started."""


class VenueFailedError(OperatingError, InfrastructureError):
    """The venue cannot go on: a worker ends again and again."""

    CODE = "venue_failed"


class Timeouts(NamedTuple):
    """How patient the supervisor is, in seconds."""

    attach: float = 120.0  # from the start of a worker until it says that it recovers or is ready
    recover: float = 3600.0  # reading a long journal takes its time
    define: float = 60.0
    heartbeat: float = 10.0
    drain: float = 15.0  # for each group of workers, before it is killed
    hurry: float = 0.5  # the same, after a second Ctrl-C
    orphans: float = 15.0
    snapshot: float = 600.0  # for the one at the end


def log_end(journal_directory: Path, shards: int) -> int:
    """The last sequence of the journal, 0 when there is none. Raises JournalError when it is damaged."""
    from workers.journal import last_sequence  # here, so that a test's venue needs no journal

    return last_sequence(journal_directory, shards)


class Supervisor:
    """A venue in `data_directory`, from its start to its end. Use it in a `with` statement: leaving it stops all.

    `extras` are names of further processes, which `command` knows how to start; they are restarted, but the venue
    runs without them too.
    """

    def __init__(
        self,
        configuration: Configuration,
        data_directory: Path,
        *,
        gateways: bool = True,
        extras: tuple[str, ...] = (),
        command: Command = worker_command,
        log_end: Callable[[Path, int], int] = log_end,
        timeouts: Timeouts | None = None,
        limits: RestartLimits | None = None,
        service: ServiceManager | None = None,
        read: Read | None = None,
    ) -> None:
        """Lock the data directory. Raises DirectoryInUseError, UnusableDirectoryError."""
        directory = data_directory.resolve()
        self._log_end = log_end
        self._timeouts = timeouts or Timeouts()
        self._service = service or ServiceManager({}, os.getpid())
        self._step = ""
        self._log = logger("supervisor")
        self._segment: Segment | None = None
        self._memory: VenueMemory | None = None
        self._stop_requests = 0
        plans = [
            plan for plan in topology.plan(configuration, topology.usable_cores()) if gateways or not plan.is_gateway
        ]
        # A worker's index is its line in shared memory; gateways come last, so leaving them out makes no hole.
        plans += [WorkerPlan(len(plans) + place, name, [name], None, "event loop") for place, name in enumerate(extras)]
        self.venue = Venue(
            data_directory=str(directory),
            segment=memories.segment_name(directory),
            supervisor_pid=os.getpid(),
            started_ns=time.time_ns(),
            sizes=topology.sizes(configuration),
            workers=plans,
            control_ring=topology.control_ring(configuration),
            configuration=_with_log_format(configuration, "console" if sys.stderr.isatty() else "json"),
            apart=[] if gateways else topology.gateways_apart(configuration, len(plans)),
        )
        self._lock = DirectoryLock(directory)
        members = [Member(plan, limits or RestartLimits(), extra=plan.name in extras) for plan in plans]
        self._crew = Crew(self.venue, members, command)
        self._snapshots = SnapshotTimer(self.venue)
        self._reload = None if read is None else Reload(read, self._redefine)
        if self._reload is not None:
            self._reload.subscribe(self._adopt)

    @property
    def memory(self) -> VenueMemory:
        """The venue's shared memory, between `start` and `stop`."""
        assert self._memory is not None
        return self._memory

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def request_stop(self) -> None:
        """Have `start` or `run` come to an end; the second request hurries. Safe in signal handlers and threads."""
        self._stop_requests += 1
        self._crew.wake()

    def request_reload(self) -> None:
        """Have `run` read the configuration again. Safe in signal handlers and threads."""
        if self._reload is not None:
            self._reload.ask()
        self._crew.wake()

    @contextmanager
    def stopping_on_signals(self) -> Iterator[None]:
        """Within this, SIGINT and SIGTERM are requests to stop, and SIGHUP one to read the configuration again.

        Leaving it stops the venue. Only in the main thread.
        """
        stop, again = (lambda *_: self.request_stop()), (lambda *_: self.request_reload())
        actions = {signal.SIGINT: stop, signal.SIGTERM: stop, signal.SIGHUP: again}
        before = {number: signal.signal(number, action) for number, action in actions.items()}
        try:
            yield
        finally:
            self.stop()  # before the handlers go: a second Ctrl-C shall hurry the drain, not break it
            for number, handler in before.items():
                signal.signal(number, handler)

    def start(self, report: Report = lambda step: None) -> Venue:
        """Create the memory and start every worker; gives when all are ready. `report` is told each step.

        Raises StartError, StoppedError, JournalError, RefusedDefinitionError; then nothing is left behind.
        """

        def tell(step: str) -> None:
            self._step = step
            self._extend()
            report(step)

        try:
            tell("reading the journal")
            self._create_memory()
            members = self._crew.members
            for member in members:
                if not member.extra and not member.plan.is_gateway:
                    self._start_and_wait(member, tell)
            tell("defining accounts and symbols")
            self._define()
            for member in members:
                if member.plan.is_gateway:
                    self._start_and_wait(member, tell)
            self.memory.control[PHASE] = RUNNING
            for member in members:
                if member.extra:
                    self._spawn(member)
        except BaseException:
            self.stop()
            raise
        self._service.ready(str(Wellbeing([], [])))
        return self.venue

    def run(self) -> None:
        """Watch over the venue until a stop is requested. Raises VenueFailedError."""
        while not self._stop_requests:
            self._turn(_WATCH_SECONDS)
            if self._reload is not None and self._reload.due(time.monotonic_ns()):
                self._service.reloading(time.monotonic_ns())
                with suppress(StoppedError):
                    self._reload.reload()
                self._service.ready(str(Wellbeing([], [])))

    def _turn(self, seconds: float) -> None:
        """Look after everything once, then wait for something to happen, at most so long. Raises VenueFailedError."""
        now = time.monotonic_ns()
        for member in self._crew.members:
            self._watch(member, now)
        self._fail_over()
        self._feed_watchdog(now)
        self._snapshots.step(int(self.memory.control[JOURNALED]))
        gone = release_dead(self.memory)
        if gone:
            self._log.info("released the rings of processes that are gone", pids=gone)
        due = [member.start_at_ns for member in self._crew.members if member.start_at_ns is not None]
        pause_ns = min(due, default=now + _NANOSECONDS) - time.monotonic_ns()
        self._crew.wait(min(max(pause_ns / _NANOSECONDS, 0.0), seconds))

    def stop(self) -> None:
        """Drain and stop every worker, in the order in which orders flow, and leave nothing. Harmless when done."""
        if self._lock.released:
            return
        self._service.stopping("draining", int(self._timeouts.drain * _RANKS_MAX + self._timeouts.snapshot))
        if self._memory is not None:
            has_run = self._memory.control[PHASE] == RUNNING
            if self._memory.control[PHASE] != FAILED:
                self._memory.control[PHASE] = DRAINING
            await_stopped(self._memory, self.venue.apart, self._drain_patience, self._crew.wait)
            members = self._crew.members
            for rank in sorted({member.stop_rank for member in members}):
                self._crew.end((member for member in members if member.stop_rank == rank), self._drain_patience)
            if has_run and self._stop_requests < 2:
                self._snapshots.last(int(self._memory.control[JOURNALED]), self._timeouts.snapshot)
        self._snapshots.close()
        self._memory = None
        self._crew.attach(None)
        if self._segment is not None:
            self._segment.unlink()
            self._segment.close()
        remove_traces(self.venue.path, self.venue.segment)
        self._crew.close()
        self._lock.release()
        self._service.close()

    def _create_memory(self) -> None:
        venue = self.venue
        orphans = end_orphans(venue.segment, self._timeouts.orphans)
        if orphans:
            self._log.warning("workers of an earlier run, whose supervisor was killed, have ended", pids=orphans)
        remove_traces(venue.path, venue.segment)
        if any(plan.is_gateway for plan in venue.workers):
            check_address(venue.configuration.gateway.host, venue.configuration.gateway.port)
        base = self._log_end(venue.journal_directory, venue.sizes.shards)
        check_disk(venue.path, 0 if base else venue.configuration.journal.segment_bytes)
        check_memory(venue.sizes)
        try:
            self._segment, self._memory = memories.create(venue.segment, venue.sizes, base)
        except SharedMemoryFullError as error:
            raise shared_memory_full(error) from error
        if self._segment.reclaimed:
            self._log.warning("reclaimed the shared memory of an earlier run that was killed", segment=venue.segment)
        self._crew.attach(self._memory)
        venues.write(venue)

    def _spawn(self, member: Member) -> None:
        try:
            self._crew.spawn(member)
        except OSError as error:
            raise StartError(f"{member.plan.name} cannot be started: {error}") from error

    def _start_and_wait(self, member: Member, report: Report) -> None:
        name = member.plan.name
        report(f"starting {name}")
        self._spawn(member)
        line = self._crew.line(member)
        self._until(lambda: line[STATE] in {RECOVERING, READY}, self._timeouts.attach, f"{name} to start")
        if line[STATE] == RECOVERING:
            report(f"{name} reads the journal")
        self._until(lambda: line[STATE] == READY, self._timeouts.recover, f"{name} to be ready")

    def _define(self) -> None:
        venue = self.venue
        port = Port(self.memory, venue.control_ring, venue.sequencer_index)
        try:
            define_missing(
                self.memory,
                port,
                venue.configuration,
                lambda condition, what: self._until(condition, self._timeouts.define, what),
            )
        finally:
            port.close()

    def _redefine(self, before: Configuration, after: Configuration) -> None:
        """Let the running core have what changes. Raises RefusedDefinitionError, StoppedError, VenueFailedError."""
        deadline = time.monotonic() + self._timeouts.define

        def wait(condition: Callable[[], bool], what: str) -> None:
            while not condition():
                if self._stop_requests:
                    raise StoppedError("stopped while the configuration changed")
                if time.monotonic() > deadline:
                    raise RefusedDefinitionError(f"waited {self._timeouts.define:g} s in vain for {what}")
                self._turn(POLL_SECONDS)

        port = Port(self.memory, self.venue.control_ring, self.venue.sequencer_index)
        try:
            port.gate()  # with others trading, an answer could be overwritten before it is seen
            redefine(self.memory, port, before, after, wait)
        finally:
            port.close()

    def _adopt(self, configuration: Configuration, found: list[Change]) -> None:
        """From now on this configuration counts, for workers that start later too."""
        decided = _with_log_format(configuration, self.venue.configuration.logging.format)
        self.venue = msgspec.structs.replace(self.venue, configuration=decided)
        logging.configure(decided.logging.level, decided.logging.format)
        self._snapshots.configure(decided.snapshots)
        venues.write(self.venue)

    def _until(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait for a condition during the start. Raises StartError when time is up or a worker ends, StoppedError."""
        deadline = time.monotonic() + seconds
        while not condition():
            for member in self._crew.members:
                if member.has_ended:
                    self._fail_start(self._crew.forget(member))
            if self._stop_requests:
                raise StoppedError("stopped while it started")
            self._extend()
            if time.monotonic() > deadline:
                raise StartError(f"waited {seconds:g} s in vain for {what}")
            self._crew.wait(POLL_SECONDS)

    def _extend(self) -> None:
        """Let the service manager wait for the step that is being taken."""
        self._service.starting(self._step, _STEP_PATIENCE_SECONDS, time.monotonic_ns())

    def _feed_watchdog(self, now_ns: int) -> None:
        """Only while every worker is well: a venue in which one is not, and stays so, is better started anew."""
        state = look_after(self._crew, self._crew.members, now_ns)
        self._service.tell(str(state))
        if not state.silent:
            self._service.feed(now_ns)

    def _fail_start(self, child: Child) -> None:
        raise StartError(f"{child.name} {child.describe_exit()} while the venue started{_said(child)}")

    def _watch(self, member: Member, now_ns: int) -> None:
        if member.has_ended:
            self._schedule(member, self._crew.forget(member), now_ns)
        if member.start_at_ns is not None and now_ns >= member.start_at_ns:
            member.start_at_ns = None
            self._restart(member, now_ns)
        elif member.child is not None and self._is_silent(member, now_ns):
            self._log.error("killing a worker whose heart has stopped", worker=member.plan.name, pid=member.child.pid)
            member.child.signal(signal.SIGKILL)

    def _restart(self, member: Member, now_ns: int) -> None:
        self._crew.line(member)[RESTARTS] += 1
        try:
            self._crew.spawn(member)
        except OSError as error:  # the host is out of processes or descriptors, which may pass
            self._log.error("a worker cannot be started; trying again", worker=member.plan.name, error=str(error))
            member.start_at_ns = now_ns + _NANOSECONDS

    def _is_silent(self, member: Member, now_ns: int) -> bool:
        line = self._crew.line(member)
        if member.extra or line[STATE] == RECOVERING:
            return False
        if line[STATE] == ABSENT:
            return now_ns - member.started_ns > self._timeouts.attach * _NANOSECONDS
        last_ns = max(int(line[HEARTBEAT_NS]), member.started_ns)
        patience_ns = int(self._timeouts.heartbeat * _NANOSECONDS)
        if member.plan.has(SEQUENCER) and self._ready_standby() is not None:
            patience_ns = self.venue.configuration.topology.standby_patience_ms * 1_000_000
        return now_ns - last_ns > patience_ns

    def _ready_standby(self) -> Member | None:
        """The standby, when it is there and knows the state."""
        for member in self._crew.members:
            if member.plan.is_standby and member.child is not None and not member.has_ended:
                return member if self._crew.line(member)[STATE] == READY else None
        return None

    def _fail_over(self) -> None:
        """End the engine, when somebody has asked for that and another one is ready to go on."""
        if not self.memory.control[FAILOVER]:
            return
        self.memory.control[FAILOVER] = 0
        engine = next(member for member in self._crew.members if member.plan.has(SEQUENCER))
        if self._ready_standby() is None or engine.child is None:
            self._log.error("no standby is ready to take over")
            return
        self._log.warning("handing over to the standby, as asked", pid=engine.child.pid)
        engine.child.signal(signal.SIGKILL)

    def _schedule(self, member: Member, child: Child, now_ns: int) -> None:
        name = member.plan.name
        delay = member.restarts.next_delay_ns(now_ns)
        standby = self._ready_standby() if member.plan.has(SEQUENCER) else None
        if delay is not None and standby is not None:
            successor = self._crew.succeed(member, standby)
            self._log.warning("the standby takes over", pid=successor.pid, gone=child.pid, why=child.describe_exit())
            standby.start_at_ns = now_ns + _NEXT_STANDBY_NS
        elif delay is not None:
            self._log.warning("restarting a worker", worker=name, pid=child.pid, why=child.describe_exit())
            member.start_at_ns = now_ns + delay
        elif member.extra or member.plan.is_standby:
            self._log.error("giving up a worker that ends again and again; the venue runs on", worker=name)
        else:
            self.memory.control[PHASE] = FAILED
            raise VenueFailedError(
                f"{name} ends again and again, so the venue stops; it {child.describe_exit()}{_said(child)}"
            )

    def _drain_patience(self) -> float:
        return self._timeouts.hurry if self._stop_requests > 1 else self._timeouts.drain


def _said(child: Child) -> str:
    """The end of a sentence about a worker that ended. All that it said has been handed on to stderr before."""
    line = child.last_line
    if len(line) > _QUOTE_MAX:
        line = line[:_QUOTE_MAX] + "…"
    return f"; it said last: {line}" if line else " and said nothing"


def _with_log_format(configuration: Configuration, format: Literal["auto", "console", "json"]) -> Configuration:
    """The workers' stderr is a pipe: whether it leads to a terminal is decided here."""
    settings = configuration.logging
    if settings.format != "auto":
        return configuration
    decided = msgspec.structs.replace(settings, format=format)
    return msgspec.structs.replace(configuration, logging=decided)

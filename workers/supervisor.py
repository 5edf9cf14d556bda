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
from typing import Self

import msgspec

from shm.segment import Segment, SharedMemoryFullError
from tradsys import logging
from tradsys.configuration import Configuration
from tradsys.configuration.changes import Change
from tradsys.configuration.origin import Read
from tradsys.logging import logger
from tradsys.services import Lifecycle, Report, State
from workers import memory as memories
from workers import topology
from workers import venue as venues
from workers.apart import await_stopped
from workers.crew import POLL_SECONDS, Command, Crew, Member, worker_command
from workers.host import StartError, check_address, check_disk, check_memory, shared_memory_full
from workers.lock import DirectoryLock
from workers.memory import JOURNALED, PHASE, PHASES, WORKERS_MAX, VenueMemory
from workers.notify import ServiceManager
from workers.observation import journal_trouble
from workers.process import Child
from workers.reclaim import end_orphans, release_dead, remove_traces
from workers.reload import Reload
from workers.restarts import RestartLimits
from workers.snapshot.timer import SnapshotTimer
from workers.staff import Staff
from workers.supervision import Timeouts, VenueFailedError, Waits, said
from workers.topology import WorkerPlan
from workers.venue import Venue

__all__ = ["StartError", "StoppedError", "Supervisor", "Timeouts", "VenueFailedError"]

_NANOSECONDS = 1_000_000_000
_WATCH_SECONDS = 0.2
_STEP_PATIENCE_SECONDS = 120
"""What one step of a start may take before it says again that it goes on."""
_LAYERS_MAX = 7
"""Groups of services that are stopped one after the other."""
_WELL = "the venue runs"


class StoppedError(Exception):
    """Somebody asked the venue to stop while it started."""


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
        self._lifecycle = Lifecycle(self._entered)
        plans = [
            plan for plan in topology.plan(configuration, topology.usable_cores()) if gateways or not plan.is_gateway
        ]
        # A worker's index is its line in shared memory; gateways come last, so leaving them out makes no hole.
        plans += [WorkerPlan(len(plans) + place, name, [name], None, "event loop") for place, name in enumerate(extras)]
        assert [plan.index for plan in plans] == list(range(len(plans))), "every worker has a line of its own"
        assert len({plan.name for plan in plans}) == len(plans), "every worker has a name of its own"
        self.venue = Venue(
            data_directory=str(directory),
            segment=memories.segment_name(directory),
            supervisor_pid=os.getpid(),
            started_ns=time.time_ns(),
            sizes=topology.sizes(configuration),
            workers=plans,
            control_ring=topology.control_ring(configuration),
            configuration=configuration,
            apart=[] if gateways else topology.gateways_apart(configuration, len(plans)),
            # The workers' stderr is a pipe: whether it leads to a terminal or to the journal is decided here.
            log_format=logging.chosen_format(configuration.logging.format, sys.stderr),
            variables={} if read is None else read.layers.variables(),
            credentials={} if read is None else read.credentials,
        )
        assert self.venue.control_ring < self.venue.sizes.rings, "the supervisor's ring is one of the venue's"
        assert len(plans) + len(self.venue.apart) <= WORKERS_MAX, "the table has a line for every worker"
        self._lock = DirectoryLock(directory)
        members = [Member(plan, limits or RestartLimits(), extra=plan.name in extras) for plan in plans]
        self._crew = Crew(self.venue, members, command)
        self._staff = Staff(
            self.venue,
            self._crew,
            lambda: self.memory,
            Waits(self._until, self._while_running),
            self._timeouts,
            self._drain_patience,
        )
        self._snapshots = SnapshotTimer(self.venue)
        self._reload = None if read is None else Reload(read, self._staff.definitions.configure, self._crew.wake)
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

        assert self._memory is None, "a venue is started once"
        assert not self._lock.released, "a venue that has ended is not started again"
        try:
            tell("reading the journal")
            self._create_memory()
            self._staff.registry.start(tell)
        except BaseException:
            self.stop()
            raise
        assert all(member.child is not None for member in self._crew.members), "every worker was started"
        self._lifecycle.enter(State.READY)
        return self.venue

    def run(self) -> None:
        """Watch over the venue until a stop is requested. Raises VenueFailedError."""
        assert self._lifecycle.takes_orders, "who is watched over has been started"
        assert self._segment is not None, "a venue that runs has its memory"
        while not self._stop_requests:
            self._turn(_WATCH_SECONDS)
            if self._reload is not None:
                self._look_at_configuration(self._reload)

    def _look_at_configuration(self, reload: Reload) -> None:
        assert self._lifecycle.takes_orders, "only a venue that runs is told what changes"
        now = time.monotonic_ns()
        if reload.begin_due(now):
            self._service.reloading(now)
        with suppress(StoppedError):
            if reload.adopt_read() is not None:
                self._service.ready(_WELL)

    def _turn(self, seconds: float) -> None:
        """Look after everything once, then wait for something to happen, at most so long. Raises VenueFailedError."""
        assert seconds > 0, "somebody may end meanwhile"
        now = time.monotonic_ns()
        try:
            for worker in self._staff.workers:
                worker.step(now)
        except VenueFailedError as error:
            self._lifecycle.enter(State.FAILED, str(error))
            raise
        if self._staff.succession is not None:
            self._staff.succession.step(self.memory)
        self._staff.hours.step(time.time_ns())
        self._judge(now)
        self._snapshots.step(int(self.memory.control[JOURNALED]))
        logging.tell_repetitions()
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
        self._service.stopping("draining", int(self._timeouts.drain * _LAYERS_MAX + self._timeouts.snapshot))
        assert self._lifecycle.state is not State.STOPPED, "a venue that has stopped has given its directory back"
        has_run = self._lifecycle.takes_orders
        if self._lifecycle.state is not State.FAILED:
            self._lifecycle.enter(State.DRAINING)
        if self._memory is not None:
            await_stopped(self._memory, self.venue.apart, self._drain_patience, self._crew.wait)
            self._staff.registry.stop()
            if has_run and self._stop_requests < 2:
                self._snapshots.last(int(self._memory.control[JOURNALED]), self._timeouts.snapshot)
            figures = self._staff.registry.metrics()
            restarts = {name: int(each["restarts"]) for name, each in figures.items() if each["restarts"]}
            self._log.info("every worker has ended", restarts=restarts)
        self._snapshots.close()
        if self._reload is not None:
            self._reload.close()
        self._memory = None
        self._crew.attach(None)
        if self._segment is not None:
            self._segment.unlink()
            self._segment.close()
        remove_traces(self.venue.path, self.venue.segment)
        self._crew.close()
        self._lock.release()
        self._lifecycle.enter(State.STOPPED)
        self._service.close()

    def _create_memory(self) -> None:
        assert self._segment is None, "a venue has one memory"
        venue = self.venue
        orphans = end_orphans(venue.segment, self._timeouts.orphans)
        if orphans:
            self._log.warning("workers of an earlier run, whose supervisor was killed, have ended", pids=orphans)
        remove_traces(venue.path, venue.segment)
        if any(plan.is_gateway for plan in venue.workers):
            check_address(venue.configuration.gateway.host, venue.configuration.gateway.port)
        base = self._log_end(venue.journal_directory, venue.sizes.shards)
        assert base >= 0, "records are numbered from 1"
        check_disk(venue.path, 0 if base else venue.configuration.journal.segment_bytes)
        check_memory(venue.sizes)
        try:
            self._segment, self._memory = memories.create(venue.segment, venue.sizes, base)
        except SharedMemoryFullError as error:
            raise shared_memory_full(error) from error
        assert self._memory.control[JOURNALED] == base, "the log goes on where the journal ends"
        if self._segment.reclaimed:
            self._log.warning("reclaimed the shared memory of an earlier run that was killed", segment=venue.segment)
        self._crew.attach(self._memory)
        venues.write(venue)

    def _adopt(self, configuration: Configuration, found: list[Change]) -> None:
        """From now on this configuration counts, for workers that start later too."""
        assert self._reload is not None, "who reads the configuration again tells of it"
        assert configuration.rings == self.venue.configuration.rings, "what the memory was made for stays"
        assert configuration.pools == self.venue.configuration.pools, "what the memory was made for stays"
        assert configuration.gateway.count == self.venue.configuration.gateway.count, "every worker keeps its line"
        credentials = self._reload.credentials
        self.venue = msgspec.structs.replace(self.venue, configuration=configuration, credentials=credentials)
        logging.configure(self.venue.logging.level, self.venue.logging.format)
        self._snapshots.configure(configuration.snapshots)
        self._staff.hours.configure(configuration)
        if self._staff.succession is not None:
            self._staff.succession.configure(configuration.topology.standby_patience_ms)
        venues.write(self.venue)

    def _until(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait for a condition during the start. Raises StartError when time is up or a worker ends, StoppedError."""
        assert seconds > 0, "a worker needs a moment"
        assert not self._lifecycle.takes_orders, "who waits while the venue runs looks after everything"
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

    def _while_running(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait for a condition, looking after everything meanwhile. Raises VenueFailedError, and as _until() does."""
        assert self._lifecycle.takes_orders, "everything is looked after meanwhile"
        deadline = time.monotonic() + seconds
        while not condition():
            if self._stop_requests:
                raise StoppedError("stopped while it waited")
            if time.monotonic() > deadline:
                raise StartError(f"waited {seconds:g} s in vain for {what}")
            self._turn(POLL_SECONDS)

    def _extend(self) -> None:
        """Let the service manager wait for the step that is being taken."""
        self._service.starting(self._step, _STEP_PATIENCE_SECONDS, time.monotonic_ns())

    def _judge(self, now_ns: int) -> None:
        """See how everybody is. The watchdog is fed while nobody is unwell but those that are being brought back.

        A venue in which somebody is, and stays so, is better started anew.
        """
        unwell = [health for health in self._staff.registry.health().values() if not health.is_well]
        trouble = journal_trouble(self.memory, now_ns)
        why = [health.why for health in unwell] + ([] if trouble is None else [f"journal: {trouble.why}"])
        assert self._lifecycle.takes_orders, "a venue that starts or ends is not judged"
        self._lifecycle.enter(State.DEGRADED if why else State.READY, "; ".join(why))
        self._service.tell("; ".join(why) or _WELL)
        if all(health.is_returning for health in unwell):
            self._service.feed(now_ns)

    def _entered(self, state: State, why: str) -> None:
        """The venue is in another state: everybody who looks may see it."""
        assert bool(why) == (state in {State.DEGRADED, State.FAILED}), "what is wrong is told, and nothing else"
        assert state is not State.STARTING, "a venue starts once"
        if state is State.STOPPED:
            return
        if self._memory is not None:
            self._memory.control[PHASE] = PHASES.index(state)
        if state is State.READY:
            self._service.ready(_WELL)
        if state is State.DEGRADED:
            self._log.warning("the venue is degraded", why=why)
        else:
            self._log.info(f"the venue is {state}")

    def _fail_start(self, child: Child) -> None:
        raise StartError(f"{child.name} {child.describe_exit()} while the venue started{said(child)}")

    def _drain_patience(self) -> float:
        return self._timeouts.hurry if self._stop_requests > 1 else self._timeouts.drain

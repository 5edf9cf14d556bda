"""A venue of real processes, of which every one can be killed, paused, and waited for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shm.doorbell import PollableBell
from shm.segment import Segment, list_segments, unlink_all
from workers import venue as venues
from workers.memory import HEARTBEAT_NS, PHASE, PID, READY, RUNNING, STATE, VenueMemory, segment_name
from workers.process import processes_of
from workers.reclaim import end_orphans, remove_traces
from workers.venue import Venue, VenueNotRunningError

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS_MAX = 600
"""The first start after a change of the sources compiles every kernel."""


def until(condition: Callable[[], object], what: str, seconds: float = 90) -> None:
    """Return when the condition holds. Raises AssertionError when it does not in time."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        pause.wait(0.002)


class MortalVenue:
    """A venue in `home`/venue, from one start of its supervisor to the next."""

    def __init__(self, home: Path, settings: dict[str, Any], heartbeat: float = 10.0) -> None:
        self.directory = home / "venue"
        self.log = home / "venue.log"
        self._settings = home / "settings.json"
        self._settings.write_bytes(msgspec.json.encode(settings))
        self._heartbeat = heartbeat
        self._process: subprocess.Popen[bytes] | None = None
        self._segment: Segment | None = None
        self.description: Venue
        self.memory: VenueMemory

    def start(self) -> None:
        """Start the supervisor and wait until the venue runs."""
        command = [sys.executable, "-m", "tests.system.killing.supervise", "--heartbeat", str(self._heartbeat)]
        command += ["--data-dir", str(self.directory), "--config", str(self._settings)]
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0
            )
        self._process = process
        until(self._is_running, "the venue to run", START_SECONDS_MAX)

    def _is_running(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"the venue ended while it started:\n{self.said()}"
        with suppress(VenueNotRunningError):
            described = venues.read(self.directory)
            segment, memory = described.attach()
            # A directory that was used before may still describe the venue of then.
            if described.supervisor_pid == self._process.pid and memory.control[PHASE] == RUNNING:
                self._segment, self.description, self.memory = segment, described, memory
                return True
            segment.close()
        return False

    def said(self) -> str:
        """The end of what the venue's processes have printed."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-40:])

    @property
    def workers(self) -> list[str]:
        """The names of all workers."""
        return [plan.name for plan in self.description.workers]

    def line(self, worker: str) -> Any:
        """The worker's line of the shared table."""
        return self.memory.line(next(plan.index for plan in self.description.workers if plan.name == worker))

    def pid(self, worker: str) -> int:
        """The worker's process, 0 between its end and its restart."""
        return int(self.line(worker)[PID])

    def is_ready(self, worker: str, not_pid: int = 0) -> bool:
        """Whether the worker serves, in another process than that one."""
        line = self.line(worker)
        # An extra worker counts as ready from its start on: it is there when its heart beats.
        return int(line[PID]) not in (0, not_pid) and int(line[STATE]) == READY and int(line[HEARTBEAT_NS]) > 0

    def await_ready(self, worker: str, not_pid: int) -> None:
        """Wait until a successor of the process serves."""
        assert self._process is not None

        def is_ready() -> bool:
            assert self._process is not None
            assert self._process.poll() is None, f"the supervisor has ended:\n{self.said()}"
            return self.is_ready(worker, not_pid)

        until(is_ready, f"{worker} to be ready again")

    def kill(self, *workers: str) -> dict[str, int]:
        """SIGKILL these workers; gives the pids that they had."""
        pids = {worker: self.pid(worker) for worker in workers}
        for pid in pids.values():
            send(pid, signal.SIGKILL)
        return pids

    def pause(self, worker: str) -> int:
        """SIGSTOP; gives the pid."""
        pid = self.pid(worker)
        send(pid, signal.SIGSTOP)
        return pid

    def heart_ns(self, worker: str) -> int:
        """When the worker's heart has beaten last."""
        return int(self.line(worker)[HEARTBEAT_NS])

    def kill_supervisor(self, *workers: str) -> None:
        """SIGKILL the supervisor, together with these workers, and wait until every process of the venue is gone.

        The workers that are left get SIGTERM by that, and drain.
        """
        assert self._process is not None
        name = self.description.segment
        for pid in (self._process.pid, *(self.pid(worker) for worker in workers)):
            send(pid, signal.SIGKILL)
        self._process.wait(60)
        until(lambda: not processes_of(name), "the workers to end")
        self._let_go()

    def kill_helper(self) -> bool:
        """SIGKILL to a process of the venue that is no worker: who takes a snapshot; whether there was one."""
        assert self._process is not None
        workers = {self._process.pid, *(self.pid(worker) for worker in self.workers)}
        helpers = [pid for pid in processes_of(self.description.segment) if pid not in workers]
        for pid in helpers:
            send(pid, signal.SIGKILL)
        return bool(helpers)

    def stop(self) -> None:
        """SIGTERM to the supervisor: drain and stop. Nothing of the venue may be left but its directory."""
        assert self._process is not None
        self._process.terminate()
        status = self._process.wait(90)
        self._let_go()
        assert status == 0, f"the venue ended with status {status}:\n{self.said()}"
        self.assert_nothing_left()

    def assert_nothing_left(self) -> None:
        """No process, no shared memory, no message queue, no description of a running venue."""
        name = segment_name(self.directory)
        assert processes_of(name) == []
        assert list_segments(name) == []
        for index in range(len(self.description.workers)):
            with pytest.raises(FileNotFoundError):
                PollableBell.open(venues.bell_name(name, index))
        assert list(venues.run_directory(self.directory).iterdir()) == []

    def close(self) -> None:
        """End whatever is left; harmless after stop()."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(30)
        self._let_go()
        name = segment_name(self.directory)
        for pid in processes_of(name):
            send(pid, signal.SIGCONT)
        end_orphans(name, 10.0)
        remove_traces(self.directory, name)
        unlink_all(name)

    def _let_go(self) -> None:
        self._process = None
        if self._segment is not None:
            self.__dict__.pop("memory", None)
            self._segment.close()
            self._segment = None


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may be gone."""
    if pid:
        with suppress(ProcessLookupError):
            os.kill(pid, number)

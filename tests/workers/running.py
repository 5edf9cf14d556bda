"""Core workers as real processes, over shared memory that the test owns; no supervisor."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tests.workers.stepped import SIZES, chain, describe
from tradsys.records import EVENT, EventFlag
from workers import memory as venue_memory
from workers import venue as venues
from workers.journal import last_sequence
from workers.memory import PID, READY, STATE, Sizes
from workers.port import Port
from workers.topology import WorkerPlan

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS_MAX = 240
"""The first start after a change of the sources compiles the kernels."""


def until(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Return when the condition holds. Raises AssertionError when it does not in time."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        pause.wait(0.001)


class RunningVenue:
    """A venue's memory and its processes; port 0 gates the events and collects them in `seen`, by shard."""

    def __init__(
        self, directory: Path, name: str, plans: list[WorkerPlan], sizes: Sizes = SIZES, **options: Any
    ) -> None:
        described = describe(directory / name, plans, sizes, **options)
        self.description = msgspec.structs.replace(described, segment=f"/tradsys-{name}")
        self.sizes = sizes
        self.directory = self.description.journal_directory
        venues.write(self.description)
        self._segment, self.memory = venue_memory.create(
            self.description.segment, sizes, last_sequence(self.directory, sizes.shards)
        )
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.port: Port | None = None
        self.seen = [np.zeros(0, EVENT) for _ in range(sizes.shards)]

    def start(self, name: str) -> None:
        """Start a worker and wait until it is ready."""
        plan = next(plan for plan in self.description.workers if plan.name == name)
        command = [sys.executable, "-m", "workers.engine", "--data-dir", str(self.description.path), "--worker", name]
        process = self._processes[name] = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)
        line = self.memory.line(plan.index)

        def is_ready() -> bool:
            assert process.poll() is None, f"{name} ended with status {process.returncode}"
            self.read()  # or it may wait for room for its events
            return int(line[PID]) == process.pid and int(line[STATE]) == READY

        until(is_ready, f"{name} to be ready", START_SECONDS_MAX)

    def open_port(self) -> Port:
        """Take ring 0 and read events from now on."""
        sequencer = self.description.sequencer_index
        self.port = Port(self.memory, 0, sequencer)
        self.port.gate()
        return self.port

    def read(self) -> int:
        """Take in every event that may be seen; gives how many."""
        total = 0
        for shard in range(self.sizes.shards if self.port is not None else 0):
            assert self.port is not None
            events = self.port.drain(shard)
            assert events is not None
            if len(events):
                self.seen[shard] = chain(self.seen[shard], events)
                total += len(events)
        return total

    def answered(self) -> int:
        """How many last events of commands have been seen; what concerns all shards has one of each."""
        return sum(int((seen["flags"] & EventFlag.LAST != 0).sum()) for seen in self.seen)

    def send(self, commands: Any) -> int:
        """Send what fits of the commands, not many at once, and read; gives how many were sent."""
        assert self.port is not None
        sent = self.port.submit(commands[:50])
        self.read()
        return sent

    def kill(self, name: str) -> None:
        """SIGKILL."""
        process = self._processes.pop(name)
        assert process.poll() is None, f"{name} had ended with status {process.returncode}"
        process.kill()
        process.wait(30)

    def terminate(self, name: str) -> int:
        """SIGTERM; gives the exit status."""
        process = self._processes.pop(name)
        process.terminate()
        return process.wait(60)

    def close(self) -> None:
        ended = {name: process.poll() for name, process in self._processes.items()}
        for process in self._processes.values():
            process.kill()
            process.wait(30)
        if self.port is not None:
            self.port.close()
        self._segment.unlink()
        self._segment.close()
        assert set(ended.values()) <= {None}, f"workers had ended by themselves: {ended}"

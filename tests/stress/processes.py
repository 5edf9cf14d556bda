"""Starting real processes for a test, and ending them all with it, whatever happens."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Process:
    """One running program of tests/stress/programs.py."""

    def __init__(self, program: str, *arguments: object) -> None:
        command = [sys.executable, "-W", "error", "-m", "tests.stress.programs", program, *map(str, arguments)]
        self.program = program
        self._child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    @property
    def pid(self) -> int:
        return self._child.pid

    def line(self, timeout_seconds: float = 60) -> Any:
        """The next line of JSON that the program writes. Raises AssertionError when there is none in time."""
        assert self._child.stdout is not None
        ready, _, _ = select.select([self._child.stdout], [], [], timeout_seconds)
        assert ready, f"{self.program} said nothing for {timeout_seconds} s"
        text = self._child.stdout.readline()
        assert text, f"{self.program} ended with status {self._child.wait(10)} and said nothing"
        return json.loads(text)

    def result(self, timeout_seconds: float = 60) -> Any:
        """The last line that the program writes; it must end well."""
        answer = self.line(timeout_seconds)
        assert self._child.wait(10) == 0, f"{self.program} ended with status {self._child.returncode}"
        return answer

    def kill(self, *, reap: bool = True) -> None:
        """Kill it at once (SIGKILL); without `reap` it stays a zombie until the end of the test."""
        self._child.kill()
        if reap:
            self._child.wait(10)

    def close(self) -> None:
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait(10)
        if self._child.stdout is not None:
            self._child.stdout.close()


class Processes:
    """Starts programs and remembers them."""

    def __init__(self) -> None:
        self._started: list[Process] = []

    def start(self, program: str, *arguments: object) -> Process:
        self._started.append(Process(program, *arguments))
        return self._started[-1]

    def close(self) -> None:
        for process in self._started:
            process.close()


@pytest.fixture
def processes() -> Iterator[Processes]:
    """Starts programs; none of them outlives the test."""
    started = Processes()
    yield started
    started.close()


def wait_until(condition: Any, what: str, timeout_seconds: float = 30) -> None:
    """Return when `condition()` holds. Raises AssertionError when it does not in time."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {timeout_seconds} s"

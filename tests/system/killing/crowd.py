"""The outside clients of a venue, as the test holds them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.system.killing.mortal import ROOT, until
from tests.system.killing.notes import Tally

_PROGRAMS = {"local": "local.tally", "clients": "tally"}
"""The processes, in the order in which they stop, and where each counts the answers that it gets."""


class Crowd:
    """The processes of the clients of the venue in `directory`; their notebooks are in `notes`."""

    def __init__(self, directory: Path, notes: Path, seed: int) -> None:
        notes.mkdir()
        self.notes = notes
        self._tallies = {name: Tally(notes / tally) for name, tally in _PROGRAMS.items()}
        self._log = notes / "clients.log"
        self._processes = {name: self._start(name, directory, seed) for name in _PROGRAMS}

    def _start(self, name: str, directory: Path, seed: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"tests.system.killing.{name}", str(directory), str(self.notes), str(seed)]
        with self._log.open("ab") as log:
            return subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0
            )

    @property
    def answers(self) -> int:
        """How many answers the clients have got."""
        return sum(tally.count for tally in self._tallies.values())

    def await_answers(self, count: int) -> None:
        """Wait for `count` more answers to each of the processes."""
        wanted = {name: tally.count + count for name, tally in self._tallies.items()}

        def got() -> bool:
            ended = [name for name, process in self._processes.items() if process.poll() is not None]
            assert not ended, f"{ended} ended:\n{self.said()}"
            return all(tally.count >= wanted[name] for name, tally in self._tallies.items())

        until(got, f"{count} more answers")

    def said(self) -> str:
        """What the clients have printed."""
        return self._log.read_text(errors="replace")[-4000:]

    def finish(self) -> None:
        """Have the clients come to an end, when they know what came of everything that they have asked for."""
        for name, process in self._processes.items():
            process.send_signal(signal.SIGTERM)
            status = process.wait(90)
            assert status == 0, f"{name} ended with status {status}:\n{self.said()}"

    def close(self) -> None:
        """End them; harmless when they have ended."""
        for process in self._processes.values():
            if process.poll() is None:
                process.kill()
                process.wait(30)

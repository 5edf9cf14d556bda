"""The outside clients of a venue, as the test holds them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.system.killing.market import TRADERS
from tests.system.killing.mortal import ROOT, until
from tests.system.killing.notes import Tally


class Crowd:
    """The process of the clients of the venue in `directory`; their notebooks are in `notes`."""

    def __init__(self, directory: Path, notes: Path, seed: int) -> None:
        notes.mkdir()
        self.notes = notes
        self._tally = Tally(notes / "tally")
        self._log = notes / "clients.log"
        command = [sys.executable, "-m", "tests.system.killing.clients", str(directory), str(notes), str(seed)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0
            )

    @property
    def answers(self) -> int:
        """How many answers the clients have got."""
        return self._tally.count

    def await_answers(self, count: int) -> None:
        """Wait for `count` more answers."""
        wanted = self.answers + count

        def got() -> bool:
            assert self._process.poll() is None, f"the clients have ended:\n{self.said()}"
            return self.answers >= wanted

        until(got, f"{count} more answers")

    def notebooks(self) -> dict[str, Path]:
        """The notebook of each account."""
        return {name: self.notes / f"{name}.notes" for name in TRADERS}

    def said(self) -> str:
        """What the clients have printed."""
        return self._log.read_text(errors="replace")[-4000:]

    def finish(self) -> None:
        """Have the clients come to an end, when they know what came of everything that they have asked for."""
        self._process.terminate()
        status = self._process.wait(90)
        assert status == 0, f"the clients ended with status {status}:\n{self.said()}"

    def close(self) -> None:
        """End them; harmless when they have ended."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(30)

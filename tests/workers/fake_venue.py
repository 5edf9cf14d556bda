"""A venue of fake workers under the real supervisor. As a script it runs one until a signal, for tests that kill it.

Arguments of the script: data directory, diary. It prints "running" when it runs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from shm.arena import aligned
from shm.segment import HEADER_BYTES
from tradsys import logging
from tradsys.configuration import Configuration, load
from workers.memory import COLD, LINE
from workers.supervisor import Supervisor
from workers.topology import WorkerPlan
from workers.venue import Venue

WORKER = Path(__file__).with_name("fake_worker.py")


def configuration(kind: str = "sharded", shards: int = 2) -> Configuration:
    """Small, without accounts and symbols: nobody would define them."""
    small = load("testing", environ={})
    topology = msgspec.structs.replace(small.topology, kind=kind, shards=shards)
    return msgspec.structs.replace(small, topology=topology, accounts=[], symbols=[])


class Fakes:
    """The command lines of fake workers; `behaviour` by worker name may be changed while the venue runs."""

    def __init__(self, diary: Path) -> None:
        self.diary = diary
        self.behaviour: dict[str, str] = {}

    def command(self, plan: WorkerPlan, venue: Venue) -> list[str]:
        offset = HEADER_BYTES + aligned(8 * (COLD + LINE * venue.sizes.shards)) + 8 * LINE * plan.index
        behaviour = self.behaviour.get(plan.name, "good")
        return [sys.executable, "-S", str(WORKER), venue.segment, str(offset), plan.name, str(self.diary), behaviour]

    def entries(self) -> list[tuple[str, str]]:
        """(worker, what it did), in order."""
        return [(name, what) for name, what, _ in self._lines()]

    def pids(self, name: str) -> list[int]:
        """Pids of the worker, in the order of its starts."""
        return [int(pid) for worker, what, pid in self._lines() if worker == name and what == "starts"]

    def _lines(self) -> list[list[str]]:
        return [line.split() for line in self.diary.read_text().splitlines()] if self.diary.exists() else []


def supervisor(directory: Path, fakes: Fakes, configuration: Configuration, **options: Any) -> Supervisor:
    """A supervisor of fake workers, with an empty log."""
    options.setdefault("log_end", lambda journal, shards: 0)
    return Supervisor(configuration, directory, command=fakes.command, **options)


def main() -> None:
    logging.configure("critical")  # or it would be on stdout
    fakes = Fakes(Path(sys.argv[2]))
    with supervisor(Path(sys.argv[1]), fakes, configuration()) as venue, venue.stopping_on_signals():
        venue.start()
        sys.stdout.write("running\n")
        sys.stdout.flush()
        venue.run()


if __name__ == "__main__":
    main()

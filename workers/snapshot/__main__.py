"""One snapshot of a venue: `python -m workers.snapshot --data-dir DIRECTORY`. Started by the supervisor."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tradsys import logging
from workers import logs, process
from workers import venue as venues
from workers.snapshot.files import Snapshot
from workers.snapshot.taking import snapshot_venue

_NICE = 10
"""Nobody waits for it; whoever trades on its core goes first."""


def _counting(count: Callable[[int], None]) -> Callable[[int], None]:
    """Counts records by the sequence of the last one, from the first that is told on."""
    before = 0

    def reached(sequence: int) -> None:
        nonlocal before
        assert sequence > before, "the log is followed forward"
        count(sequence - before if before else 0)
        before = sequence

    return reached


def main() -> int:
    """Take the snapshot and tell the log; gives the exit status."""
    process.die_with_parent()
    parser = argparse.ArgumentParser(prog="workers.snapshot", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    directory: Path = parser.parse_args().data_dir
    venue = venues.last(directory)
    logs.begin(venue.logging, "snapshot")
    log = logging.logger("snapshot")
    os.setpriority(os.PRIO_PROCESS, 0, _NICE)
    others = os.sched_getaffinity(0) - {plan.core for plan in venue.workers if plan.is_core}
    if others:
        with suppress(OSError):
            os.sched_setaffinity(0, others)
    started = time.monotonic()
    try:
        with logging.log_throughput(log, "reading the log") as count:
            path = snapshot_venue(directory, log.warning, _counting(count))
    except Exception as error:
        logs.tell_failure(log, "no snapshot could be taken", error)
        return 1
    with Snapshot(path) as snapshot:
        sequence, size = snapshot.heading.sequence, snapshot.bytes
    log.info("took a snapshot", sequence=sequence, bytes=size, seconds=round(time.monotonic() - started, 3))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A venue's supervisor as a process: `python -m tests.system.killing.supervise --data-dir DIR --config FILE`.

As `tradsys up`, but with little patience for workers whose heart stands still, and with any number of restarts at once.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from pathlib import Path

from tradsys import logging
from tradsys.configuration import load
from workers import warmup
from workers.journal import JournalError
from workers.process import die_with_parent
from workers.recorder.database import RECORDER
from workers.restarts import RestartLimits
from workers.supervisor import StartError, StoppedError, Supervisor, Timeouts

UNLIMITED = RestartLimits(restarts=1_000_000, step_ns=0)


def main() -> int:
    """Supervise until SIGTERM; gives the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--heartbeat", type=float, default=10.0)
    arguments = parser.parse_args()
    die_with_parent()
    configuration = load("production", arguments.config, environ={})
    logging.configure(configuration.logging.level, configuration.logging.format, process="supervisor")
    timeouts = Timeouts(heartbeat=arguments.heartbeat)
    extras = (RECORDER,) if configuration.history.enabled else ()
    supervisor = Supervisor(configuration, arguments.data_dir, extras=extras, timeouts=timeouts, limits=UNLIMITED)
    if warmup.needed(supervisor.venue.workers):
        warmup.compile_all(supervisor.venue.workers, configuration, lambda _name, _done, _all: None)
    with supervisor, supervisor.stopping_on_signals(), suppress(StoppedError):
        try:
            supervisor.start()
            supervisor.run()
        except (StartError, JournalError) as error:
            sys.stderr.write(f"{error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

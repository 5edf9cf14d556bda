"""What the processes of the core share: their life from the command line to the exit status."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol

from workers import logs
from workers import venue as venues
from workers.memory import VenueMemory
from workers.topology import WorkerPlan
from workers.venue import Venue


class StoppedError(Exception):
    """The worker was told to stop before it was ready."""


class CoreWorker(Protocol):
    """What runs in such a process."""

    @property
    def log(self) -> Any: ...

    def serve(self) -> None:
        """Run until told to stop. Raises StoppedError when that was before it was ready."""

    def stop(self) -> None:
        """Come to an end soon; called in a signal's handler."""

    def close(self) -> None:
        """Release what the process holds."""


def serve(program: str, make: Callable[[Venue, WorkerPlan, VenueMemory], CoreWorker]) -> int:
    """Run the worker that the command line names, until SIGTERM; gives the exit status."""
    venue, plan = venues.enter(program)
    assert plan.is_core or plan.is_standby, "other workers have lives of their own"
    segment, memory = venue.attach()
    worker = make(venue, plan, memory)

    def stop(_number: int, _frame: FrameType | None) -> None:
        worker.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C goes to the supervisor, which drains in order
    try:
        worker.serve()
    except StoppedError:
        return 0
    except Exception as error:
        logs.tell_failure(worker.log, "the worker fails", error)
        return 1
    finally:
        worker.close()
        segment.close()
    return 0

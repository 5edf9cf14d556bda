"""The recorder's process: `python -m workers.recorder.main --data-dir DIRECTORY --worker NAME`.

Started by the supervisor. The venue runs without it.
"""

from __future__ import annotations

import signal
import sys
import threading
import time

from workers import venue as venues
from workers.aside import step_aside
from workers.following import Following
from workers.recorder.database import RECORDER
from workers.recorder.recording import Recording
from workers.serving import StoppedError

_NICENESS = 19
"""On a host of few cores the core waits for whoever runs, for milliseconds where he is as important as others."""
_LOOK_SECONDS = 0.1
_LAST_SECONDS = 5.0
"""So long it goes on at the end, where there is more to record: clients have been told of it."""


def main() -> int:
    """Record until SIGTERM; gives the exit status."""
    venue, plan = venues.enter("workers.recorder.main", __doc__)
    assert plan.has(RECORDER), "this worker is to be the recorder"
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    segment, memory = venue.attach()
    step_aside(venue.workers, _NICENESS)

    def beat() -> None:
        if stop.is_set():
            raise StoppedError

    recording = Recording(venue, memory, memory.line(plan.index), beat)
    following = Following(venue)
    try:
        while not stop.is_set():
            following.step(time.monotonic_ns())
            if not recording.step(time.monotonic_ns()):
                stop.wait(_LOOK_SECONDS)
        deadline = time.monotonic() + _LAST_SECONDS
        while time.monotonic() < deadline and recording.step(time.monotonic_ns()):
            pass
    except StoppedError:
        pass
    recording.finish()
    segment.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

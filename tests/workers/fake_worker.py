"""A worker that does nothing but what a supervisor sees of one; started as a script, so that it starts quickly.

Arguments: the venue's shared memory, the offset of its line in it, its name, a diary to write to, and how it behaves:
`good`, `crash` (ends at once), `crash-later` (ends when ready), `silent` (no heartbeat), `deaf` (ignores SIGTERM).
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from workers.process import die_with_parent

PID, STATE, HEARTBEAT = 0, 8, 16
READY, STOPPED = 2, 4
BEAT_SECONDS = 0.02


def main() -> int:
    segment, offset, name, diary, behaviour = sys.argv[1:]
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    die_with_parent()

    def note(what: str) -> None:
        with Path(diary).open("a") as file:
            file.write(f"{name} {what} {os.getpid()}\n")

    note("starts")
    if behaviour == "crash":
        sys.stderr.write("the roof is on fire\n")
        return 3
    with Path(f"/dev/shm{segment}").open("r+b") as file:
        memory = mmap.mmap(file.fileno(), 0)
    line = int(offset)

    def store(word: int, value: int) -> None:
        struct.pack_into("<q", memory, line + word, value)

    store(PID, os.getpid())
    store(HEARTBEAT, time.monotonic_ns())
    store(STATE, READY)
    sys.stderr.write(f"{name} is ready\n")
    if behaviour == "crash-later":
        return 3
    while True:
        if signal.sigtimedwait([signal.SIGTERM], BEAT_SECONDS) is not None and behaviour != "deaf":
            break
        if behaviour != "silent":
            store(HEARTBEAT, time.monotonic_ns())
    note("drains")
    store(STATE, STOPPED)
    return 0


if __name__ == "__main__":
    sys.exit(main())

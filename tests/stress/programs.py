"""What the other processes of a test run: `python -m tests.stress.programs NAME ARGUMENTS...`.

They answer in lines of JSON.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable

import numpy as np

from shm import doorbell, ring, seqlock
from shm.arena import new_array
from shm.segment import Segment
from tests.stress import kernels
from tests.stress.kernels import RESULTS


def say(answer: object) -> None:
    print(json.dumps(answer), flush=True)


def produce(segment: str, capacity: str, total: str, seed: str) -> None:
    view = kernels.lay_out_ring(Segment.attach(segment).arena(), int(capacity))
    kernels.produce(view, int(total), int(seed))
    say("done")


def follow(segment: str, capacity: str, reader: str, total: str, pauses: str) -> None:
    view, _ = kernels.lay_out_broadcast(Segment.attach(segment).arena(), int(capacity))
    results = np.zeros(RESULTS, np.int64)
    kernels.follow(view, int(reader), int(total), int(pauses), results)
    say(results.tolist())


def announce(segment: str, capacity: str, total: str, seed: str) -> None:
    view, control = kernels.lay_out_broadcast(Segment.attach(segment).arena(), int(capacity))
    say(kernels.announce(view, control, int(total), int(seed)))


def rewrite(segment: str, count: str, seed: str) -> None:
    arena = Segment.attach(segment).arena()
    lock = seqlock.lay_out(arena, np.int64, int(count))
    say(kernels.rewrite(lock, arena.array(np.int64, 16), int(seed)))


def add_many(segment: str, times: str) -> None:
    words = Segment.attach(segment).arena().array(np.int64, 16)
    kernels.add_many(words, 0)  # compiled before the other side is told to begin
    say("ready")
    kernels.add_many(words, int(times))
    say("done")


def hand_off(segment: str, total: str, seed: str) -> None:
    arena = Segment.attach(segment).arena()
    bells, mail = doorbell.lay_out(arena, 2), arena.array(np.int64, 32)
    say(kernels.hand_off(bells, mail, 1, int(total), int(seed)))


def rouse(segment: str, rounds: str, seed: str) -> None:
    arena = Segment.attach(segment).arena()
    bells, mail = doorbell.lay_out(arena, 1), arena.array(np.int64, 64)
    say(kernels.rouse(bells, mail, int(rounds), int(seed)))


def ring_polled(segment: str, name: str, times: str) -> None:
    """Ring the bell for each of `times` numbers, each after the sleeper has taken the one before."""
    arena = Segment.attach(segment).arena()
    bells, mail = doorbell.lay_out(arena, 1), arena.array(np.int64, 32)
    descriptor = doorbell.PollableBell.open(name).fileno()
    for number in range(1, int(times) + 1):
        while kernels.load(mail, 16) < number - 1:
            kernels.idle(kernels.SPINS - 1)
        kernels.store(mail, 0, number)
        doorbell.ring(bells, 0, descriptor)
    say("done")


def own(segment: str, size: str) -> None:
    """Create a segment, write to it, and live until killed."""
    made = Segment.create(segment, int(size), "test")
    words = made.arena().array(np.int64, 8)
    words[:] = 7
    say("created")
    signal.pause()


def read(segment: str) -> None:
    words = Segment.attach(segment, "test").arena().array(np.int64, 8)
    say(words.tolist())


def half_write(segment: str, capacity: str) -> None:
    """Publish one record, write half of the next, and wait to be killed."""
    view = kernels.lay_out_ring(Segment.attach(segment).arena(), int(capacity))
    record = new_array(kernels.RECORD, 1)
    kernels.fill(record[0], 0)
    ring.push(view, record)
    view.slots[1]["number"] = 1
    say("half")
    signal.pause()


PROGRAMS: list[Callable[..., None]] = [
    produce,
    follow,
    announce,
    rewrite,
    add_many,
    hand_off,
    rouse,
    ring_polled,
    own,
    read,
    half_write,
]

if __name__ == "__main__":
    {program.__name__: program for program in PROGRAMS}[sys.argv[1]](*sys.argv[2:])

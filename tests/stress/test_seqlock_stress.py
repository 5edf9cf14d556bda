from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shm import seqlock
from shm.arena import Arena
from shm.seqlock import Seqlock
from tests.stress import kernels
from tests.stress.kernels import ACCEPTED, DOUBLED, RESULTS, TORN
from tests.stress.processes import Processes

Make = Callable[[str, Callable[[Any], object]], Any]
WORDS = 40


def lay_out(arena: Arena) -> tuple[Seqlock, Any]:
    return seqlock.lay_out(arena, np.int64, WORDS), arena.array(np.int64, 16)


def test_every_reading_is_of_one_version_while_another_process_writes(
    make_segment: Make, processes: Processes, seed: int
) -> None:
    segment = make_segment("lock", lay_out)
    lock, control = lay_out(segment.arena())
    writer = processes.start("rewrite", segment.name, WORDS, seed)
    while lock.header[0] < 2:
        kernels.idle(kernels.SPINS - 1)
    results = np.zeros(RESULTS, np.int64)
    kernels.observe(lock, 500_000, np.zeros(WORDS, np.int64), results)
    kernels.store(control, 0, 1)
    assert writer.result() == lock.header[0] // 2
    assert (results[TORN], results[DOUBLED], results[ACCEPTED]) == (0, 0, 500_000)


def test_two_processes_that_add_to_one_word_lose_nothing(make_segment: Make, processes: Processes) -> None:
    segment = make_segment("words", lambda arena: arena.array(np.int64, 16))
    words = segment.arena().array(np.int64, 16)
    other = processes.start("add_many", segment.name, 1_000_000)
    kernels.add_many(words, 0)
    assert other.line() == "ready"
    kernels.add_many(words, 1_000_000)
    assert other.result() == "done"
    assert words[0] == 2_000_000

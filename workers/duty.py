"""The loop of a core worker: the duty cycles of its agents, one after the other, without leaving the kernel.

Entering a kernel from Python costs microseconds, so the loop runs for some milliseconds at a time and comes out
only for housekeeping: signals, the journal's next segment, the worker's heartbeat.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from shm import doorbell
from shm.atomics import store_release
from shm.clock import monotonic_ns
from shm.jit import kernel, kernel_entry
from workers.idle import PARK_NS, busy, may_park, ring_others
from workers.journal.frames import is_held_up, write_journal
from workers.matcher import match
from workers.memory import CYCLES, HEARTBEAT_NS, WORK_CYCLES
from workers.sequencer import sequence


class Worker(NamedTuple):
    """One worker's agents (None: not here) and surroundings."""

    sequencer: Any  # SequencerState or None
    matchers: Any  # a tuple of MatcherState, or None
    journal: Any  # JournalState or None
    numbers: Any  # int64: own bell, CLOCK_REALTIME minus CLOCK_MONOTONIC
    line: Any  # int64: this worker's line of the worker table
    bells: Any
    descriptors: Any  # int64 by worker, see doorbell.ring
    idle: Any
    clock: Any


# The compiler leaves out a branch for an agent that is not here only where that agent is an argument.


@kernel
def _sequence(sequencer: Any, now_ns: int, monotonic: int) -> int:
    if sequencer is None:
        return 0
    return sequence(sequencer, now_ns, monotonic)


@kernel
def _write(journal: Any) -> int:
    if journal is None:
        return 0
    return write_journal(journal)


@kernel
def _match(matchers: Any) -> int:
    work = 0
    if matchers is not None:
        for matcher in matchers:
            work += match(matcher)
    return work


@kernel
def _is_held_up(journal: Any) -> bool:
    if journal is None:
        return False
    return is_held_up(journal)


@kernel
def cycle(worker: Worker) -> int:
    """One turn of every agent; gives how much work they found."""
    monotonic = monotonic_ns(worker.clock)
    now = monotonic + worker.numbers[1]
    work = _sequence(worker.sequencer, now, monotonic)
    work += _write(worker.journal)
    work += _match(worker.matchers)
    assert work >= 0, "no agent takes work back"
    store_release(worker.line, HEARTBEAT_NS, monotonic)
    worker.line[CYCLES] += 1
    if work > 0:
        worker.line[WORK_CYCLES] += 1
    assert worker.line[WORK_CYCLES] <= worker.line[CYCLES], "cycles that found work are among all"
    return work


@kernel
def needs_attention(worker: Worker) -> bool:
    """Whether the journal waits for what only Python can do."""
    return _is_held_up(worker.journal)


@kernel_entry
def run_for(worker: Worker, duration_ns: int) -> int:
    """Run the worker's duty cycles for about `duration_ns`; gives the work done.

    Comes out early when the journal needs attention. Nothing is missed by being out: what happens meanwhile waits
    in the rings.
    """
    own = worker.numbers[0]
    assert 0 <= own < len(worker.descriptors), "this worker has a bell too"
    until = monotonic_ns(worker.clock) + duration_ns
    total = 0
    while True:
        work = cycle(worker)
        if work > 0:
            total += work
            busy(worker.idle)
            ring_others(worker.bells, worker.descriptors, own)
        elif may_park(worker.idle):
            doorbell.prepare_sleep(worker.bells, own)
            work = cycle(worker)  # whoever published before the flag was seen did not ring
            if work > 0:
                doorbell.cancel_sleep(worker.bells, own)
                total += work
                ring_others(worker.bells, worker.descriptors, own)
            else:
                doorbell.wait(worker.bells, own, PARK_NS)
        if needs_attention(worker) or worker.line[HEARTBEAT_NS] >= until:
            return total

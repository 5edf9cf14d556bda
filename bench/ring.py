"""Two processes on two cores exchange 64-byte records through rings of shared memory.

Round trip: one record goes through one ring and comes back through another. One way: the sender stamps each record
with the clock that both share. Throughput: the sender fills the ring as fast as the receiver empties it, which reads
a word of every record.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from bench.common import BenchmarkError, core_note, machine, need_jit, show, spread, two_cores
from shm import histogram, ring
from shm.arena import Arena, new_array, sizeof
from shm.atomics import load_acquire, pause, store_release
from shm.clock import monotonic_ns, timespec, yield_core
from shm.jit import kernel
from shm.ring import HEADER_WORDS, Ring
from shm.segment import Segment
from workers.process import die_with_parent, pin

RECORD = np.dtype([("number", "<i8"), ("stamp_ns", "<i8"), ("rest", "<i8", (6,))])
assert RECORD.itemsize == 64

CAPACITY = 1 << 12
_KIND = "ring benchmark"
_BATCH = 64
_SPINS_BEFORE_YIELD = 4096
_TRIPS_A_SAMPLE = 50

_PARTNER, _PHASE, _REPEATS = 0, 16, 32
_ABSENT, _READY, _DONE = 0, 1, 2
"""Words of the control line: whether the partner is there; what it shall do; how often."""
ECHO, STAMPED, SINK, QUIT = 1, 2, 3, 4


class Sizes(NamedTuple):
    """How much is measured: round trips, stamped records, records of a throughput round, and rounds of each."""

    trips: int = 200_000
    stamped: int = 200_000
    records: int = 20_000_000
    rounds: int = 5


class Lane(NamedTuple):
    """The memory that both processes share."""

    control: Any  # int64
    there: Ring
    back: Ring
    latencies: Any  # histogram of the partner: one way, ns


def lay_out(arena: Arena) -> Lane:
    """The whole memory of the benchmark."""
    control = arena.array(np.int64, 64)
    rings = [Ring(arena.array(np.int64, HEADER_WORDS), arena.array(RECORD, CAPACITY)) for _ in range(2)]
    return Lane(control, rings[0], rings[1], arena.array(np.int64, histogram.WORDS))


@kernel
def _wait_readable(lane: Ring) -> int:
    """Spin until a record can be read; on a single core, let the other process run."""
    spins = 0
    ready = ring.readable(lane, 1)
    while ready <= 0:
        pause()
        spins += 1
        if spins & (_SPINS_BEFORE_YIELD - 1) == 0:
            yield_core()
        ready = ring.readable(lane, 1)
    return ready


@kernel
def _wait_writable(lane: Ring) -> int:
    spins = 0
    free = ring.writable(lane, 1)
    while free <= 0:
        pause()
        spins += 1
        if spins & (_SPINS_BEFORE_YIELD - 1) == 0:
            yield_core()
        free = ring.writable(lane, 1)
    return free


@kernel
def echo(lane: Lane, count: int) -> None:
    """Send every record back as it comes."""
    mask = len(lane.there.slots) - 1
    for _ in range(count):
        _wait_readable(lane.there)
        place = lane.there.header[ring.HEAD] & mask
        lane.back.slots[lane.back.header[ring.TAIL] & mask] = lane.there.slots[place]
        ring.release(lane.there, 1)
        ring.publish(lane.back, 1)


@kernel
def ping(lane: Lane, count: int, latencies: Any, clock: Any) -> int:
    """Send records one by one and wait for each; gives how many came back changed.

    The clock is read once for `_TRIPS_A_SAMPLE` trips, whose mean is recorded.
    """
    mask = len(lane.there.slots) - 1
    wrong = 0
    begun_ns = monotonic_ns(clock)
    for trip in range(count):
        lane.there.slots[lane.there.header[ring.TAIL] & mask].number = trip
        ring.publish(lane.there, 1)
        _wait_readable(lane.back)
        wrong += lane.back.slots[lane.back.header[ring.HEAD] & mask].number != trip
        ring.release(lane.back, 1)
        if (trip + 1) % _TRIPS_A_SAMPLE == 0:
            now_ns = monotonic_ns(clock)
            histogram.record_n(latencies, (now_ns - begun_ns) // _TRIPS_A_SAMPLE, _TRIPS_A_SAMPLE)
            begun_ns = monotonic_ns(clock)
    return wrong


@kernel
def send_stamped(lane: Lane, count: int, clock: Any) -> None:
    """Send records with the time in them, each when the one before has been taken: no queue, only the way."""
    mask = len(lane.there.slots) - 1
    for number in range(count):
        tail = lane.there.header[ring.TAIL]
        while load_acquire(lane.there.header, ring.HEAD) != tail:
            pause()
        record = lane.there.slots[tail & mask]
        record.number = number
        record.stamp_ns = monotonic_ns(clock)
        ring.publish(lane.there, 1)


@kernel
def receive_stamped(lane: Lane, count: int, clock: Any) -> None:
    """Note how long each record was under way."""
    mask = len(lane.there.slots) - 1
    for _ in range(count):
        _wait_readable(lane.there)
        now_ns = monotonic_ns(clock)
        histogram.record(lane.latencies, now_ns - lane.there.slots[lane.there.header[ring.HEAD] & mask].stamp_ns)
        ring.release(lane.there, 1)


@kernel
def pour(lane: Lane, count: int, source: Any) -> None:
    """Send `count` whole records in batches: copies of `source` (RECORD, _BATCH of them), each with its number."""
    mask = len(lane.there.slots) - 1
    sent = 0
    while sent < count:
        batch = min(min(_wait_writable(lane.there), _BATCH), count - sent)
        tail = lane.there.header[ring.TAIL]
        for i in range(batch):
            place = (tail + i) & mask
            lane.there.slots[place] = source[i]
            lane.there.slots[place].number = sent + i
        ring.publish(lane.there, batch)
        sent += batch


@kernel
def sink(lane: Lane, count: int) -> int:
    """Take `count` records, checking the number of each; gives how many were not the next one."""
    mask = len(lane.there.slots) - 1
    taken = 0
    wrong = 0
    while taken < count:
        batch = min(min(_wait_readable(lane.there), _BATCH), count - taken)
        head = lane.there.header[ring.HEAD]
        for i in range(batch):
            wrong += lane.there.slots[(head + i) & mask].number != taken + i
        ring.release(lane.there, batch)
        taken += batch
    return wrong


@kernel
def _load(words: Any, index: int) -> int:
    return load_acquire(words, index)


@kernel
def _store(words: Any, index: int, value: int) -> None:
    store_release(words, index, value)


def _await_word(words: Any, index: int, value: int, partner: subprocess.Popen[bytes] | None = None) -> None:
    while _load(words, index) != value:
        if partner is not None and partner.poll() is not None:
            raise BenchmarkError(f"the other process ended with exit status {partner.returncode}")
        if partner is None and os.getppid() == 1:
            raise BenchmarkError("the process that measures is gone")
        time.sleep(50e-6)


def partner_main(name: str, core: int) -> None:
    """The other process: does what the control line says until told to quit."""
    die_with_parent()
    pin(core)
    segment = Segment.attach(name, _KIND)
    lane = segment.arena()
    memory = lay_out(lane)
    clock = timespec()
    control = memory.control
    # Compiled, or loaded, before anybody measures.
    echo(memory, 0)
    receive_stamped(memory, 0, clock)
    sink(memory, 0)
    wrong = 0
    while True:
        _store(control, _PARTNER, _READY)
        while (phase := int(_load(control, _PHASE))) == 0:
            time.sleep(50e-6)
        if phase == QUIT:
            break
        count = int(control[_REPEATS])
        _store(control, _PHASE, 0)
        if phase == ECHO:
            echo(memory, count)
        elif phase == STAMPED:
            receive_stamped(memory, count, clock)
        else:
            wrong += int(sink(memory, count))
        control[_REPEATS] = wrong
    segment.close()


class Pair:
    """This process and its partner, each on a core of its own."""

    def __init__(self) -> None:
        self.cores = two_cores()
        self.name = f"/tradsys-ring-{os.getpid()}-{secrets.token_hex(4)}"
        self._segment = Segment.create(self.name, sizeof(lay_out), _KIND)
        self.lane = lay_out(self._segment.arena())
        for lane in (self.lane.there, self.lane.back):
            ring.initialise(lane)
        self._affinity = os.sched_getaffinity(0)
        self._partner = subprocess.Popen(
            [sys.executable, "-m", "bench.ring", self.name, str(self.cores[1])], cwd=Path(__file__).parent.parent
        )
        os.sched_setaffinity(0, {self.cores[0]})

    def order(self, phase: int, count: int) -> None:
        """Have the partner do `phase` over `count` records; returns when it is about to."""
        control = self.lane.control
        _await_word(control, _PARTNER, _READY, self._partner)
        _store(control, _PARTNER, _ABSENT)
        control[_REPEATS] = count
        _store(control, _PHASE, phase)
        _await_word(control, _PHASE, 0, self._partner)

    def finish(self) -> int:
        """Wait until the partner is done; gives how many records it has found wrong so far."""
        _await_word(self.lane.control, _PARTNER, _READY, self._partner)
        return int(self.lane.control[_REPEATS])

    def close(self) -> None:
        """End the partner and remove the memory."""
        _store(self.lane.control, _PHASE, QUIT)
        try:
            self._partner.wait(10)
        except subprocess.TimeoutExpired:
            self._partner.kill()
            self._partner.wait()
        os.sched_setaffinity(0, self._affinity)
        self._segment.unlink()
        self._segment.close()


def measure(sizes: Sizes) -> dict[str, Any]:
    """Run every round, interleaved; the fields of the command's JSON line. Raises BenchmarkError for a wrong record."""
    pair = Pair()
    clock = timespec()
    latencies = np.zeros(histogram.WORDS, np.int64)
    round_trips, rates = [], []
    try:
        ping(pair.lane, 0, latencies, clock)
        send_stamped(pair.lane, 0, clock)
        source = new_array(RECORD, _BATCH)
        pour(pair.lane, 0, source)
        wrong = 0
        for _ in range(sizes.rounds):
            pair.order(ECHO, sizes.trips)
            one_round = np.zeros(histogram.WORDS, np.int64)
            wrong += int(ping(pair.lane, sizes.trips, one_round, clock))
            round_trips.append(histogram.percentile(one_round, 50))
            histogram.merge(latencies, one_round)
            pair.order(STAMPED, sizes.stamped)
            send_stamped(pair.lane, sizes.stamped, clock)
            pair.order(SINK, sizes.records)
            begun_ns = time.perf_counter_ns()
            pour(pair.lane, sizes.records, source)
            _await_drained(pair.lane.there)
            rates.append(sizes.records / (time.perf_counter_ns() - begun_ns) * 1e9)
            wrong += pair.finish()
        if wrong:
            raise BenchmarkError(f"{wrong} records came out wrong: lost, doubled or reordered")
        one_way = histogram.summary(pair.lane.latencies)
    finally:
        pair.close()
    rate = spread(rates, more_is_better=True)
    trips = spread(round_trips, more_is_better=False)
    summary = histogram.summary(latencies)
    return {
        "round_trip_ns_p50": summary["p50"],
        "round_trip_ns_p99": summary["p99"],
        "round_trip_ns_best_round": round(trips.best),
        "round_trip_ns_worst_round": round(trips.worst),
        "one_way_ns_p50": one_way["p50"],
        "one_way_ns_p99": one_way["p99"],
        "records_per_second": round(rate.median),
        "records_per_second_best_round": round(rate.best),
        "records_per_second_worst_round": round(rate.worst),
        "record_bytes": RECORD.itemsize,
        "samples": {
            "round_trips": summary["count"],
            "one_way": one_way["count"],
            "records": sizes.records * len(rates),
        },
        "rounds": sizes.rounds,
        "topology": core_note(*pair.cores),
        "machine": machine(),
    }


@kernel
def _await_drained(lane: Ring) -> None:
    tail = lane.header[ring.TAIL]
    while load_acquire(lane.header, ring.HEAD) != tail:
        pause()


def run(console: Console, sizes: Sizes | None = None) -> dict[str, Any]:
    """Measure and show the tables; gives the fields of the JSON line."""
    need_jit()
    with console.status("measuring rings between two processes"):
        result = measure(sizes or Sizes())
    rows = [
        _row(result, "round trip, ns", "round_trip_ns_p50", "round_trip_ns_best_round", "round_trip_ns_worst_round"),
        ("one way, ns", f"{result['one_way_ns_p50']:,}", "", ""),
        _row(
            result,
            "64-byte records a second",
            "records_per_second",
            "records_per_second_best_round",
            "records_per_second_worst_round",
        ),
    ]
    samples = result["samples"]
    show(
        console,
        "SPSC ring in shared memory",
        ("", "median", "best round", "worst round"),
        rows,
        f"{result['topology']}; {result['rounds']} interleaved rounds, {samples['round_trips']:,} round trips, "
        f"{samples['one_way']:,} one-way records, {samples['records']:,} records checked",
    )
    return result


def _row(result: dict[str, Any], label: str, *names: str) -> tuple[str, ...]:
    return (label, *(f"{result[name]:,}" for name in names))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.ring")
    parser.add_argument("name")
    parser.add_argument("core", type=int)
    arguments = parser.parse_args()
    partner_main(arguments.name, arguments.core)

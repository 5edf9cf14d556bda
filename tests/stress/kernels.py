"""Writers and readers for stress tests: every word of a record follows from its number, so a torn one shows.

Long spins give the core away: these tests share two cores with whatever else runs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from shm import broadcast, doorbell, ring, seqlock
from shm.arena import Arena
from shm.atomics import fetch_add, load_acquire, pause, store_release
from shm.broadcast import Broadcast
from shm.clock import yield_core
from shm.jit import kernel
from shm.ring import Ring
from shm.seqlock import Seqlock

RECORD = np.dtype([("number", "<i8"), *[(f"word_{i}", "<i8") for i in range(1, 8)]])
SPINS = 200
"""Pauses between two records' worth of waiting before the core is given away."""

LOST, DOUBLED, TORN, ACCEPTED, LAPS = 0, 1, 2, 3, 4
RESULTS = 8


def lay_out_ring(arena: Arena, capacity: int) -> Ring:
    return Ring(arena.array(np.int64, ring.HEADER_WORDS), arena.array(RECORD, capacity))


def lay_out_broadcast(arena: Arena, capacity: int) -> tuple[Broadcast, Any]:
    """The ring, and control words: word 0 tells the writer to stop."""
    view = Broadcast(arena.array(np.int64, broadcast.HEADER_WORDS), arena.array(RECORD, capacity))
    return view, arena.array(np.int64, 16)


@kernel
def step(state: int) -> int:
    """The next of a row of pseudo-random numbers below 2**31."""
    return (state * 1103515245 + 12345) & 0x7FFF_FFFF


@kernel
def idle(spins: int) -> int:
    """Wait a moment; gives the number of waits so far."""
    if spins % SPINS == SPINS - 1:
        yield_core()
    else:
        pause()
    return spins + 1


@kernel
def fill(record: Any, number: int) -> None:
    record.number = number
    record.word_1 = number * 3 + 1
    record.word_2 = number * 5 + 2
    record.word_3 = number * 7 + 3
    record.word_4 = number * 11 + 4
    record.word_5 = number * 13 + 5
    record.word_6 = number * 17 + 6
    record.word_7 = ~number


@kernel
def whole(record: Any) -> bool:
    number: int = record.number
    early: bool = (
        record.word_1 == number * 3 + 1 and record.word_2 == number * 5 + 2 and record.word_3 == number * 7 + 3
    )
    late: bool = (
        record.word_4 == number * 11 + 4 and record.word_5 == number * 13 + 5 and record.word_6 == number * 17 + 6
    )
    return early and late and bool(record.word_7 == ~number)


@kernel
def judge(record: Any, expected: int, results: Any) -> int:
    """Count what is wrong with a record that should have the number `expected`; gives its number."""
    number: int = record.number
    if not whole(record):
        results[TORN] += 1
    elif number > expected:
        results[LOST] += number - expected
    elif number < expected:
        results[DOUBLED] += 1
    results[ACCEPTED] += 1
    return max(number, expected)


@kernel
def produce(view: Ring, total: int, seed: int) -> None:
    """Write the records 0 to total - 1 in batches of chance size."""
    mask = len(view.slots) - 1
    number, spins, state = 0, 0, seed
    while number < total:
        state = step(state)
        count = min(ring.writable(view, 1), 1 + (state >> 16) % 64, total - number)
        if count <= 0:
            spins = idle(spins)
            continue
        for i in range(count):
            fill(view.slots[(number + i) & mask], number + i)
        ring.publish(view, count)
        number += count


@kernel
def consume(view: Ring, total: int, results: Any) -> None:
    """Read and judge records until the number total - 1 came, or as many as should have."""
    mask = len(view.slots) - 1
    position, expected, spins = 0, 0, 0
    while position < total:
        count = ring.readable(view, 1)
        if count == 0:
            spins = idle(spins)
            continue
        for i in range(count):
            expected = judge(view.slots[(position + i) & mask], expected, results) + 1
        ring.release(view, count)
        position += count


@kernel
def announce(view: Broadcast, control: Any, total: int, seed: int) -> int:
    """Write the records 1 to total, or until control word 0 says stop; gives the last number."""
    mask = len(view.slots) - 1
    number, spins, state = 0, 0, seed
    while number < total and load_acquire(control, 0) == 0:
        state = step(state)
        count = min(broadcast.writable(view, number), 1 + (state >> 16) % 64, total - number)
        if count <= 0:
            spins = idle(spins)
            continue
        for i in range(count):
            fill(view.slots[(number + 1 + i) & mask], number + 1 + i)
        number += count
        broadcast.publish(view, number)
    return number


@kernel
def follow(view: Broadcast, reader: int, total: int, pauses: int, results: Any) -> None:
    """Read as a gating reader up to record `total`, with `pauses` between batches."""
    mask = len(view.slots) - 1
    position, expected, spins = 0, 1, 0
    while position < total:
        count = broadcast.published(view) - position
        if count == 0:
            spins = idle(spins)
            continue
        count = min(count, 64)
        for i in range(count):
            expected = judge(view.slots[(position + 1 + i) & mask], expected, results) + 1
        position += count
        broadcast.advance(view, reader, position)
        for _ in range(pauses):
            pause()


@kernel
def glance(view: Broadcast, target: int, out: Any, results: Any) -> None:
    """Read without gating until `target` records were accepted; resynchronise when lapped.

    It starts when the writer is more than a ring ahead: on a busy machine the two may keep step ever after.
    """
    position, spins = 0, 0
    while broadcast.published(view) <= 2 * len(view.slots):
        spins = idle(spins)
    while results[ACCEPTED] < target:
        count = broadcast.copy_since(view, position, out)
        if count == broadcast.LAPPED:
            results[LAPS] += 1
            # Far back, so that the writer is often caught overwriting what is being copied.
            position = max(broadcast.published(view) - len(view.slots) * 5 // 8, 0)
        elif count == 0:
            spins = idle(spins)
        else:
            for i in range(count):
                judge(out[i], position + 1 + i, results)
            position += count


@kernel
def rewrite(lock: Seqlock, control: Any, seed: int) -> int:
    """Write version after version until control word 0 says stop; gives how many."""
    number, state = 0, seed
    while load_acquire(control, 0) == 0:
        number += 1
        seqlock.write_begin(lock)
        for i in range(len(lock.data)):
            lock.data[i] = number * 31 + i
        seqlock.write_end(lock)
        state = step(state)
        for _ in range((state >> 16) % 64):
            pause()
    return number


@kernel
def observe(lock: Seqlock, readings: int, out: Any, results: Any) -> None:
    """Take `readings` snapshots and judge them: each of one version, none older than the one before."""
    last, spins = 0, 0
    while results[ACCEPTED] < readings:
        version = seqlock.read(lock, out, 1000)
        if version == seqlock.BUSY:
            results[LAPS] += 1
            spins = idle(spins)
            continue
        number = version // 2
        if number < last:
            results[DOUBLED] += 1
        for i in range(len(out)):
            if number > 0 and out[i] != number * 31 + i:
                results[TORN] += 1
        last = number
        results[ACCEPTED] += 1


@kernel
def add_many(words: Any, times: int) -> None:
    for _ in range(times):
        fetch_add(words, 0, 1)


@kernel
def hand_off(bells: Any, mail: Any, side: int, total: int, seed: int) -> int:
    """Send numbers 1 to total to the other side, each after the other's answer; gives the lost wake-ups.

    A side that waits parks almost at once, after a chance number of pauses: that varies where its sleep and the
    other's ring meet. A wake-up is lost when the sleep lasts its full 2 seconds although the answer is there.
    """
    mine, other = side * 16, (1 - side) * 16
    lost, state = 0, seed
    for number in range(1, total + 1):
        if side == 0:
            store_release(mail, mine, number)
            doorbell.ring(bells, 1, doorbell.NO_DESCRIPTOR)
        while load_acquire(mail, other) < number:
            state = step(state)
            for _ in range((state >> 16) % 256):
                pause()
            doorbell.prepare_sleep(bells, side)
            if load_acquire(mail, other) >= number:
                doorbell.cancel_sleep(bells, side)
            elif not doorbell.wait(bells, side, 2_000_000_000) and load_acquire(mail, other) >= number:
                lost += 1
        if side == 1:
            store_release(mail, mine, number)
            doorbell.ring(bells, 0, doorbell.NO_DESCRIPTOR)
    return lost


@kernel
def reach(words: Any, index: int, value: int) -> None:
    """Wait until the word is at least `value`."""
    spins = 0
    while load_acquire(words, index) < value:
        spins = idle(spins)


@kernel
def dawdle(state: int) -> int:
    """Take between nothing and some hundred nanoseconds, by chance; gives the next chance number."""
    for _ in range((state >> 16) % 32):
        state = step(state)
    return step(state)


@kernel
def fall_asleep(bells: Any, mail: Any, rounds: int, seed: int) -> int:
    """The sleeper of `rounds` meetings with `rouse`; gives the meetings at which neither saw the other.

    Both sides start each meeting at the same moment: one goes to sleep and looks for mail, one posts and rings.
    """
    missed, state = 0, seed
    for meeting in range(1, rounds + 1):
        store_release(mail, 0, meeting)
        reach(mail, 16, meeting)
        state = dawdle(state)
        doorbell.prepare_sleep(bells, 0)
        saw = load_acquire(mail, 32) >= meeting
        reach(mail, 48, meeting)
        if not saw and mail[49] == 0:
            missed += 1
        doorbell.cancel_sleep(bells, 0)
    return missed


@kernel
def rouse(bells: Any, mail: Any, rounds: int, seed: int) -> int:
    """The ringer of `rounds` meetings with `fall_asleep`; gives how often it rang."""
    rang, state = 0, seed
    for meeting in range(1, rounds + 1):
        store_release(mail, 16, meeting)
        reach(mail, 0, meeting)
        state = dawdle(state)
        store_release(mail, 32, meeting)
        mail[49] = doorbell.ring(bells, 0, doorbell.NO_DESCRIPTOR)
        rang += mail[49]
        store_release(mail, 48, meeting)
    return rang


@kernel
def load(words: Any, index: int) -> int:
    return load_acquire(words, index)


@kernel
def store(words: Any, index: int, value: int) -> None:
    store_release(words, index, value)

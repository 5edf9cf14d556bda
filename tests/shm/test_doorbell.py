from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from shm import doorbell
from shm.arena import Arena, allocate
from shm.doorbell import NO_DESCRIPTOR, PollableBell
from shm.jit import JIT_DISABLED
from tests.stress.processes import Processes


@pytest.fixture
def bell(venue_name: str) -> Iterator[PollableBell]:
    made = PollableBell.create(f"/tradsys-{venue_name}-bell")
    yield made
    made.close()
    PollableBell.unlink(made.name)


def new_bells(count: int = 2) -> Any:
    return allocate(lambda arena: doorbell.lay_out(arena, count))


def test_an_awake_worker_is_not_rung() -> None:
    bells = new_bells()
    assert not doorbell.ring(bells, 0, NO_DESCRIPTOR)
    doorbell.prepare_sleep(bells, 0)
    doorbell.cancel_sleep(bells, 0)
    assert not doorbell.ring(bells, 0, NO_DESCRIPTOR)
    assert doorbell.rings(bells, 0) == 0


def test_a_ring_between_preparation_and_sleep_ends_the_sleep_at_once() -> None:
    bells = new_bells()
    doorbell.prepare_sleep(bells, 1)
    assert not doorbell.ring(bells, 0, NO_DESCRIPTOR), "the other bell's worker is awake"
    assert doorbell.ring(bells, 1, NO_DESCRIPTOR)
    assert not doorbell.ring(bells, 1, NO_DESCRIPTOR), "one wake-up is enough"
    assert doorbell.wait(bells, 1, -1)
    assert (doorbell.rings(bells, 0), doorbell.rings(bells, 1)) == (0, 1)


def test_a_sleep_that_nobody_ends_lasts_as_long_as_it_should() -> None:
    bells = new_bells()
    doorbell.prepare_sleep(bells, 0)
    before = time.monotonic_ns()
    assert not doorbell.wait(bells, 0, 20_000_000)
    assert time.monotonic_ns() - before >= 20_000_000
    assert not doorbell.ring(bells, 0, NO_DESCRIPTOR), "awake again"


def test_a_sleeping_thread_is_woken() -> None:
    bells = new_bells()
    doorbell.prepare_sleep(bells, 0)
    doorbell.cancel_sleep(bells, 0)
    assert doorbell.wait(bells, 0, 0)  # compiled before the thread needs it
    woken: list[bool] = []

    def sleep() -> None:
        doorbell.prepare_sleep(bells, 0)
        woken.append(doorbell.wait(bells, 0, 60_000_000_000))

    thread = threading.Thread(target=sleep)
    thread.start()
    deadline = time.monotonic() + 60
    while not doorbell.ring(bells, 0, NO_DESCRIPTOR):
        assert time.monotonic() < deadline
    thread.join(60)
    assert woken == [True]


def test_a_pollable_bell_holds_one_message_until_drained(bell: PollableBell) -> None:
    bells = new_bells()
    ringer = PollableBell.open(bell.name)
    for _ in range(3):  # the queue is full from the first on: nothing blocks
        doorbell.prepare_sleep(bells, 0)
        assert doorbell.ring(bells, 0, ringer.fileno())
    assert bell.drain()
    assert not bell.drain()
    ringer.close()


def test_a_bell_left_behind_is_replaced_and_a_missing_one_is_an_error(bell: PollableBell) -> None:
    again = PollableBell.create(bell.name)
    again.close()
    PollableBell.unlink(bell.name)
    PollableBell.unlink(bell.name)
    with pytest.raises(FileNotFoundError, match=bell.name):
        PollableBell.open(bell.name)


async def test_an_event_loop_is_woken_by_a_ring(bell: PollableBell) -> None:
    bells = new_bells()
    loop, woken = asyncio.get_running_loop(), asyncio.Event()

    def readable() -> None:
        bell.drain()
        woken.set()

    loop.add_reader(bell, readable)
    try:
        doorbell.prepare_sleep(bells, 0)
        loop.call_soon(doorbell.ring, bells, 0, bell.fileno())
        await asyncio.wait_for(woken.wait(), 60)
    finally:
        loop.remove_reader(bell)


@pytest.mark.skipif(JIT_DISABLED, reason="the stand-ins are for one process")
async def test_an_event_loop_gets_everything_from_another_process(
    bell: PollableBell, make_segment: Callable[[str, Callable[[Arena], object]], Any], processes: Processes
) -> None:
    times = 5000

    def lay_out(arena: Arena) -> tuple[Any, Any]:
        return doorbell.lay_out(arena, 1), arena.array(np.int64, 32)

    segment = make_segment("bells", lay_out)
    bells, mail = lay_out(segment.arena())
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    seen = 0

    def take() -> None:
        """Take what has come, and go to sleep only when nothing more has."""
        nonlocal seen
        bell.drain()
        while True:
            while mail[0] > seen:
                seen += 1
                mail[16] = seen
            doorbell.prepare_sleep(bells, 0)
            if mail[0] == seen:
                break
            doorbell.cancel_sleep(bells, 0)
        if seen == times:
            done.set()

    loop.add_reader(bell, take)
    try:
        take()
        ringer = processes.start("ring_polled", segment.name, bell.name, times)
        await asyncio.wait_for(done.wait(), 100)
    finally:
        loop.remove_reader(bell)
    assert ringer.result() == "done"
    assert doorbell.rings(bells, 0) > 0

"""Waking a sleeper without a system call while it is awake.

One *bell* is 16 int64 words (a 128-byte line pair) of a shared array; it belongs to one sleeper, anybody rings:

    word 0  asleep: 1 while the sleeper sleeps or is about to; its low half is the futex
    word 1  how often a sleeper was woken through this bell
    word 2  timeout of the sleep: seconds, nanoseconds

The sleeper calls `prepare_sleep`, looks at its rings *once more*, and only then sleeps. The ringer publishes its
record first and rings then. The fence on either side makes one of them see the other, so no wake-up is lost.
A worker that sleeps in an asyncio event loop has a PollableBell besides, a one-message POSIX message queue:
its descriptor becomes readable when the bell is rung.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import posix_ipc

from shm.arena import Arena
from shm.atomics import compare_exchange, fence, fetch_add, load_acquire, store_release
from shm.jit import kernel
from shm.libc import FUTEX, mq_send, syscall

STRIDE = 16
"""Words from one bell to the next."""

NO_DESCRIPTOR = -1
"""For `ring`: the sleeper waits in `wait`, not on a message queue."""

_ASLEEP, _RINGS, _TIMEOUT = 0, 1, 2
_FUTEX_WAIT, _FUTEX_WAKE = 0, 1  # not the private variants: the futex is shared between processes
_NANOSECONDS = 1_000_000_000


def lay_out(arena: Arena, count: int) -> Any:
    """The int64 array of `count` bells; zeroed memory is ready for use."""
    assert count > 0, "somebody sleeps"
    return arena.array(np.int64, count * STRIDE)


@kernel
def ring(bells: Any, bell: int, descriptor: int) -> bool:
    """Wake the sleeper of `bell` if it is asleep; True when it was.

    `descriptor` is this process's descriptor of the sleeper's message queue, or NO_DESCRIPTOR.
    """
    place = bell * STRIDE
    assert 0 <= place <= len(bells) - STRIDE, "a bell of the array"
    assert descriptor >= NO_DESCRIPTOR, "a descriptor, or none"
    fence()  # what was published before must be visible before the flag is read
    if load_acquire(bells, place + _ASLEEP) == 0 or not compare_exchange(bells, place + _ASLEEP, 1, 0):
        return False
    fetch_add(bells, place + _RINGS, 1)
    address = bells.ctypes.data + place * 8
    if descriptor >= 0:
        mq_send(descriptor, address, 1, 0)  # a full queue means that a wake-up is already under way
    else:
        syscall(FUTEX, address, _FUTEX_WAKE, 1, 0, 0, 0)
    return True


@kernel
def prepare_sleep(bells: Any, bell: int) -> None:
    """Say that this sleeper is about to sleep. It must look at its rings again before it does."""
    assert 0 <= bell * STRIDE <= len(bells) - STRIDE, "a bell of the array"
    store_release(bells, bell * STRIDE + _ASLEEP, 1)
    fence()  # the flag must be visible before the rings are read


@kernel
def cancel_sleep(bells: Any, bell: int) -> None:
    """Stay awake after all. A wake-up may have been sent already; it does no harm."""
    assert 0 <= bell * STRIDE <= len(bells) - STRIDE, "a bell of the array"
    store_release(bells, bell * STRIDE + _ASLEEP, 0)


@kernel
def wait(bells: Any, bell: int, timeout_ns: int) -> bool:
    """Sleep after `prepare_sleep` until the bell rings; False when nobody rang: time is up, or a signal came.

    A timeout below zero waits for ever. Returns at once when the bell rang in between.
    """
    place = bell * STRIDE
    assert 0 <= place <= len(bells) - STRIDE, "a bell of the array"
    address = bells.ctypes.data + place * 8
    timeout_address = 0
    if timeout_ns >= 0:
        bells[place + _TIMEOUT] = timeout_ns // _NANOSECONDS
        bells[place + _TIMEOUT + 1] = timeout_ns % _NANOSECONDS
        timeout_address = address + _TIMEOUT * 8
    if load_acquire(bells, place + _ASLEEP) == 1:
        syscall(FUTEX, address, _FUTEX_WAIT, 1, timeout_address, 0, 0)
    return not compare_exchange(bells, place + _ASLEEP, 1, 0)


def rings(bells: Any, bell: int) -> int:
    """How often a sleeper was woken through this bell."""
    assert 0 <= bell < len(bells) // STRIDE, "a bell of the array"
    return int(bells[bell * STRIDE + _RINGS])


class PollableBell:
    """A bell as a file descriptor, for an asyncio event loop (`loop.add_reader(bell, ...)`).

    Made by the venue with `create`, opened by the sleeper and by every ringer with `open`.
    """

    def __init__(self, queue: posix_ipc.MessageQueue) -> None:
        assert queue.max_messages == 1, "one wake-up under way is enough"
        queue.block = False
        self._queue = queue
        self.name = str(queue.name)

    @classmethod
    def create(cls, name: str) -> PollableBell:
        """A new bell called `name` ("/tradsys-..."); one that a dead venue left behind is replaced."""
        cls.unlink(name)
        return cls(posix_ipc.MessageQueue(name, posix_ipc.O_CREX, mode=0o600, max_messages=1, max_message_size=1))

    @classmethod
    def open(cls, name: str) -> PollableBell:
        """An existing bell. Raises FileNotFoundError."""
        try:
            return cls(posix_ipc.MessageQueue(name))
        except posix_ipc.ExistentialError as error:
            raise FileNotFoundError(f"there is no doorbell {name}") from error

    @staticmethod
    def unlink(name: str) -> None:
        """Remove the name; whoever has the bell open keeps it. Harmless when there is none."""
        with suppress(posix_ipc.ExistentialError):
            posix_ipc.unlink_message_queue(name)

    def fileno(self) -> int:
        """The descriptor: readable after a ring, and what `ring` takes as `descriptor`."""
        return int(self._queue.mqd)

    def drain(self) -> bool:
        """Take the message out, so that the descriptor is not readable any more; True when there was one."""
        try:
            self._queue.receive()
        except posix_ipc.BusyError:
            return False
        return True

    def close(self) -> None:
        """Close the descriptor. Remove it from the event loop before."""
        self._queue.close()

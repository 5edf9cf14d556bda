from __future__ import annotations

import numpy as np

from shm import seqlock
from shm.arena import allocate, new_array
from shm.seqlock import BUSY

RECORD = np.dtype([("bid", "<i8"), ("ask", "<i8")])


def test_a_reading_has_the_version_and_the_data_of_the_last_write() -> None:
    lock = allocate(lambda arena: seqlock.lay_out(arena, RECORD, 2))
    out = new_array(RECORD, 2)
    assert seqlock.read(lock, out, 1) == 0
    for number in (1, 2):
        seqlock.write_begin(lock)
        lock.data[1]["bid"] = number
        seqlock.write_end(lock)
        assert seqlock.read(lock, out, 1) == 2 * number
        assert out["bid"].tolist() == [0, number]


def test_nothing_is_read_while_the_writer_is_at_work() -> None:
    lock = allocate(lambda arena: seqlock.lay_out(arena, np.int64, 1))
    out = np.full(1, 7, np.int64)
    seqlock.write_begin(lock)
    lock.data[0] = 1
    assert seqlock.read(lock, out, 3) == BUSY
    assert out[0] == 7


def test_the_successor_of_a_writer_that_died_at_work_takes_over() -> None:
    lock = allocate(lambda arena: seqlock.lay_out(arena, np.int64, 1))
    out = np.zeros(1, np.int64)
    seqlock.write_begin(lock)
    seqlock.write_begin(lock)
    lock.data[0] = 5
    seqlock.write_end(lock)
    assert seqlock.read(lock, out, 1) == 2
    assert out[0] == 5

"""Event records unpacked to tuples."""

from __future__ import annotations

import numpy as np

from gateway.events import Event, unpack_array
from shm.arena import new_array
from tradsys.records import EVENT


def test_every_field_reads_as_numpy_reads_it(seed: int) -> None:
    dice = np.random.default_rng(seed)
    events = new_array(EVENT, 100)
    events.view(np.ndarray).view(np.uint8)[:] = dice.integers(0, 256, 6400, np.uint8)
    unpacked = list(unpack_array(events))
    assert len(unpacked) == 100
    for event, record in zip(unpacked, events, strict=True):
        names = [*Event._fields, "previous_price_ticks", "client_order_id"]
        assert [getattr(event, name) for name in names] == [int(record[name]) for name in names]


def test_no_events_unpack_to_nothing() -> None:
    assert list(unpack_array(new_array(EVENT, 4)[:0])) == []

"""A desk at a venue: when there can be one."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from shm.ring import PRODUCER_PID
from tests.workers.stepped import SIZES, SteppedWorkers, compact, describe
from workers import memory
from workers.desk import Desk
from workers.port import RingTakenError
from workers.venue import VenueNotRunningError


def test_a_venue_whose_shards_are_still_being_rebuilt_has_no_desk(tmp_path: Path) -> None:
    venue = describe(tmp_path, compact(), SIZES)
    with pytest.raises(VenueNotRunningError, match="still starting"):
        Desk(venue, memory.private(SIZES), is_supervisor=True)


def test_desks_take_the_rings_of_tools_and_give_them_back(tmp_path: Path) -> None:
    stepped = SteppedWorkers(tmp_path, compact(), SIZES)
    stepped.boot(0)
    venue = msgspec.structs.replace(describe(tmp_path, compact(), SIZES), control_ring=1)
    for _ in range(2):
        with Desk(venue, stepped.memory, is_supervisor=True), Desk(venue, stepped.memory):
            assert [int(ring.header[PRODUCER_PID]) for ring in stepped.memory.gateways] == [0, os.getpid(), os.getpid()]
            with pytest.raises(RingTakenError):
                Desk(venue, stepped.memory)
    assert not any(ring.header[PRODUCER_PID] for ring in stepped.memory.gateways)
    stepped.close()

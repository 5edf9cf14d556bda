"""Workers killed (SIGKILL) under load: what outside clients were told is what the log says, exactly once."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.system.killing.killer import Killer
from tests.system.killing.trial import trial
from tests.system.killing.verdict import assert_sound, assert_told_the_truth

pytestmark = pytest.mark.timeout(900)


def test_killed_workers_of_a_venue_with_a_standby_lose_and_double_nothing(
    tmp_path: Path, venue_name: str, seed: int
) -> None:
    with trial(tmp_path / venue_name, seed, level="group", standby=True, snapshots=True, history=True) as (
        venue,
        crowd,
    ):
        killer = Killer(venue, crowd, random.Random(seed))
        for blow in [killer.kill_one] * 2 + [killer.kill_some]:
            blow()
        crowd.await_answers(20)
        assert_sound(venue, crowd)


def test_killed_workers_of_a_sharded_venue_lose_and_double_nothing(tmp_path: Path, venue_name: str, seed: int) -> None:
    with trial(tmp_path / venue_name, seed, kind="sharded", gateways=1, standby=True, history=True) as (venue, crowd):
        killer = Killer(venue, crowd, random.Random(seed))
        for blow in [killer.kill_one] * 4 + [killer.kill_all]:
            blow()
        crowd.await_answers(20)
        assert_told_the_truth(venue, crowd)

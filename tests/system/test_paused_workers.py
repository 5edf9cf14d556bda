"""Workers that stand still (SIGSTOP), shorter and longer than their supervisor is patient."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.system.killing.killer import Killer
from tests.system.killing.trial import trial
from tests.system.killing.verdict import assert_told_the_truth

pytestmark = pytest.mark.timeout(900)
HEARTBEAT_SECONDS = 3.0


def test_paused_workers_go_on_or_are_replaced_and_nothing_is_lost(tmp_path: Path, venue_name: str, seed: int) -> None:
    with trial(tmp_path / venue_name, seed, heartbeat=HEARTBEAT_SECONDS, level="memory") as (venue, crowd):
        killer = Killer(venue, crowd, random.Random(seed))
        for blow in [killer.pause_shortly] * 2 + [killer.pause_for_long]:
            blow()
        crowd.await_answers(20)
        assert_told_the_truth(venue, crowd)

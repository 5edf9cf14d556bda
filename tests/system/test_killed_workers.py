"""Workers killed (SIGKILL) under load: what outside clients were told is what the log says, exactly once."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.killing.killer import Killer
from tests.system.killing.trial import trial
from tests.system.killing.verdict import assert_sound

pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize(("kind", "level"), [("compact", "group"), ("sharded", "memory")])
def test_killed_workers_lose_and_double_nothing(
    tmp_path: Path, venue_name: str, seed: int, kind: str, level: str
) -> None:
    with trial(tmp_path / venue_name, seed, kind=kind, level=level) as (venue, crowd):
        killer = Killer(venue, crowd, random.Random(seed))
        blows: list[Callable[[], None]] = [killer.kill_one] * 4 + [killer.kill_some, killer.kill_all]
        for blow in blows:
            blow()
        crowd.await_answers(20)
        assert_sound(venue, crowd)

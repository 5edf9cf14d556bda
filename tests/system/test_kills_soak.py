"""A thousand kills and more: campaign after campaign, each in a venue of its own, until there were enough.

`TRADSYS_KILLS` says how many (1000), `TRADSYS_SEED` from which seed; with `TRADSYS_KILLS_REPORT` a summary is
written to that file as JSON.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.system.killing.killer import Killer, spread
from tests.system.killing.trial import trial
from tests.system.killing.verdict import assert_sound

KILLS = int(os.environ.get("TRADSYS_KILLS", "1000"))
REPORT = os.environ.get("TRADSYS_KILLS_REPORT")
CAMPAIGN = 60
"""Kills in one venue, about."""
VENUES = (("compact", "memory"), ("compact", "group"), ("compact", "each"), ("sharded", "memory"), ("sharded", "group"))


class Report:
    """What all campaigns together did."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._kills: Counter[str] = Counter()
        self._pauses = 0
        self._answers = 0
        self._campaigns = 0
        self._seconds: dict[str, list[float]] = {"ready": [], "takeover": [], "replaced": [], "restart": []}

    @property
    def kills(self) -> int:
        return sum(self._kills.values())

    def add(self, killer: Killer, answers: int) -> None:
        self._campaigns += 1
        self._kills += killer.kills
        self._pauses += killer.pauses
        self._answers += answers
        for name, seconds in self._seconds.items():
            seconds += getattr(killer, f"{name}_seconds")

    def summary(self) -> dict[str, Any]:
        return {
            "seed": self._seed,
            "campaigns": self._campaigns,
            "kills": self.kills,
            "by_worker": dict(sorted(self._kills.items())),
            "pauses": self._pauses,
            "answers": self._answers,
            **{f"{name}_seconds": spread(seconds) for name, seconds in self._seconds.items()},
        }


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_a_thousand_kills_lose_and_double_nothing(tmp_path: Path, venue_name: str, seed: int) -> None:
    dice = random.Random(seed)
    report = Report(seed)
    while report.kills < KILLS:
        own_seed = dice.randrange(1 << 32)
        kind, level = dice.choice(VENUES)
        options: dict[str, Any] = {"kind": kind, "level": level, "snapshots": dice.random() < 0.7}
        options["standby"] = dice.random() < 0.5
        options["history"] = dice.random() < 0.5
        home = tmp_path / f"{venue_name}-{own_seed}"
        sys.stderr.write(f"\nvenue {options}, TRADSYS_SEED={own_seed}, after {report.kills} kills\n")
        with trial(home, own_seed, heartbeat=3.0, **options) as (venue, crowd):
            killer = Killer(venue, crowd, random.Random(own_seed))
            blows = [killer.kill_one] * 10 + [killer.kill_some] * 3 + [killer.kill_all] * 2
            blows += [killer.kill_anything, killer.kill_a_snapshot, killer.pause_shortly, killer.pause_for_long]
            while killer.total < min(CAMPAIGN, KILLS - report.kills):
                dice.choice(blows)()
            crowd.await_answers(20)
            report.add(killer, crowd.answers)
            assert_sound(venue, crowd)
        text = json.dumps(report.summary(), indent=2)
        sys.stderr.write(text + "\n")
        if REPORT:
            Path(REPORT).write_text(text + "\n")

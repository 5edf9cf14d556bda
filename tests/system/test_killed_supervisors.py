"""The supervisor killed under load, with some workers, all of them or none: the next start has everything."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.system.killing.forgeries import assert_noticed
from tests.system.killing.killer import Killer
from tests.system.killing.market import TRADERS
from tests.system.killing.trial import trial
from tests.system.killing.verdict import assert_told_the_truth

pytestmark = pytest.mark.timeout(900)


def test_a_venue_killed_as_a_whole_loses_and_doubles_nothing(tmp_path: Path, venue_name: str, seed: int) -> None:
    with trial(tmp_path / venue_name, seed, level="memory") as (venue, crowd):
        killer = Killer(venue, crowd, random.Random(seed))
        killer.kill_the_supervisor([])
        killer.kill_the_supervisor(venue.workers)
        crowd.await_answers(20)
        truth, told = assert_told_the_truth(venue, crowd)
    assert_noticed(truth, TRADERS[0], told[TRADERS[0]])

"""The benchmark of recovery: that its logs are those of venues, and that what comes back is what was there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from bench import recovery
from bench.common import BenchmarkError
from bench.recovery_market import plain, settled
from shm.jit import JIT_DISABLED
from tests.workers.stepped import expected_events, journal_records
from tradsys.records import EventKind, Kind
from workers.journal.survey import survey

pytestmark = pytest.mark.skipif(JIT_DISABLED, reason="benchmarks need compiled kernels")
SMALL = recovery.Settings(commands=3_000, resting=1_500, orders=20_000, rounds=2)


def test_a_plain_market_is_what_the_reference_venue_makes_of_its_log(tmp_path: Path) -> None:
    market = plain(tmp_path, "normal", 2_000, 3)
    events = expected_events(journal_records(market.venue.journal_directory), 0, market.venue.sizes)
    assert market.commands == 2_000
    assert market.events == len(events)
    assert market.trades == np.count_nonzero(events["kind"] == EventKind.TRADE) > 0


def test_a_settled_market_trades_refuses_nothing_and_says_how_far_it_is_settled(tmp_path: Path) -> None:
    market = settled(tmp_path, 3_000, 3, lambda sent: None)
    kinds = journal_records(market.venue.journal_directory)["kind"]
    assert np.count_nonzero(kinds == Kind.NEW) == 3_000
    assert np.count_nonzero(kinds == Kind.SETTLED) > 0
    assert np.count_nonzero(kinds == Kind.LIMIT) > 10
    assert market.trades > 100
    assert survey(market.venue.journal_directory, is_running=False).damage is None


def test_a_pass_that_does_not_come_to_what_was_there_is_an_error(tmp_path: Path) -> None:
    market = plain(tmp_path, "normal", 2_000, 3)
    recovery.start_engine(market)
    for other in (
        market._replace(records=market.records + 1),
        market._replace(events=market.events + 1),
        market._replace(resting=market.resting + 1),
    ):
        with pytest.raises(BenchmarkError, match="normal"):
            recovery.rebuild_books(other)


def test_every_market_comes_back_in_every_way_and_nothing_is_left(tmp_path: Path) -> None:
    result = recovery.run(Console(quiet=True), SMALL._replace(data_directory=tmp_path))
    assert list(result["markets"]) == ["normal", "deep", "settled"]
    assert [one["commands"] for one in result["markets"].values()] == [3_000, 3_000, 20_000]
    assert result["markets"]["deep"]["resting"] > 1_400
    for one in result["markets"].values():
        assert list(one["passes"]) == [*recovery.PASSES, "snapshot", "next snapshot", "start from snapshot", "history"]
        assert all(each["seconds"] > 0 for each in one["passes"].values())
        first, following = (one["passes"][name]["records"] for name in ("snapshot", "next snapshot"))
        assert 0.9 * one["records"] <= first < one["records"] == first + following
        assert one["snapshot_bytes"] > 0
    assert result["goals"] == {"per_second": 3_000_000, "seconds": 10.0}
    assert not list(tmp_path.iterdir())

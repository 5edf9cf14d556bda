"""The benchmark of price levels: that its changes are those of the flow, and that structures must agree."""

from __future__ import annotations

import numpy as np
import pytest
from rich.console import Console

from bench import alternatives
from bench.common import BenchmarkError
from bench.flows import commands_of
from bench.kernel import prepare
from bench.shapes import SHAPES, generate
from shm.jit import JIT_DISABLED
from tests.recorded.replay import opened, send
from tradsys.records import MarketState

pytestmark = pytest.mark.skipif(JIT_DISABLED, reason="benchmarks need compiled kernels")


def test_the_changes_of_a_flow_leave_the_orders_that_the_reference_venue_has() -> None:
    messages = generate("normal", 3_000, 5)
    changes, _ = alternatives.changes_in(prepare("normal", messages))
    prices = messages["price_ticks"]
    venue = opened(int(prices.min()), int(prices.max()), int(prices.min()), MarketState.CONTINUOUS)
    send(venue, commands_of(messages))
    rested = int(np.count_nonzero(changes["rests"]))
    assert rested - (len(changes) - rested) == len(venue.open_orders(1))


def test_every_structure_is_timed_in_every_shape() -> None:
    result = alternatives.run(Console(quiet=True), alternatives.Settings(messages=2_000, rounds=2, seed=3))
    assert list(result["flows"]) == list(SHAPES)
    for measured in result["flows"].values():
        assert measured["changes"] > 500
        for name in (alternatives.PRODUCTION, alternatives.SORTED, alternatives.BITMAP):
            assert measured[name]["ns"] > 0


def test_structures_that_disagree_are_not_compared() -> None:
    changes, kept = alternatives.changes_in(prepare("normal", generate("normal", 1_000, 5)))
    wrong = kept[1]._replace(run=lambda _: 0)
    with pytest.raises(BenchmarkError, match="do not agree"):
        alternatives._measure(changes, [kept[0], wrong], 1)

"""Many symbols in one shard: that the flow is what it says, and that memory and rate are told."""

from __future__ import annotations

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from bench import wide
from shm.jit import JIT_DISABLED
from tests.recorded.replay import opened, send
from tradsys.cli.bench import bench
from tradsys.records import EventKind, Kind, MarketState

pytestmark = pytest.mark.skipif(JIT_DISABLED, reason="benchmarks need compiled kernels")
SMALL = wide.Settings(symbols=20, resting=2_000, messages=2_000, rounds=2)


def test_the_flow_rests_in_every_symbol_and_then_changes_them_all() -> None:
    records = wide.commands(SMALL, SMALL.symbols)
    filling, changing = records[: SMALL.resting], records[SMALL.resting :]
    assert set(filling["kind"].tolist()) == {Kind.NEW}
    assert set(changing["kind"].tolist()) == {Kind.NEW, Kind.CANCEL, Kind.AMEND}
    assert set(filling["symbol"].tolist()) == set(changing["symbol"].tolist()) == set(range(1, SMALL.symbols + 1))
    names = ("kind", "client_order_id", "side", "price_ticks", "quantity_lots")
    one = wide.commands(SMALL, 1)
    assert all(np.array_equal(records[name], one[name]) for name in names)


def test_most_of_the_flow_is_accepted_as_the_reference_venue_says() -> None:
    venue = opened(wide.LOWEST, wide.HIGHEST, 1000, MarketState.CONTINUOUS)
    events = send(venue, wide.commands(SMALL, 1))
    assert np.count_nonzero(events["kind"][: SMALL.resting] == EventKind.ACCEPTED) == SMALL.resting
    assert 0 < np.count_nonzero(events["kind"] == EventKind.REJECTED) < SMALL.messages // 10
    assert np.count_nonzero(events["kind"] == EventKind.TRADE) > SMALL.messages // 20


def test_one_symbol_and_many_hold_the_same_number_of_orders() -> None:
    result = wide.run(Console(quiet=True), SMALL)
    assert list(result["symbols"]) == ["1", "20"]
    assert [one["resting"] for one in result["symbols"].values()] == [2_000, 2_000]
    assert result["ratio"] > 0
    assert result["shard_bytes"] > 0


def test_two_benchmarks_of_the_kernel_at_once_are_refused() -> None:
    shown = CliRunner().invoke(bench, ["kernel", "--mix", "--symbols", "10"])
    assert shown.exit_code == 2

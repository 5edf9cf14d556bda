"""The ledger's benchmark: that it does what it times."""

from __future__ import annotations

import numpy as np
import pytest
from rich.console import Console

from bench import ledger
from bench.ledger import Settings, flow, new_ledger
from shm.jit import JIT_DISABLED
from tradsys.records import EventKind

SMALL = Settings(accounts=50, assets=4, symbols=9, pairs=200, rounds=1)


def test_an_event_names_the_orders_of_its_pair() -> None:
    commands, events = flow(SMALL, 1, np.random.default_rng(1))
    orders, told = commands.view(np.ndarray)[1:], events.view(np.ndarray)
    trades = told[told["kind"] == EventKind.TRADE]
    assert len(trades) == SMALL.pairs
    assert np.array_equal(trades["counter_order_id"] >> 22, orders["sequence"][::2])
    assert np.array_equal(trades["order_id"] >> 22, orders["sequence"][1::2])
    assert np.array_equal(trades["symbol"], orders["symbol"][::2])


@pytest.mark.skipif(JIT_DISABLED, reason="benchmarks need compiled kernels")
def test_what_is_timed_leaves_nothing_held_and_every_asset_at_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    made = new_ledger(SMALL)
    monkeypatch.setattr(ledger, "new_ledger", lambda settings: made)
    result = ledger.run(Console(quiet=True), SMALL)
    balances = made.balances.view(np.ndarray).reshape(-1, SMALL.assets + 1)
    assert result["orders"] == 2 * SMALL.pairs
    assert not balances["held"].any()
    assert not balances["available"].sum(axis=0).any()

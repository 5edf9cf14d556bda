"""The benchmark of the risk checks: that it does what it times."""

from __future__ import annotations

import numpy as np
import pytest
from rich.console import Console

from bench import risk
from bench.common import BenchmarkError
from bench.risk_market import CREDIT, LIMITS, Settings, flow, new_ledger, opening, set_limits
from shm.jit import JIT_DISABLED
from tradsys.records import EventKind
from tradsys.risk.layout import LIMIT_WORDS, VENUE_LIMITS
from tradsys.risk.terms import Limit

SMALL = Settings(accounts=50, assets=4, symbols=9, positions=3, pairs=200, rounds=1)
needs_jit = pytest.mark.skipif(JIT_DISABLED, reason="benchmarks need compiled kernels")


def test_an_event_names_the_orders_of_its_pair() -> None:
    commands, events = flow(SMALL, 1, np.random.default_rng(1))
    orders, told = commands.view(np.ndarray)[1:], events.view(np.ndarray)
    trades = told[told["kind"] == EventKind.TRADE]
    assert len(trades) == SMALL.pairs
    assert np.array_equal(trades["counter_order_id"] >> 22, orders["sequence"][::2])
    assert np.array_equal(trades["order_id"] >> 22, orders["sequence"][1::2])
    assert np.array_equal(trades["symbol"], orders["symbol"][::2])


def test_accounts_trade_in_the_positions_that_they_have() -> None:
    random = np.random.default_rng(1)
    opened, traded = (made[0].view(np.ndarray)[1:] for made in (opening(SMALL, random), flow(SMALL, 1, random)))
    had = set(zip(opened["account"].tolist(), opened["symbol"].tolist(), strict=True))
    accounts = {account for account, _ in had}
    assert len(had) == len(opened) == SMALL.positions * len(accounts)
    assert {pair for pair in zip(traded["account"].tolist(), traded["symbol"].tolist(), strict=True)} & had


@needs_jit
def test_every_limit_is_set_that_is_not_one_of_credit() -> None:
    ledger = new_ledger(SMALL)
    set_limits(ledger, SMALL)
    assert set(LIMITS) == set(Limit) - set(CREDIT)
    assert ledger.limits[VENUE_LIMITS * LIMIT_WORDS] == sum(1 << limit for limit in LIMITS)


@needs_jit
@pytest.mark.parametrize("limit", [limit for limit in LIMITS if "CANCELS" not in limit.name])
def test_each_limit_is_one_that_the_flow_comes_up_against(monkeypatch: pytest.MonkeyPatch, limit: Limit) -> None:
    """A limit that nothing can pass stops the benchmark, so its check was on."""
    for name in ("_OF_GROUPS", "_OF_ACCOUNTS", "_OF_POSITIONS"):
        monkeypatch.setattr(f"bench.risk_market.{name}", ())
    tight = 10**10 if limit.name.endswith("_MIN") else 0
    monkeypatch.setitem(LIMITS, limit, tight)
    if limit == Limit.ORDERS_BURST:
        monkeypatch.setitem(LIMITS, Limit.ORDERS_PER_SECOND, 1)
    # In the debug build an assertion may come first: what ends a refused order's slot was refused as well.
    with pytest.raises((BenchmarkError, AssertionError), match=r"refused|the order before this one in its slot"):
        risk.run(Console(quiet=True), SMALL)


@needs_jit
def test_what_is_timed_leaves_nothing_held_and_every_asset_at_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    made = new_ledger(SMALL)
    monkeypatch.setattr(risk, "new_ledger", lambda settings: made)
    result = risk.run(Console(quiet=True), SMALL)
    balances = made.balances.view(np.ndarray).reshape(-1, SMALL.assets + 1)
    assert result["orders"] == 2 * SMALL.pairs
    assert {"check_ns_p50", "check_ns_p99", "check_ns_p50_no_limits", "settle_ns_p50"} <= set(result)
    assert not balances["held"].any()
    assert not balances["available"].sum(axis=0).any()

"""A circuit breaker's doings to a shard; tests/reference has the same rules case by case."""

from __future__ import annotations

import pytest

from tests.book.harness import Bench, ended, kinds, open_bench, refusal, told, trades
from tests.factories import amend, breaker, buy, kill, market_state, rules, sell, tick
from tradsys.book.audit import audit
from tradsys.reasons import Reason
from tradsys.records import EventFlag, EventKind, MarketState, TimeInForce
from tradsys.risk.terms import Transition

TRIP, HALF_OPEN, RESET = Transition.TRIP, Transition.HALF_OPEN, Transition.RESET
TRADE, STATE, CANCELLED = EventKind.TRADE, EventKind.STATE, EventKind.CANCELLED


def test_a_symbol_is_halted_collects_and_trades_again(bench: Bench) -> None:
    for transition, state in (
        (TRIP, MarketState.HALT),
        (HALF_OPEN, MarketState.OPENING_AUCTION),
        (RESET, MarketState.CONTINUOUS),
    ):
        (event,) = bench.submit(breaker(transition))
        assert (event["kind"], event["flags"], event["reason"]) == (STATE, EventFlag.LAST, Reason.CIRCUIT_BREAKER)
        assert event["counter_account"] == state
        audit(bench.shard)
    assert refusal(bench.submit(breaker(Transition.NONE))) == Reason.INVALID_BREAKER
    assert refusal(bench.submit(breaker(TRIP, symbol=3))) == Reason.UNKNOWN_SYMBOL


def test_a_symbol_that_is_halted_takes_no_order_and_trades_nothing(bench: Bench) -> None:
    resting = bench.enter(buy(500, 10))
    bench.submit(breaker(TRIP))
    for refused in (sell(500, 4, account=2), buy(400, 1), amend(resting, price_ticks=501)):
        assert refusal(bench.submit(refused)) == Reason.SYMBOL_NOT_OPEN
    assert kinds(bench.submit(tick(), breaker(TRIP))) == [STATE]
    bench.submit(breaker(RESET))
    assert trades(bench.submit(sell(500, 4, account=2))) == [(500, 4, resting)]
    audit(bench.shard)


@pytest.mark.parametrize("auction", [MarketState.OPENING_AUCTION, MarketState.CLOSING_AUCTION])
def test_an_auction_that_is_halted_stays_crossed_until_it_is_reset(auction: MarketState) -> None:
    bench = open_bench(auction)
    time_in_force = TimeInForce.AT_OPEN if auction == MarketState.OPENING_AUCTION else TimeInForce.AT_CLOSE
    buyer = bench.enter(buy(500, 10, time_in_force=time_in_force))
    seller = bench.enter(sell(490, 4, account=2))
    assert kinds(bench.submit(breaker(TRIP), tick(), breaker(TRIP))) == [STATE, STATE]
    audit(bench.shard)
    events = bench.submit(breaker(RESET))
    assert told(events) == [(TRADE, 500, 4), (STATE, 500, 4), (CANCELLED, 500, 6)]
    assert trades(events) == [(500, 4, seller)]
    assert ended(events) == [(buyer, Reason.AUCTION_REST, 6)]
    assert events["reason"].tolist() == [0, Reason.CIRCUIT_BREAKER, Reason.AUCTION_REST]
    audit(bench.shard)


def test_a_halted_auction_can_be_killed_and_then_has_nothing_to_uncross() -> None:
    bench = open_bench(MarketState.OPENING_AUCTION)
    bench.enter(buy(500, 10))
    bench.enter(sell(490, 4, account=2))
    bench.submit(breaker(TRIP))
    assert bench.submit(kill())["quantity_lots"][-1] == 2
    assert told(bench.submit(breaker(RESET))) == [(STATE, 0, 0)]
    audit(bench.shard)


def test_an_interruption_is_not_a_breakers(bench: Bench) -> None:
    bench.submit(rules(static_band_bps=100, breach_state=MarketState.HALT))
    bench.enter(sell(600))
    assert kinds(bench.submit(buy(600)))[-1] == STATE
    (event,) = bench.submit(breaker(RESET))
    assert event["counter_account"] == MarketState.HALT
    bench.submit(market_state(MarketState.CONTINUOUS))

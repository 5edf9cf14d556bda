from __future__ import annotations

import pytest

from tests.book.concealed import concealed_in
from tests.book.harness import Bench, kinds, refusal, told, trades
from tests.factories import amend, buy, cancel, market_state, pegged, sell
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, EventFlag, EventKind, MarketState, Side

BUY, SELL = Side.BUY, Side.SELL
ACCEPTED, TRADE, RESTED, AMENDED = EventKind.ACCEPTED, EventKind.TRADE, EventKind.RESTED, EventKind.AMENDED
HIDDEN, MIDPOINT = CommandFlag.HIDDEN, CommandFlag.MIDPOINT


@pytest.fixture
def touch(bench: Bench) -> tuple[int, int]:
    """A bid at 490 and an offer at 505 of account 8."""
    return bench.enter(buy(490, 10, account=8)), bench.enter(sell(505, 10, account=8))


def test_a_primary_peg_follows_its_own_sides_best_price_and_is_not_seen(bench: Bench, touch: tuple[int, int]) -> None:
    accepted, amended = bench.submit(pegged(BUY, 500, 5))
    assert (accepted["price_ticks"], accepted["flags"]) == (500, 0)
    assert (amended["kind"], amended["price_ticks"], amended["previous_price_ticks"]) == (AMENDED, 490, 500)
    assert amended["flags"] == EventFlag.RESTING | EventFlag.HIDDEN | EventFlag.LAST
    peg = int(accepted["order_id"])
    better = bench.enter(buy(495, 1, account=8))
    assert told(bench.submit(buy(494, 1, account=8))) == [(ACCEPTED, 494, 1)]
    assert bench.depth()[0] == [(495, 1, 1), (494, 1, 1), (490, 10, 1)]
    assert told(bench.submit(cancel(better, account=8)))[1:] == [(AMENDED, 494, 5)]
    # Displayed orders at its price come first, whenever they came.
    late = bench.enter(buy(494, 1, account=8))
    assert trades(bench.submit(sell(494, 4, account=2)))[1:] == [(494, 1, late), (494, 2, peg)]


def test_a_peg_goes_no_further_than_its_limit(bench: Bench, touch: tuple[int, int]) -> None:
    peg = bench.enter(pegged(SELL, 500, 5))
    events = bench.submit(sell(498, 1, account=8))
    assert told(events)[1:] == [(AMENDED, 500, 5)]
    assert told(bench.submit(sell(497, 1, account=8))) == [(ACCEPTED, 497, 1)]
    assert refusal(bench.submit(amend(peg, price_ticks=499))) == Reason.NOT_AMENDABLE


@pytest.mark.parametrize(("side", "price"), [(BUY, 497), (SELL, 498)])
def test_a_midpoint_is_rounded_away_from_trading(bench: Bench, touch: tuple[int, int], side: Side, price: int) -> None:
    events = bench.submit(pegged(side, 500 if side == BUY else 480, 5, flags=MIDPOINT))
    assert told(events)[-1] == (AMENDED, price, 5)


def test_two_midpoints_meet_inside_the_spread(bench: Bench) -> None:
    bench.enter(buy(490, 10, account=8))
    bench.enter(sell(500, 10, account=8))
    buyer = bench.enter(pegged(BUY, 500, 5, flags=MIDPOINT))
    events = bench.submit(pegged(SELL, 480, 3, account=2, flags=MIDPOINT))
    assert kinds(events) == [ACCEPTED, AMENDED, TRADE]
    assert trades(events) == [(495, 3, buyer)]
    assert bench.depth() == ([(490, 10, 1)], [(500, 10, 1)])


def test_a_new_price_trades_with_what_it_meets_and_does_not_rest_crossed(bench: Bench, touch: tuple[int, int]) -> None:
    peg = bench.enter(pegged(BUY, 500, 5, flags=MIDPOINT))
    seller = bench.enter(sell(498, 3, account=2, flags=HIDDEN))
    events = bench.submit(buy(492, 1, account=8))
    assert told(events) == [(ACCEPTED, 492, 1), (AMENDED, 498, 5), (TRADE, 498, 3), (RESTED, 498, 2)]
    assert trades(events) == [(498, 3, seller)]
    assert events["order_id"][2] == peg


def test_pegs_of_one_new_price_queue_as_they_were_accepted(bench: Bench, touch: tuple[int, int]) -> None:
    first, second = bench.enter(pegged(BUY, 490, 5)), bench.enter(pegged(BUY, 500, 5))
    third = bench.enter(pegged(BUY, 500, 5))
    bench.submit(buy(495, 1, account=8))
    assert concealed_in(bench.shard, 1).hidden == [second, third, first]


def test_a_peg_without_a_price_waits_and_can_be_cancelled(bench: Bench, touch: tuple[int, int]) -> None:
    primary, midpoint = bench.enter(pegged(BUY, 500, 5)), bench.enter(pegged(SELL, 480, 5, flags=MIDPOINT))
    events = bench.submit(cancel(touch[0], account=8))
    assert told(events)[1:] == [(AMENDED, 500, 5), (AMENDED, 480, 5)]
    assert concealed_in(bench.shard, 1).unpriced == [primary, midpoint]
    assert trades(bench.submit(sell(400, 5, account=2, flags=CommandFlag.POST_ONLY))) == []
    (event,) = bench.submit(cancel(primary))
    assert event["flags"] == EventFlag.HIDDEN | EventFlag.LAST


def test_pegs_have_no_price_while_the_market_does_not_trade(bench: Bench, touch: tuple[int, int]) -> None:
    peg = bench.enter(pegged(BUY, 500, 5))
    assert kinds(bench.submit(market_state(MarketState.HALT))) == [EventKind.STATE, AMENDED]
    assert concealed_in(bench.shard, 1).unpriced == [peg]
    assert told(bench.submit(market_state(MarketState.CONTINUOUS)))[1:] == [(AMENDED, 490, 5)]
    assert concealed_in(bench.shard, 1).hidden == [peg]

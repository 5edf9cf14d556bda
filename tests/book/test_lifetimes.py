from __future__ import annotations

from typing import Any

import pytest

from tests.book.concealed import concealed_in
from tests.book.harness import Bench, ended, ids, kinds, open_bench, refusal, told, trades
from tests.factories import (
    amend,
    buy,
    cancel,
    define_symbol,
    extended,
    market,
    market_state,
    sell,
    stop,
    stop_limit,
    tick,
    trailing_stop,
)
from tradsys.book.audit import audit
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, EventFlag, EventKind, MarketState, OrderType, Side, TimeInForce

BUY, SELL = Side.BUY, Side.SELL
ACCEPTED, TERMS, TRADE, RESTED = EventKind.ACCEPTED, EventKind.TERMS, EventKind.TRADE, EventKind.RESTED
CANCELLED, STATE = EventKind.CANCELLED, EventKind.STATE
DAY, GTD, AT_OPEN, AT_CLOSE = TimeInForce.DAY, TimeInForce.GTD, TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE
OPENING, CLOSING = MarketState.OPENING_AUCTION, MarketState.CLOSING_AUCTION
CONTINUOUS, CLOSED = MarketState.CONTINUOUS, MarketState.CLOSED
RECORD_NS = 1000
"""The harness stamps a record with so much for each sequence number."""


def until(sequence: int, order: Any) -> tuple[Any, Any]:
    """The order, to expire at the time of the record with this sequence number."""
    order = order.copy()
    order["time_in_force"] = GTD
    return extended(order, expires_ns=sequence * RECORD_NS)


def test_an_order_expires_before_the_record_at_its_time_is_carried_out(bench: Bench) -> None:
    order = bench.enter(*until(bench.position + 4, buy(500, 10)))
    assert kinds(bench.submit(sell(500, 3, account=2))) == [ACCEPTED, TRADE]
    events = bench.submit(sell(500, 3, account=2))
    assert told(events) == [(CANCELLED, 500, 7), (ACCEPTED, 500, 3)]
    assert ended(events) == [(order, Reason.EXPIRED, 7)]
    assert events["log_sequence"].tolist() == [bench.position] * 2
    assert events["timestamp_ns"].tolist() == [bench.position * RECORD_NS] * 2
    assert bench.depth() == ([], [(500, 3, 1)])


def test_an_order_is_still_there_for_the_record_before_its_time(bench: Bench) -> None:
    order = bench.enter(*until(bench.position + 4, buy(500, 10)))
    bench.submit(tick())
    bench_events = bench.carry_out(record_just_before(bench, sell(500, 10, account=2)))
    assert trades(bench_events) == [(500, 10, order)]


def record_just_before(bench: Bench, command: Any) -> Any:
    """The command as the next record, a nanosecond earlier than the harness would stamp it."""
    record = command.copy()
    record["sequence"] = bench.position + 1
    record["timestamp_ns"] = (bench.position + 1) * RECORD_NS - 1
    return record


def test_the_earliest_expiry_comes_first_and_of_equal_ones_the_lower_id(bench: Bench) -> None:
    at = bench.position + 20
    late = bench.enter(*until(at, buy(500)))
    hidden = bench.enter(*until(at - 1, buy(499, flags=CommandFlag.HIDDEN)))
    waiting = bench.enter(*until(at, stop_limit(BUY, 600, 600)))
    cancelled = bench.enter(*until(at - 2, buy(498)))
    bench.submit(cancel(cancelled))
    events = bench.submit(*[tick()] * (at - bench.position))
    assert [order_id for order_id, _, _ in ended(events)] == [hidden, late, waiting]
    assert {reason for _, reason, _ in ended(events)} == {Reason.EXPIRED}
    assert bench.live_orders == 0


def test_an_order_that_has_expired_already_is_refused(bench: Bench) -> None:
    sequence = bench.position + 2
    assert refusal(bench.submit(*until(sequence, buy(500)))) == Reason.ALREADY_EXPIRED
    assert refusal(bench.submit(*until(0, buy(500)))) == Reason.INVALID_ORDER


def test_an_expired_order_is_not_found_and_its_slot_goes_to_another(bench: Bench) -> None:
    order = bench.enter(*until(bench.position + 3, buy(500)))
    assert ended(bench.submit(tick())) == [(order, Reason.EXPIRED, 10)]
    heir = bench.enter(buy(490))
    assert refusal(bench.submit(amend(order, quantity_lots=5))) == Reason.UNKNOWN_ORDER
    assert [each.order_id for each in bench.resting()] == [heir]


def test_even_a_frozen_auction_and_another_symbols_record_let_time_pass(bench: Bench) -> None:
    order = bench.enter(*until(bench.position + 5, buy(500)))
    bench.submit(market_state(MarketState.FROZEN))
    bench.submit(define_symbol(2))
    events = bench.submit(buy(500, symbol=2))
    assert ended(events) == [(order, Reason.EXPIRED, 10)]
    assert events["symbol"].tolist() == [1, 2]


def test_day_orders_end_when_the_symbol_closes_and_others_stay(bench: Bench) -> None:
    bench.enter(buy(480, 1))
    day = [
        bench.enter(buy(490, 2, time_in_force=DAY)),
        bench.enter(stop(SELL, 450, 3, time_in_force=DAY)),
        bench.enter(sell(520, 4, time_in_force=DAY, flags=CommandFlag.HIDDEN)),
        bench.enter(trailing_stop(SELL, 60, 5, time_in_force=DAY)),
    ]
    bench.submit(market_state(MarketState.HALT))
    events = bench.submit(market_state(CLOSED))
    assert kinds(events) == [STATE, *[CANCELLED] * 4]
    assert ended(events) == [(order, Reason.DAY_ENDED, 2 + number) for number, order in enumerate(day)]
    assert bench.depth() == ([(480, 1, 1)], [])
    assert concealed_in(bench.shard, 1).hidden == []
    assert bench.live_orders == 1


def test_orders_at_the_open_trade_in_the_opening_auction_only() -> None:
    bench = open_bench(OPENING)
    buyer = bench.enter(buy(505, 5, time_in_force=AT_OPEN))
    seller = bench.enter(market(SELL, 8, time_in_force=AT_OPEN))
    events = bench.submit(market_state(CONTINUOUS))
    assert kinds(events) == [TRADE, STATE, CANCELLED]
    assert trades(events) == [(500, 5, seller)]  # of 1 to 505 the price nearest to the reference
    assert ids(events, TRADE) == [buyer]
    assert events["flags"][0] & EventFlag.AUCTION
    assert ended(events) == [(seller, Reason.AUCTION_REST, 3)]
    assert refusal(bench.submit(buy(505, time_in_force=AT_OPEN))) == Reason.NOT_ALLOWED_IN_STATE
    assert bench.live_orders == 0
    audit(bench.shard)


def test_orders_at_the_close_wait_unseen_until_the_closing_auction() -> None:
    bench = open_bench()
    limit = bench.enter(buy(505, 5, time_in_force=AT_CLOSE))
    rest = bench.enter(market(BUY, 4, time_in_force=AT_CLOSE))
    seller = bench.enter(sell(505, 6, account=2))
    assert bench.depth() == ([], [(505, 6, 1)])
    assert concealed_in(bench.shard, 1).parked == [limit, rest]
    assert trades(bench.submit(sell(400, 1, account=3, time_in_force=TimeInForce.IOC))) == []
    events = bench.submit(market_state(CLOSING))
    assert told(events)[1:] == [(RESTED, 505, 5), (RESTED, 1000, 4)]
    events = bench.submit(market_state(CLOSED))
    assert trades(events) == [(505, 4, seller), (505, 2, seller)]
    assert ids(events, TRADE) == [rest, limit]
    assert ended(events) == [(limit, Reason.AUCTION_REST, 3)]
    assert bench.live_orders == 0
    audit(bench.shard)


def test_an_order_at_the_close_can_be_cancelled_before(bench: Bench) -> None:
    order = bench.enter(buy(505, 5, time_in_force=AT_CLOSE))
    assert ended(bench.submit(cancel(order))) == [(order, Reason.CANCELLED_BY_CLIENT, 5)]
    assert kinds(bench.submit(market_state(CLOSING))) == [STATE]


@pytest.mark.parametrize("time_in_force", [AT_OPEN, AT_CLOSE])
def test_an_order_for_an_auction_takes_no_other_option(time_in_force: TimeInForce) -> None:
    bench = open_bench(OPENING)
    for flags in (CommandFlag.HIDDEN, CommandFlag.POST_ONLY):
        assert refusal(bench.submit(buy(505, time_in_force=time_in_force, flags=flags))) == Reason.INVALID_ORDER
    stops = stop(BUY, 510, time_in_force=time_in_force)
    assert stops["order_type"] == OrderType.STOP
    assert refusal(bench.submit(stops)) == Reason.INVALID_ORDER

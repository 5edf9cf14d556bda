from __future__ import annotations

import pytest

from tests import factories as make
from tests.reference.desk import Desk, ended, kinds, told, trades
from tradsys.reasons import Reason
from tradsys.records import EventFlag, EventKind, Link, MarketState, SelfTrade, Side, TimeInForce

BUY, SELL = Side.BUY, Side.SELL
ACCEPTED, TERMS, TRADE, RESTED = EventKind.ACCEPTED, EventKind.TERMS, EventKind.TRADE, EventKind.RESTED
CANCELLED, TRIGGERED, AMENDED = EventKind.CANCELLED, EventKind.TRIGGERED, EventKind.AMENDED
CANCELS, TRIGGERS = Link.ONE_CANCELS_OTHER, Link.ONE_TRIGGERS_OTHER
LINKED = Reason.LINKED_ORDER


def pair(desk: Desk) -> tuple[int, int]:
    """A seller at 510 and, of the same account, a stop at 490: one cancels the other."""
    accepted, leg, _ = desk.send(*make.linked(CANCELS, make.sell(510, 10), make.stop(SELL, 490, 10)))
    return accepted.order_id, leg.order_id


def bracket(desk: Desk, quantity_lots: int = 10) -> tuple[int, int, int]:
    """A buyer at 490; then a seller at 510 and a stop at 480 of which one cancels the other."""
    records = make.linked(TRIGGERS, make.buy(490, quantity_lots), make.sell(510, 10), make.stop(SELL, 480, 10))
    events = [event for event in desk.send(*records) if event.kind == ACCEPTED]
    first, second, third = (event.order_id for event in events)
    return first, second, third


def test_a_leg_is_accepted_and_acts_after_the_order(desk: Desk) -> None:
    events = desk.send(*make.linked(CANCELS, make.sell(510, 10), make.buy(490, 5)))
    assert told(events) == [(ACCEPTED, 510, 10), (ACCEPTED, 490, 5), (RESTED, 490, 5)]
    assert [event.flags & EventFlag.RESTING for event in events] == [4, 0, 4]
    assert [event.order_id & 0xFF for event in events] == [1, 2, 2]


def test_the_first_trade_of_one_ends_the_other(desk: Desk) -> None:
    limit, stop = pair(desk)
    events = desk.send(make.buy(510, 1, account=2))
    assert kinds(events) == [ACCEPTED, TRADE, CANCELLED]
    assert ended(events) == [(stop, LINKED, 10)]
    assert desk.order(limit).leaves_lots == 9
    assert kinds(desk.send(make.buy(510, 1, account=2))) == [ACCEPTED, TRADE]


def test_the_firing_of_one_ends_the_other_before_it_acts(desk: Desk) -> None:
    limit, stop = pair(desk)
    desk.send(make.buy(490, 4, account=2))
    events = desk.send(make.sell(490, 1, account=3))
    assert kinds(events) == [ACCEPTED, TRADE, TRIGGERED, CANCELLED, TRADE, CANCELLED]
    assert ended(events) == [(limit, LINKED, 10), (stop, Reason.MARKET_REST, 7)]


def test_the_other_of_a_new_pair_acts_before_those_whose_turn_the_first_one_brings(desk: Desk) -> None:
    _entry, waiting = desk.send(*make.linked(TRIGGERS, make.buy(490, 10), make.sell(505, 10)))
    desk.send(make.sell(490, 5, account=2))
    seller = make.sell(490, 3, self_trade=SelfTrade.CANCEL_MAKER)
    events = desk.send(*make.linked(CANCELS, seller, make.buy(480, 3)))
    first, other = (event.order_id for event in events if event.kind == ACCEPTED)
    assert [event.order_id for event in events if event.kind == RESTED] == [first, other, waiting.order_id]


@pytest.mark.parametrize("which", [0, 1])
def test_the_end_of_one_ends_the_other(desk: Desk, which: int) -> None:
    orders = pair(desk)
    events = desk.send(make.cancel(orders[which]))
    assert ended(events) == [
        (orders[which], Reason.CANCELLED_BY_CLIENT, 10),
        (orders[1 - which], LINKED, 10),
    ]
    assert events[0].flags == EventFlag.SELL | (EventFlag.WAS_RESTING if which == 0 else 0)


def test_a_taker_whose_first_trade_ends_its_leg_leaves_it_no_turn(desk: Desk) -> None:
    desk.enter(make.buy(510, 4, account=2))
    events = desk.send(*make.linked(CANCELS, make.sell(510, 10), make.buy(490, 10)))
    assert kinds(events) == [ACCEPTED, ACCEPTED, TRADE, CANCELLED, RESTED]
    assert desk.depth() == ([], [(510, 6)])


def test_what_a_trade_means_for_the_maker_comes_before_what_it_means_for_the_taker(desk: Desk) -> None:
    _, stop = pair(desk)
    events = desk.send(*make.linked(CANCELS, make.buy(510, 5, account=2), make.stop(BUY, 900, account=2)))
    assert kinds(events) == [ACCEPTED, ACCEPTED, TERMS, TRADE, CANCELLED, CANCELLED]
    assert [order_id for order_id, _, _ in ended(events)] == [stop, events[1].order_id]


@pytest.mark.parametrize("mode", list(SelfTrade))
def test_an_order_does_not_trade_with_the_one_that_it_cancels(desk: Desk, mode: SelfTrade) -> None:
    worse = desk.enter(make.sell(505, 3, account=2))
    events = desk.send(*make.linked(CANCELS, make.sell(500, 10), make.buy(505, 4, self_trade=mode)))
    assert told(events) == [
        (ACCEPTED, 500, 10),
        (ACCEPTED, 505, 4),
        (CANCELLED, 500, 10),
        (TRADE, 505, 3),
        (RESTED, 505, 1),
    ]
    assert ended(events) == [(events[0].order_id, LINKED, 10)]
    assert trades(events) == [(505, 3, worse)]


def test_legs_wait_for_the_end_of_their_order(desk: Desk) -> None:
    first, limit, stop = bracket(desk)
    assert kinds(desk.send(make.sell(490, 4, account=2))) == [ACCEPTED, TRADE]
    assert desk.venue.waiting(1).behind_another == [desk.order(limit), desk.order(stop)]
    events = desk.send(make.sell(490, 6, account=2))
    assert told(events) == [
        (ACCEPTED, 490, 6),
        (TRADE, 490, 6),
        (TRIGGERED, 510, 10),
        (TRIGGERED, 0, 10),
        (RESTED, 510, 10),
    ]
    assert desk.depth() == ([], [(510, 10)])
    assert desk.venue.waiting(1).below == [desk.order(stop)]
    assert ended(desk.send(make.buy(510, 1, account=2))) == [(stop, LINKED, 10)]
    assert first not in desk.venue.orders


def test_legs_have_at_most_what_filled_of_their_order(desk: Desk) -> None:
    first, limit, stop = bracket(desk)
    desk.send(make.sell(490, 4, account=2))
    events = desk.send(make.cancel(first))
    assert told(events) == [(CANCELLED, 490, 6), (TRIGGERED, 510, 4), (TRIGGERED, 0, 4), (RESTED, 510, 4)]
    assert desk.order(stop).leaves_lots == 4
    assert desk.order(limit).leaves_lots == 4


def test_legs_of_an_order_that_never_filled_end_with_it(desk: Desk) -> None:
    first, limit, stop = bracket(desk)
    events = desk.send(make.cancel(first))
    assert ended(events) == [(first, Reason.CANCELLED_BY_CLIENT, 10), (limit, LINKED, 10), (stop, LINKED, 10)]


def test_legs_cancel_each_other_while_they_wait(desk: Desk) -> None:
    first, limit, stop = bracket(desk)
    assert ended(desk.send(make.cancel(stop))) == [(stop, Reason.CANCELLED_BY_CLIENT, 10), (limit, LINKED, 10)]
    assert kinds(desk.send(make.sell(490, 10, account=2))) == [ACCEPTED, TRADE]
    assert first not in desk.venue.orders


def test_legs_of_a_taker_act_after_its_sweep(desk: Desk) -> None:
    for price in (490, 495):
        desk.enter(make.sell(price, 3, account=2))
    events = desk.send(*make.linked(TRIGGERS, make.market(BUY, 10), make.sell(485, 10)))
    assert told(events) == [
        (ACCEPTED, 0, 10),
        (ACCEPTED, 485, 10),
        (TRADE, 490, 3),
        (TRADE, 495, 3),
        (CANCELLED, 0, 4),
        (TRIGGERED, 485, 6),
        (RESTED, 485, 6),
    ]


def test_a_leg_with_a_trigger_that_is_reached_fires_when_its_turn_comes(desk: Desk) -> None:
    events = desk.send(*make.linked(TRIGGERS, make.buy(500, 5), make.stop_limit(SELL, 505, 400, 5)))
    assert kinds(events) == [ACCEPTED, ACCEPTED, TERMS]
    events = desk.send(make.sell(500, 5, account=2))
    assert kinds(events) == [ACCEPTED, TRADE, TRIGGERED, TRIGGERED, RESTED]


def test_a_trailing_leg_follows_from_the_moment_it_begins_to_wait(desk: Desk) -> None:
    events = desk.send(*make.linked(TRIGGERS, make.buy(450, 5), make.trailing_stop(SELL, 10, 5)))
    assert events[-1].price_ticks == 490
    leg = events[1].order_id
    desk.send(make.sell(450, 5, account=2))
    assert desk.order(leg).trigger_ticks == 440


def test_orders_whose_turn_comes_in_a_halt_act_after_it(desk: Desk) -> None:
    first, limit, stop = bracket(desk)
    desk.send(make.sell(490, 4, account=2), make.market_state(MarketState.HALT))
    assert kinds(desk.send(make.cancel(first))) == [CANCELLED, TRIGGERED, TRIGGERED]
    assert desk.venue.waiting(1).queue == [desk.order(limit), desk.order(stop)]
    assert desk.depth() == ([], [])
    assert kinds(desk.send(make.market_state(MarketState.PRE_OPEN))) == [EventKind.STATE, RESTED]
    assert desk.venue.waiting(1).below == [desk.order(stop)]


def test_a_queued_order_can_be_cancelled(desk: Desk) -> None:
    first, limit, stop = bracket(desk)
    desk.send(make.sell(490, 4, account=2), make.market_state(MarketState.CLOSED), make.cancel(first))
    assert ended(desk.send(make.cancel(limit))) == [(limit, Reason.CANCELLED_BY_CLIENT, 4), (stop, LINKED, 4)]
    assert desk.venue.waiting(1).queue == []


def test_a_waiting_leg_is_amended_without_losing_anything(desk: Desk) -> None:
    _, limit, _ = bracket(desk)
    (event,) = desk.send(make.amend(limit, price_ticks=505, quantity_lots=20))
    assert (event.kind, event.flags) == (AMENDED, EventFlag.SELL | EventFlag.KEPT_PRIORITY | EventFlag.LAST)
    assert (event.price_ticks, event.previous_price_ticks) == (505, 510)
    assert (event.quantity_lots, event.previous_quantity_lots) == (20, 10)


def test_the_slot_of_an_order_is_free_before_its_links_are_followed(desk: Desk) -> None:
    limit, stop = pair(desk)
    desk.send(make.cancel(limit))
    assert [desk.enter(make.buy(400)) & 0xFF for _ in range(2)] == [stop & 0xFF, limit & 0xFF]


def test_an_auction_ends_partners_as_it_trades(desk: Desk) -> None:
    desk.send(make.market_state(MarketState.OPENING_AUCTION))
    buyer = desk.enter(*make.linked(CANCELS, make.buy(510, 5), make.stop(SELL, 300)))
    seller = desk.enter(make.sell(490, 5, account=2))
    events = desk.send(make.market_state(MarketState.CONTINUOUS))
    assert kinds(events) == [TRADE, CANCELLED, EventKind.STATE]
    assert trades(events) == [(500, 5, seller)]
    assert buyer not in desk.venue.orders


def test_what_partners_leave_crossed_when_they_end_trades_at_a_price_of_its_own(desk: Desk) -> None:
    desk.send(make.market_state(MarketState.OPENING_AUCTION))
    # The large buyer at 510 makes the price 500 and is gone with its partner's first trade.
    large = desk.send(*make.linked(CANCELS, make.buy(510, 30, account=3), make.sell(480, 1, account=3)))[0].order_id
    seller = desk.enter(make.sell(490, 10, account=2))
    desk.enter(make.sell(500, 9, account=2))
    desk.enter(make.buy(495, 10))
    events = desk.send(make.market_state(MarketState.CONTINUOUS))
    assert kinds(events) == [TRADE, CANCELLED, TRADE, EventKind.STATE]
    assert ended(events) == [(large, LINKED, 29)]
    assert trades(events)[0][:2] == (500, 1)
    assert trades(events)[1] == (495, 10, seller)
    assert (events[-1].price_ticks, events[-1].quantity_lots) == (495, 11)
    assert not desk.venue.markets[1].book.is_crossed()


def test_a_day_leg_ends_when_the_symbol_closes(desk: Desk) -> None:
    records = make.linked(TRIGGERS, make.buy(490, 10), make.sell(510, time_in_force=TimeInForce.DAY))
    leg = desk.send(*records)[1].order_id
    assert ended(desk.send(make.market_state(MarketState.CLOSED))) == [(leg, Reason.DAY_ENDED, 10)]

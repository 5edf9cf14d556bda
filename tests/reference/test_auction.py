from __future__ import annotations

import random

import pytest

from tests import factories as make
from tests.reference.desk import Desk, told
from tradsys.reasons import Reason
from tradsys.records import CommandFlag, EventFlag, EventKind, MarketState, Side, TimeInForce

COLLECTING = [MarketState.PRE_OPEN, MarketState.OPENING_AUCTION, MarketState.CLOSING_AUCTION]


def uncross(desk: Desk) -> tuple[int, int]:
    """Price and volume of the auction that ends now."""
    event = desk.send(make.market_state(MarketState.CONTINUOUS))[-1]
    assert event.kind == EventKind.STATE
    return event.price_ticks, event.quantity_lots


@pytest.mark.parametrize("state", COLLECTING)
def test_orders_rest_crossed_while_an_auction_collects(state: MarketState) -> None:
    desk = Desk(state)
    desk.enter(make.buy(510))
    (event,) = desk.send(make.sell(490))
    assert event.flags & EventFlag.RESTING
    for order in (
        make.market(Side.BUY),
        make.buy(500, time_in_force=TimeInForce.IOC),
        make.buy(500, time_in_force=TimeInForce.FOK),
        make.buy(500, flags=CommandFlag.POST_ONLY),
    ):
        assert desk.send(order)[0].reason == Reason.NOT_ALLOWED_IN_AUCTION


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        # Greatest volume: 20 trade at 502 to 504.
        ([make.buy(504, 20), make.sell(502, 20), make.sell(505, 5)], (502, 20)),
        # Smallest surplus: 10 trade at 501 and at 502, with 5 and with 0 left over.
        ([make.buy(502, 10), make.buy(501, 5), make.sell(501, 10)], (502, 10)),
        # Nearest to the reference of 500, from below and from above.
        ([make.buy(498, 5), make.sell(490, 5)], (498, 5)),
        ([make.buy(510, 5), make.sell(503, 5)], (503, 5)),
        ([make.buy(510, 5), make.sell(490, 5)], (500, 5)),
        # A surplus of 5 buyers at 501 and of 5 sellers at 502 are equally small: again the nearest.
        ([make.buy(502, 10), make.buy(501, 5), make.sell(501, 10), make.sell(502, 5)], (501, 10)),
        # Nothing crosses.
        ([make.buy(499, 5), make.sell(500, 5)], (0, 0)),
    ],
)
def test_the_auction_price(orders: list[object], expected: tuple[int, int]) -> None:
    desk = Desk(MarketState.OPENING_AUCTION)
    for order in orders:
        desk.enter(order.copy())  # type: ignore[attr-defined]
    assert uncross(desk) == expected


def test_both_sides_are_paired_in_price_time_order_and_the_rest_stays() -> None:
    desk = Desk(MarketState.OPENING_AUCTION)
    buyers = [desk.enter(make.buy(500, 6)), desk.enter(make.buy(502, 5)), desk.enter(make.buy(500, 9))]
    sellers = [desk.enter(make.sell(499, 4, account=2)), desk.enter(make.sell(500, 8, account=2))]
    *trades, state = desk.send(make.market_state(MarketState.CONTINUOUS))
    pairs = [(event.order_id, event.counter_order_id, event.price_ticks, event.quantity_lots) for event in trades]
    assert pairs == [
        (buyers[1], sellers[0], 500, 4),
        (buyers[1], sellers[1], 500, 1),
        (buyers[0], sellers[1], 500, 6),
        (buyers[2], sellers[1], 500, 1),
    ]
    done, filled = EventFlag.ORDER_DONE, EventFlag.COUNTER_DONE
    assert [event.flags & ~EventFlag.AUCTION for event in trades] == [filled, done, done, filled]
    assert (trades[0].account, trades[0].counter_account) == (1, 2)
    assert told([state]) == [(EventKind.STATE, 500, 12)]
    assert desk.depth() == ([(500, 8)], [])


def test_the_auction_price_becomes_the_reference() -> None:
    desk = Desk(MarketState.OPENING_AUCTION)
    desk.enter(make.buy(520))
    desk.enter(make.sell(510))
    assert uncross(desk) == (510, 10)
    desk.send(make.market_state(MarketState.CLOSING_AUCTION))
    desk.enter(make.buy(520))
    desk.enter(make.sell(490))
    assert uncross(desk) == (510, 10)


def test_a_state_command_with_a_price_sets_the_reference() -> None:
    desk = Desk(MarketState.PRE_OPEN)
    desk.send(make.market_state(MarketState.OPENING_AUCTION, price_ticks=515))
    desk.enter(make.buy(520))
    desk.enter(make.sell(490))
    assert uncross(desk) == (515, 10)


def test_a_halted_auction_uncrosses_before_it_halts() -> None:
    desk = Desk(MarketState.CLOSING_AUCTION)
    desk.enter(make.buy(505))
    desk.enter(make.sell(495))
    *_, state = desk.send(make.market_state(MarketState.HALT))
    assert (state.counter_account, state.quantity_lots) == (MarketState.HALT, 10)


def test_the_indication_is_told_at_a_tick_and_only_when_it_has_changed() -> None:
    desk = Desk(MarketState.OPENING_AUCTION)
    assert desk.send(make.tick()) == []
    desk.enter(make.buy(505, 12))
    assert desk.send(make.tick()) == []
    seller = desk.enter(make.sell(495, 10))
    (event,) = desk.send(make.tick())
    assert (event.price_ticks, event.quantity_lots, event.order_id) == (500, 10, 2)
    assert desk.send(make.tick()) == []
    desk.send(make.cancel(seller))
    (event,) = desk.send(make.tick())
    assert (event.price_ticks, event.quantity_lots, event.order_id) == (0, 0, 0)


def test_an_uncrossed_book_is_never_crossed_and_the_volume_is_the_greatest_possible(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(50):
        desk = Desk(MarketState.OPENING_AUCTION)
        orders = [(dice.randrange(2), dice.randint(480, 520), dice.randint(1, 30)) for _ in range(dice.randrange(40))]
        for side, price, quantity in orders:
            desk.enter(make.new_order(Side(side), price, quantity))
        possible = [
            min(
                sum(quantity for side, price, quantity in orders if side == Side.BUY and price >= tick),
                sum(quantity for side, price, quantity in orders if side == Side.SELL and price <= tick),
            )
            for tick in range(480, 521)
        ]
        _, volume = uncross(desk)
        assert volume == max(possible)
        assert not desk.venue.markets[1].book.is_crossed()

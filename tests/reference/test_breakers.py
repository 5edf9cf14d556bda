"""What a circuit breaker does to a symbol's state."""

from __future__ import annotations

from typing import Any

import pytest

from tests import factories as make
from tests.reference.desk import Desk, ended, kinds, refusal, told, trades
from tradsys.reasons import Reason
from tradsys.records import EventFlag, EventKind, Kind, MarketState, Side, TimeInForce
from tradsys.risk.terms import Transition

TRIP, HALF_OPEN, RESET = Transition.TRIP, Transition.HALF_OPEN, Transition.RESET
TRADE, STATE, CANCELLED = EventKind.TRADE, EventKind.STATE, EventKind.CANCELLED
OPENING, CLOSING = MarketState.OPENING_AUCTION, MarketState.CLOSING_AUCTION
CONTINUOUS, HALT, FROZEN = MarketState.CONTINUOUS, MarketState.HALT, MarketState.FROZEN


def breaks(desk: Desk, *transitions: Transition) -> list[Any]:
    """Send these transitions; gives the states that were told, each of which must name the breaker."""
    states = []
    for transition in transitions:
        events = desk.send(make.breaker(transition))
        (state,) = [event for event in events if event.kind == STATE]
        assert (state.reason, state.symbol) == (Reason.CIRCUIT_BREAKER, 1)
        assert events[-1].flags & EventFlag.LAST
        states.append(MarketState(state.counter_account))
    return states


@pytest.mark.parametrize(
    ("transitions", "states"),
    [
        ([TRIP], [HALT]),
        ([TRIP, TRIP], [HALT, HALT]),
        ([TRIP, RESET], [HALT, CONTINUOUS]),
        ([TRIP, HALF_OPEN, RESET], [HALT, OPENING, CONTINUOUS]),
        ([TRIP, HALF_OPEN, HALF_OPEN], [HALT, OPENING, OPENING]),
        ([TRIP, HALF_OPEN, TRIP, RESET], [HALT, OPENING, HALT, CONTINUOUS]),
        ([TRIP, RESET, HALF_OPEN], [HALT, CONTINUOUS, CONTINUOUS]),
        ([RESET, HALF_OPEN], [CONTINUOUS, CONTINUOUS]),
    ],
)
def test_what_a_breaker_does_to_a_symbol_that_trades(
    desk: Desk, transitions: list[Transition], states: list[MarketState]
) -> None:
    assert breaks(desk, *transitions) == states
    assert desk.venue.markets[1].state == states[-1]


def test_a_symbol_that_is_halted_takes_no_order_and_trades_nothing(desk: Desk) -> None:
    resting = desk.enter(make.buy(500, 10))
    breaks(desk, TRIP)
    for refused in (make.sell(500, 4, account=2), make.buy(400, 1), make.amend(resting, price_ticks=501)):
        assert refusal(desk.send(refused)) == Reason.SYMBOL_NOT_OPEN
    assert kinds(desk.send(make.tick(), make.breaker(TRIP))) == [STATE]
    breaks(desk, RESET)
    assert trades(desk.send(make.sell(500, 4, account=2))) == [(500, 4, resting)]


@pytest.mark.parametrize("state", [MarketState.PRE_OPEN, FROZEN, HALT, MarketState.CLOSED])
def test_a_breaker_leaves_every_other_state_alone(desk: Desk, state: MarketState) -> None:
    desk.send(make.market_state(state))
    assert breaks(desk, TRIP, HALF_OPEN, RESET) == [state] * 3


@pytest.mark.parametrize("state", [HALT, OPENING])
def test_a_state_command_ends_what_a_breaker_began(desk: Desk, state: MarketState) -> None:
    for begun in ([TRIP], [TRIP, HALF_OPEN]):
        desk.send(make.market_state(CONTINUOUS))
        breaks(desk, *begun)
        desk.send(make.market_state(state))
        assert breaks(desk, RESET, HALF_OPEN) == [state, state]


def crossed(desk: Desk, auction: MarketState, time_in_force: TimeInForce) -> tuple[int, int]:
    """An auction with a buyer of 10, for this auction only, and a seller of 4; gives their ids."""
    desk.send(make.market_state(auction))
    return desk.enter(make.buy(500, 10, time_in_force=time_in_force)), desk.enter(make.sell(490, 4, account=2))


AUCTIONS = [(OPENING, TimeInForce.AT_OPEN), (CLOSING, TimeInForce.AT_CLOSE)]


@pytest.mark.parametrize(("auction", "time_in_force"), AUCTIONS)
def test_an_auction_is_halted_as_it_is_and_uncrossed_by_the_reset(
    desk: Desk, auction: MarketState, time_in_force: TimeInForce
) -> None:
    buyer, seller = crossed(desk, auction, time_in_force)
    (event,) = desk.send(make.breaker(TRIP))
    assert (event.counter_account, event.price_ticks, event.quantity_lots) == (HALT, 0, 0)
    assert refusal(desk.send(make.buy(500))) == Reason.SYMBOL_NOT_OPEN
    assert desk.send(make.tick()) == []
    events = desk.send(make.breaker(RESET))
    assert told(events) == [(TRADE, 500, 4), (STATE, 500, 4), (CANCELLED, 500, 6)]
    assert (events[1].reason, events[1].counter_account) == (Reason.CIRCUIT_BREAKER, CONTINUOUS)
    assert trades(events) == [(500, 4, seller)]
    assert ended(events) == [(buyer, Reason.AUCTION_REST, 6)]


@pytest.mark.parametrize("state", [CONTINUOUS, HALT, MarketState.CLOSED])
@pytest.mark.parametrize(("auction", "time_in_force"), AUCTIONS)
def test_a_state_command_uncrosses_an_auction_that_was_halted(
    desk: Desk, auction: MarketState, time_in_force: TimeInForce, state: MarketState
) -> None:
    buyer, _ = crossed(desk, auction, time_in_force)
    breaks(desk, TRIP)
    events = desk.send(make.market_state(state))
    assert told(events) == [(TRADE, 500, 4), (STATE, 500, 4), (CANCELLED, 500, 6)]
    assert events[1].reason == 0
    assert ended(events) == [(buyer, Reason.AUCTION_REST, 6)]


def test_an_auction_that_was_halted_can_go_on_half_open(desk: Desk) -> None:
    crossed(desk, OPENING, TimeInForce.AT_OPEN)
    breaks(desk, TRIP)
    assert kinds(desk.send(make.breaker(HALF_OPEN))) == [STATE]
    (indication,) = desk.send(make.tick())
    assert (indication.kind, indication.quantity_lots) == (EventKind.INDICATION, 4)
    desk.enter(make.sell(490, 6, account=2))
    assert [lots for _, lots, _ in trades(desk.send(make.breaker(RESET)))] == [4, 6]


def test_triggers_see_only_the_price_that_there_is_after_a_breaker(desk: Desk) -> None:
    desk.trade_at(520)
    desk.trade_at(500)
    stop = desk.enter(make.stop(Side.BUY, 520))
    assert breaks(desk, TRIP, RESET) == [HALT, CONTINUOUS]
    assert stop in desk.venue.orders


def test_a_breaker_is_refused_by_whom_it_names(desk: Desk) -> None:
    assert refusal(desk.send(make.breaker(TRIP, symbol=9))) == Reason.UNKNOWN_SYMBOL
    for transition in (0, 4, 255):
        record = make.ledger_record(Kind.BREAKER, transition=transition, symbol=1)
        assert refusal(desk.send(record)) == Reason.INVALID_BREAKER
    assert kinds(desk.send(make.breaker(TRIP, symbol=0))) == [EventKind.RECORDED]
    assert desk.venue.markets[1].state == CONTINUOUS

"""Circuit breakers: what trips them, what they stop, and how they recover by the log's time."""

from __future__ import annotations

import pytest

from tests import factories
from tests.factories import amend, buy, sell
from tests.risk.hall import ALICE, BOB, QUOTE, RiskHall, contract
from tradsys.reasons import Reason
from tradsys.records import MarketState
from tradsys.reference.risk.outbox import BreakerRecord
from tradsys.risk.terms import Cause, Limit, Transition

TRIP, HALF_OPEN, RESET = Transition.TRIP, Transition.HALF_OPEN, Transition.RESET


def tripped(cause: Cause, symbol: int = 1) -> list[BreakerRecord]:
    """What is logged when one breaker trips."""
    return [BreakerRecord(symbol, TRIP, cause)]


def quiet(hall: RiskHall, *prices: int, apart_ms: int = 0) -> None:
    """Trades of a lot at these prices, so much time apart, trip nothing."""
    for place, price in enumerate(prices):
        hall.wait(apart_ms if place else 0)
        hall.trade(price, 1)
    assert hall.logged() == []


@pytest.fixture
def two(hall: RiskHall) -> RiskHall:
    """Symbol 2 is settled in the same assets, symbol 3 is not settled."""
    hall.open_symbol(2, contract())
    hall.send(factories.define_symbol(3))
    return hall


# What trips a symbol's.


def test_a_price_that_has_moved_too_far_trips(hall: RiskHall) -> None:
    hall.breaker_rules(price_move_bps=200, window_ms=8)
    # 2 % of 500 are 10.
    quiet(hall, 500, 510, 490)
    hall.trade(511, 1)
    assert hall.logged() == tripped(Cause.PRICE_MOVE)


def test_the_move_is_from_the_first_price_in_the_window(hall: RiskHall) -> None:
    hall.breaker_rules(price_move_bps=200, window_ms=8)
    # With the third the first is out of the window.
    quiet(hall, 500, 505, 515, apart_ms=4)
    hall.trade(516, 1)
    assert hall.logged() == tripped(Cause.PRICE_MOVE)


def test_prices_that_go_to_and_fro_trip(hall: RiskHall) -> None:
    hall.breaker_rules(price_move_bps=200, volatility_bps=500, window_ms=8)
    # 24 of 25.
    quiet(hall, 500, 508, 500, 508)
    hall.trade(506, 1)
    assert hall.logged() == tripped(Cause.VOLATILITY)


def test_a_step_from_what_has_left_the_window_is_none(hall: RiskHall) -> None:
    hall.breaker_rules(volatility_bps=500, window_ms=8)
    # Of 419 at last: 19 of 20.
    quiet(hall, 400, 419, 438, apart_ms=4)
    hall.trade(440, 1)
    assert hall.logged() == tripped(Cause.VOLATILITY)


def test_too_much_volume_trips(hall: RiskHall) -> None:
    hall.breaker_rules(volume=10, window_ms=8)
    hall.trade(500, 10)
    assert hall.logged() == []
    hall.wait(8)
    hall.trade(500, 10)
    assert hall.logged() == []
    hall.wait(7)
    hall.trade(500, 1)
    assert hall.logged() == tripped(Cause.VOLUME)


def test_the_first_cause_that_applies_is_told(hall: RiskHall) -> None:
    hall.breaker_rules(price_move_bps=1, volatility_bps=1, volume=1, window_ms=8)
    hall.trade(500, 1)
    hall.trade(501, 1)
    assert hall.logged() == tripped(Cause.PRICE_MOVE)


def test_an_auction_does_not_count(hall: RiskHall) -> None:
    hall.breaker_rules(volume=10, window_ms=8)
    hall.send(factories.market_state(MarketState.OPENING_AUCTION))
    hall.enter(buy(500, 20))
    hall.enter(sell(500, 20, account=BOB))
    hall.send(factories.market_state(MarketState.CONTINUOUS))
    hall.trade(500, 10)
    assert hall.logged() == []


def test_new_rules_begin_with_an_empty_window(hall: RiskHall) -> None:
    hall.breaker_rules(volume=10, window_ms=8)
    hall.trade(500, 10)
    hall.breaker_rules(volume=10, window_ms=9)
    hall.trade(500, 10)
    assert hall.logged() == []
    hall.trade(500, 1)
    assert hall.logged() == tripped(Cause.VOLUME)


def test_a_symbol_that_is_not_settled_trips_by_hand_only(two: RiskHall) -> None:
    two.breaker_rules(symbol=3, volume=1, window_ms=8, halt_ms=5)
    two.trade(500, 10, symbol=3)
    assert two.logged() == []
    two.breaker(TRIP, symbol=3)
    two.tick(ms=5)
    assert two.logged() == [BreakerRecord(3, RESET, Cause.TIME)]


def test_it_trips_once_though_the_market_goes_on_until_the_record_is_logged(hall: RiskHall) -> None:
    hall.breaker_rules(volume=10, window_ms=8)
    for _ in range(3):
        hall.trade(500, 11)
    assert hall.logged() == tripped(Cause.VOLUME)
    hall.trade(500, 11)
    assert hall.logged() == []
    hall.breaker(HALF_OPEN)
    hall.trade(500, 11)
    assert hall.logged() == []


def test_after_a_reset_the_window_is_empty(hall: RiskHall) -> None:
    hall.breaker_rules(volume=10, window_ms=8)
    hall.trade(500, 11)
    assert hall.logged() == tripped(Cause.VOLUME)
    hall.breaker(RESET)
    hall.trade(500, 10)
    assert hall.logged() == []
    hall.trade(500, 1)
    assert hall.logged() == tripped(Cause.VOLUME)


# Recovery.


def test_a_symbol_recovers_by_time_without_a_trade(hall: RiskHall) -> None:
    hall.breaker_rules(volume=1, window_ms=1, halt_ms=20, half_open_ms=10)
    hall.trade(500, 2)
    assert hall.logged() == tripped(Cause.VOLUME)
    hall.tick(ms=19)
    assert hall.logged() == []
    hall.tick(ms=1)
    assert hall.logged() == [BreakerRecord(1, HALF_OPEN, Cause.TIME)]
    hall.tick(ms=9)
    assert hall.logged() == []
    hall.tick(ms=1)
    assert hall.logged() == [BreakerRecord(1, RESET, Cause.TIME)]
    hall.tick(ms=100)
    assert hall.logged() == []
    hall.trade(500, 2)
    assert hall.logged() == tripped(Cause.VOLUME)


def test_time_counts_from_the_record_and_is_asked_for_once(hall: RiskHall) -> None:
    hall.breaker_rules(volume=1, window_ms=1, halt_ms=20, half_open_ms=10)
    hall.trade(500, 2)
    hall.tick(ms=100)
    assert hall.logged() == tripped(Cause.VOLUME)
    hall.tick(ms=19)
    assert hall.logged() == []
    hall.tick(ms=1)
    hall.tick(ms=1)
    assert hall.logged() == [BreakerRecord(1, HALF_OPEN, Cause.TIME)]


def test_without_an_auction_it_trades_again_at_once(hall: RiskHall) -> None:
    hall.breaker_rules(halt_ms=20)
    hall.breaker(TRIP)
    hall.tick(ms=20)
    assert hall.logged() == [BreakerRecord(1, RESET, Cause.TIME)]


def test_without_a_time_it_waits_for_a_hand(hall: RiskHall) -> None:
    hall.breaker_rules(volume=1, window_ms=1, half_open_ms=10)
    hall.trade(500, 2)
    assert hall.logged() == tripped(Cause.VOLUME)
    hall.tick(ms=1_000_000)
    assert hall.logged() == []
    hall.breaker(HALF_OPEN)
    hall.tick(ms=1_000_000)
    assert hall.logged() == []
    hall.breaker(RESET)
    hall.trade(500, 2)
    assert hall.logged() == tripped(Cause.VOLUME)


def test_a_second_trip_begins_the_time_anew(hall: RiskHall) -> None:
    hall.breaker_rules(halt_ms=20, half_open_ms=10)
    hall.breaker(TRIP)
    hall.wait(19)
    hall.breaker(TRIP)
    hall.tick(ms=19)
    assert hall.logged() == []
    hall.tick(ms=1)
    assert hall.logged() == [BreakerRecord(1, HALF_OPEN, Cause.TIME)]
    hall.wait(5)
    hall.breaker(HALF_OPEN)
    # That did nothing: it was half open.
    hall.tick(ms=5)
    assert hall.logged() == [BreakerRecord(1, RESET, Cause.TIME)]


def test_what_has_not_tripped_is_never_half_open(hall: RiskHall) -> None:
    hall.breaker_rules(volume=10, window_ms=8, halt_ms=20, half_open_ms=10)
    hall.trade(500, 10)
    hall.breaker(HALF_OPEN)
    hall.tick(ms=1)
    hall.trade(500, 1)
    assert hall.logged() == tripped(Cause.VOLUME)


def test_a_command_for_the_symbols_state_ends_it(hall: RiskHall) -> None:
    hall.breaker_rules(volume=10, window_ms=8, halt_ms=20)
    hall.trade(500, 11)
    assert hall.logged() == tripped(Cause.VOLUME)
    hall.send(factories.market_state(MarketState.CONTINUOUS))
    hall.tick(ms=20)
    assert hall.logged() == []
    hall.trade(500, 11)
    assert hall.logged() == tripped(Cause.VOLUME)


def test_an_interruption_by_a_band_ends_nothing(hall: RiskHall) -> None:
    hall.breaker_rules(halt_ms=20)
    hall.breaker(TRIP)
    hall.send(factories.rules(dynamic_band_bps=100))
    hall.enter(sell(600, 1))
    hall.send(buy(600, 1, account=BOB))
    hall.tick(ms=20)
    assert hall.logged() == [BreakerRecord(1, RESET, Cause.TIME)]


def test_time_asks_for_nothing_while_any_record_of_the_breaker_waits(two: RiskHall) -> None:
    two.breaker_rules(volume=10, window_ms=8, halt_ms=20)
    two.trade(500, 11)
    two.breaker(TRIP, symbol=0)
    # Its own record, then those that follow the venue's.
    two.breaker(TRIP, Cause.VOLUME)
    two.ledger.outbox_pop()
    two.tick(ms=20)
    assert two.ledger.outbox() == [BreakerRecord(symbol, TRIP, Cause.VENUE) for symbol in (1, 2, 3)]


# The venue's.


def test_while_the_venues_has_tripped_there_are_no_new_orders(two: RiskHall) -> None:
    order = two.enter(buy(400, 2))
    two.breaker(TRIP, symbol=0)
    for refused in (buy(400, 1), buy(400, 1, symbol=3), amend(order, quantity_lots=1)):
        assert two.refusal(refused) == Reason.VENUE_HALTED
    two.send(factories.cancel(order))
    two.breaker(HALF_OPEN, symbol=0)
    two.enter(buy(400, 1))
    two.breaker(TRIP, symbol=0)
    assert two.refusal(buy(400, 1)) == Reason.VENUE_HALTED
    two.breaker(RESET, symbol=0)
    two.enter(buy(400, 1))


def test_a_symbols_breaker_alone_refuses_nothing_here(two: RiskHall) -> None:
    two.breaker(TRIP)
    two.enter(buy(400, 1))


def test_every_symbol_follows_the_venues(two: RiskHall) -> None:
    two.breaker(TRIP, symbol=0)
    assert two.logged() == [BreakerRecord(symbol, TRIP, Cause.VENUE) for symbol in (1, 2, 3)]
    two.breaker(RESET, symbol=0)
    assert two.logged() == [BreakerRecord(symbol, RESET, Cause.VENUE) for symbol in (1, 2, 3)]


def test_too_much_value_trips_the_venues(two: RiskHall) -> None:
    two.ledger.set_asset_value(QUOTE, 1, 2)
    two.breaker_rules(symbol=0, volume=2_500, window_ms=8)
    two.trade(500, 5)
    two.trade(500, 5, symbol=2)
    two.trade(500, 100, symbol=3)
    assert two.logged() == []
    two.trade(2, 1)
    followers = [BreakerRecord(symbol, TRIP, Cause.VENUE) for symbol in (1, 2, 3)]
    assert two.logged() == [*tripped(Cause.VOLUME, 0), *followers]


def test_so_many_symbols_trip_the_venues(two: RiskHall) -> None:
    two.breaker_rules(symbol=0, symbols=2, window_ms=8)
    two.breaker(TRIP, Cause.VOLUME, symbol=1)
    two.breaker(TRIP, Cause.VOLUME, symbol=1)
    two.breaker(TRIP, Cause.VENUE, symbol=2)
    assert two.logged() == []
    two.wait(8)
    two.breaker(TRIP, symbol=3)
    assert two.logged() == []
    two.wait(7)
    two.breaker(TRIP, symbol=2)
    assert two.logged()[0] == BreakerRecord(0, TRIP, Cause.SYMBOLS)


def test_the_venues_window_is_empty_after_its_reset(two: RiskHall) -> None:
    two.breaker_rules(symbol=0, symbols=2, volume=1_000, window_ms=8)
    two.trade(500, 2)
    two.breaker(TRIP)
    two.breaker(RESET, symbol=0)
    two.logged()
    two.breaker(TRIP, symbol=2)
    two.trade(500, 2)
    assert two.logged() == []
    two.breaker(TRIP)
    assert two.logged()[0] == BreakerRecord(0, TRIP, Cause.SYMBOLS)


def test_symbols_recover_with_the_venue_and_not_by_their_own_times(two: RiskHall) -> None:
    two.breaker_rules(symbol=1, halt_ms=5)
    two.breaker_rules(symbol=0, halt_ms=20, half_open_ms=10)
    two.breaker(TRIP, symbol=0)
    assert len(two.logged()) == 3
    two.tick(ms=19)
    assert two.logged() == []
    two.tick(ms=1)
    halves = [BreakerRecord(symbol, HALF_OPEN, Cause.VENUE) for symbol in (1, 2, 3)]
    assert two.logged() == [BreakerRecord(0, HALF_OPEN, Cause.TIME), *halves]
    two.tick(ms=10)
    resets = [BreakerRecord(symbol, RESET, Cause.VENUE) for symbol in (1, 2, 3)]
    assert two.logged() == [BreakerRecord(0, RESET, Cause.TIME), *resets]
    two.tick(ms=1_000)
    assert two.logged() == []


def test_the_venues_comes_first_when_times_are_over(two: RiskHall) -> None:
    for symbol in (2, 1, 0):
        two.breaker_rules(symbol=symbol, halt_ms=20)
    for symbol in (0, 2, 1):
        two.breaker(TRIP, symbol=symbol)
    while two.ledger.outbox():
        two.ledger.outbox_pop()
    two.tick(ms=21)
    assert two.ledger.outbox() == [BreakerRecord(symbol, RESET, Cause.TIME) for symbol in (0, 1, 2)]


def test_a_symbols_breaker_comes_before_the_venues_and_alerts_before_both(two: RiskHall) -> None:
    two.breaker_rules(symbol=0, volume=1, window_ms=8)
    two.breaker_rules(volume=1, window_ms=8)
    two.limit(Limit.POSITION, 3)
    two.trade(500, 3, buyer=ALICE, seller=BOB)
    records = two.ledger.outbox()
    assert [getattr(record, "percent", None) for record in records[:2]] == [80, 100]
    assert records[2:] == [*tripped(Cause.VOLUME), *tripped(Cause.VOLUME, 0)]

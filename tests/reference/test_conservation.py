from __future__ import annotations

import pytest

from tests.book.flow import INSTRUMENTS, Flow
from tests.book.shards import ReferenceShards
from tests.reference.witness import Witness
from tradsys.records import SLOT_MASK, MarketState
from tradsys.reference.orders import Place
from tradsys.reference.venue import Venue

COMMANDS = 8000


def assert_known(witness: Witness, venue: Venue) -> None:
    """The venue holds what its events have said, no more and no less."""
    assert {id: order.leaves_lots for id, order in witness.live.items()} == {
        id: order.leaves_lots for id, order in venue.orders.items()
    }
    slots = [order_id & SLOT_MASK for order_id in venue.orders]
    assert len(set(slots)) == len(slots)
    for symbol in venue.markets:
        for side, levels in enumerate(venue.depth(symbol)):
            shown = {level.price_ticks: (level.quantity_lots, level.orders) for level in levels}
            assert witness.depth(symbol, side) == shown, f"symbol {symbol}"


def assert_at_rest(venue: Venue) -> None:
    """No book is crossed while it trades, shown or hidden; nothing waits whose turn it is."""
    for market in venue.markets.values():
        if market.state == MarketState.CONTINUOUS:
            assert not market.book.is_crossed()
            assert market.uncrossed is None
        else:
            assert all(order.place is Place.UNPRICED for order in market.pegs.values())
        if market.state not in {MarketState.HALT, MarketState.CLOSED, MarketState.FROZEN}:
            assert not market.queue


@pytest.mark.parametrize(("orders_max", "live_aimed"), [(5000, 400), (60, 70)])
def test_events_tell_every_lot_of_every_order_and_the_displayed_book(
    seed: int, orders_max: int, live_aimed: int
) -> None:
    shards = ReferenceShards(orders_max)
    witness = Witness()
    (venue,) = shards.venues
    for number, (_, events) in enumerate(shards.run(Flow(seed, shards.venues, live_aimed=live_aimed), COMMANDS)):
        witness.see(events)
        assert_at_rest(venue)
        if number % 50 == 0:
            assert_known(witness, venue)
    assert_known(witness, venue)


def test_orders_beyond_each_other_in_one_deep_book_are_conserved(seed: int) -> None:
    shards = ReferenceShards(5000)
    witness = Witness()
    (venue,) = shards.venues
    deep = INSTRUMENTS[0]._replace(spread_ticks=40)
    for _, events in shards.run(Flow(seed + 1, shards.venues, (deep,), live_aimed=300), COMMANDS):
        witness.see(events)
        assert_at_rest(venue)
    assert_known(witness, venue)

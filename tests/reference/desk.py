"""A reference venue that numbers its commands itself, for tests that read like a session."""

from __future__ import annotations

from typing import Any

from tests import factories
from tradsys.reasons import Reason
from tradsys.records import EventKind, MarketState
from tradsys.reference.messages import Event, commands_of
from tradsys.reference.orders import Order
from tradsys.reference.venue import Venue


class Desk:
    """Sends factory commands with the next log sequences; symbol 1 (1 to 1,000, reference 500) is defined first."""

    def __init__(self, state: MarketState = MarketState.CONTINUOUS, orders_max: int = 100) -> None:
        self.venue = Venue(orders_max)
        self.sequence = 0
        self.late_ns = 0
        """How far the log's clock is beyond a microsecond a command."""
        self.defined = self.send(factories.define_symbol(state=state))

    @property
    def now_ns(self) -> int:
        """The time of the last command."""
        return self.sequence * 1000 + self.late_ns

    def send(self, *records: Any) -> list[Event]:
        """Carry out commands (COMMAND arrays of one record); gives the events of all."""
        events = []
        for sent in records:
            record = sent.copy()
            self.sequence += 1
            record["sequence"] = self.sequence
            record["timestamp_ns"] = self.now_ns
            (command,) = commands_of(record)
            events += self.venue.process(command)
        return events

    def enter(self, *records: Any) -> int:
        """Send a new order, perhaps with a prelude, that must be accepted; gives its order id."""
        events = self.send(*records)
        assert events[0].kind == EventKind.ACCEPTED, events[0]
        return events[0].order_id

    def trade_at(self, price_ticks: int) -> None:
        """Let strangers trade one lot at this price, and leave nothing."""
        for order in (factories.sell(price_ticks, 1, account=8), factories.buy(price_ticks, 1, account=9)):
            events = self.send(order)
        assert [event.price_ticks for event in events if event.kind == EventKind.TRADE][:1] == [price_ticks]

    def order(self, order_id: int) -> Order:
        """A live order."""
        return self.venue.orders[order_id]

    def depth(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Price and displayed quantity of every level of symbol 1: bids, offers."""
        bids, asks = self.venue.depth(1)
        return (
            [(level.price_ticks, level.quantity_lots) for level in bids],
            [(level.price_ticks, level.quantity_lots) for level in asks],
        )


def told(events: list[Event]) -> list[tuple[EventKind, int, int]]:
    """Kind, price and quantity of each event."""
    return [(EventKind(event.kind), event.price_ticks, event.quantity_lots) for event in events]


def kinds(events: list[Event]) -> list[EventKind]:
    """What each event is."""
    return [EventKind(event.kind) for event in events]


def trades(events: list[Event]) -> list[tuple[int, int, int]]:
    """Price, quantity and the maker's (in an auction the seller's) order id of each trade."""
    found = [event for event in events if event.kind == EventKind.TRADE]
    return [(event.price_ticks, event.quantity_lots, event.counter_order_id) for event in found]


def refusal(events: list[Event]) -> Reason:
    """Why the last command was refused."""
    assert events[-1].kind == EventKind.REJECTED, events
    return Reason(events[-1].reason)


def ended(events: list[Event]) -> list[tuple[int, Reason, int]]:
    """Order id, reason and quantity of each cancellation."""
    found = [event for event in events if event.kind == EventKind.CANCELLED]
    return [(event.order_id, Reason(event.reason), event.quantity_lots) for event in found]

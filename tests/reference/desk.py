"""A reference venue that numbers its commands itself, for tests that read like a session."""

from __future__ import annotations

from typing import Any

from tests import factories
from tradsys.records import EventKind, MarketState
from tradsys.reference.messages import Event, commands_of
from tradsys.reference.venue import Venue


class Desk:
    """Sends factory commands, one at a time, with the next log sequence; the symbol is defined first."""

    def __init__(self, state: MarketState = MarketState.CONTINUOUS, orders_max: int = 100) -> None:
        self.venue = Venue(orders_max)
        self.sequence = 0
        self.defined = self.send(factories.define_symbol(state=state))

    def send(self, record: Any) -> list[Event]:
        """Carry out one command (COMMAND array of one record)."""
        self.sequence += 1
        record["sequence"] = self.sequence
        record["timestamp_ns"] = self.sequence * 1000
        (command,) = commands_of(record)
        return self.venue.process(command)

    def enter(self, record: Any) -> int:
        """Send a new order that must be accepted; gives its order id."""
        events = self.send(record)
        assert events[0].kind == EventKind.ACCEPTED
        return events[0].order_id

    def depth(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Price and quantity of every level of symbol 1: bids, offers."""
        bids, asks = self.venue.depth(1)
        return (
            [(level.price_ticks, level.quantity_lots) for level in bids],
            [(level.price_ticks, level.quantity_lots) for level in asks],
        )


def told(events: list[Event]) -> list[tuple[EventKind, int, int]]:
    """Kind, price and quantity of each event."""
    return [(EventKind(event.kind), event.price_ticks, event.quantity_lots) for event in events]

"""Reference venues, one for each shard, that are fed from one log."""

from __future__ import annotations

from collections.abc import Iterator

from tests.book.flow import Flow, definitions
from tradsys.records import EventKind, Kind
from tradsys.reference.book import Order
from tradsys.reference.messages import Command, Event
from tradsys.reference.venue import Venue

BROADCAST = (Kind.CANCEL_ALL, Kind.TICK, Kind.ACCOUNT)


def concerns(command: Command, number: int, shards: int) -> bool:
    """Whether shard `number` of `shards` carries the command out."""
    is_for_all = command.kind in BROADCAST or (command.kill is not None and command.kill.on != 0)
    return command.symbol % shards == number or (command.symbol == 0 and command.reason == 0 and is_for_all)


class ReferenceShards:
    """One reference venue a shard; of the log each carries out what concerns it, and lets the rest pass."""

    def __init__(self, orders_max: int, shards: int = 1) -> None:
        self.sequence = 0
        self.later_ns = 0
        """How much later it is than a microsecond for each record."""
        self.venues = [Venue(orders_max, tells_accounts=number == 0) for number in range(shards)]
        self.created: Order | None = None
        """The first order that the last command brought into being, if one of them is still live."""

    def submit(self, command: Command) -> list[list[Event]]:
        """Stamp a command with the next log sequence and a microsecond more; gives the events of each shard."""
        self.stamp(command)
        self.sequence = command.sequence
        self.created = None
        told = []
        for number, venue in enumerate(self.venues):
            is_meant = concerns(command, number, len(self.venues))
            events = venue.process(command) if is_meant else venue.pass_by(command)
            self.created = self.created or _created(venue, events)
            told.append(events)
        return told

    def stamp(self, command: Command) -> None:
        """Give a command the next log sequence, and the time."""
        command.sequence = self.sequence + 1
        command.timestamp_ns = self.later_ns + command.sequence * 1000

    @property
    def now_ns(self) -> int:
        """When the last command was stamped, or later."""
        return self.later_ns + self.sequence * 1000

    def run(self, flow: Flow, count: int) -> Iterator[tuple[Command, list[Event]]]:
        """Open the flow's instruments and send `count` commands of it; gives each command with its events."""
        for place, command in enumerate(definitions(flow.instruments)):
            yield command, _joined(self.submit(command))
            assert self.sequence == place + 1, "a flow starts with an empty log"
        for _ in range(count):
            command = flow.next()
            events = _joined(self.submit(command))
            if self.created is not None:
                flow.learn(self.created)
            yield command, events


def _created(venue: Venue, events: list[Event]) -> Order | None:
    ids = (event.order_id for event in events if event.kind == EventKind.ACCEPTED)
    return next((venue.orders[order_id] for order_id in ids if order_id in venue.orders), None)


def _joined(told: list[list[Event]]) -> list[Event]:
    return [event for events in told for event in events]

"""The kernel's shards and the reference venue under the same commands, event for event."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from tests.book.concealed import concealed_at, concealed_in, standings_at, standings_in
from tests.book.flow import records_of
from tests.book.harness import SMALL, Bench
from tests.book.shards import ReferenceShards, concerns
from tradsys.book.audit import audit
from tradsys.book.layout import ShardSize
from tradsys.reference.book import Order
from tradsys.reference.messages import EVENT_FIELDS, Command, Event

__all__ = ["ROOMY", "Comparison", "concerns"]

ROOMY = ShardSize(symbols_max=8, orders=5000, pages=1 << 14, directory=1 << 21, summary=1 << 16)
_fields = attrgetter(*EVENT_FIELDS)


class Comparison:
    """Takes commands one by one: the reference answers at once, the kernel at `compare`.

    One reference venue a shard, fed with what concerns that shard.
    """

    def __init__(self, seed: object, size: ShardSize = SMALL, *, shards: int = 1, ring: int = 4096) -> None:
        self.seed = seed
        self.benches = [Bench(size, shards=shards, number=number, ring=ring) for number in range(shards)]
        self._reference = ReferenceShards(size.orders, shards)
        self.venues = self._reference.venues
        self.newest: list[Event] = []
        """The reference's events of the last command."""
        self._commands: list[Command] = []
        self._expected: list[list[Event]] = [[] for _ in range(shards)]

    def submit(self, command: Command) -> Order | None:
        """Stamp and carry out a command; gives the order that it brought into being."""
        told = self._reference.submit(command)
        self._commands.append(command)
        for expected, events in zip(self._expected, told, strict=True):
            expected.extend(events)
        self.newest = [event for events in told for event in events]
        return self._reference.created

    @property
    def sequence(self) -> int:
        """Log sequence of the last command."""
        return self._reference.sequence

    def compare(self) -> None:
        """Let the kernel carry out what it has not yet, and compare every field of every event."""
        if not self._commands:
            return
        log = records_of(self._commands)
        for number, bench in enumerate(self.benches):
            got = [Event(*row) for row in bench.carry_out(log)[EVENT_FIELDS].tolist()]
            expected = self._expected[number]
            if list(map(_fields, got)) != list(map(_fields, expected)):
                raise AssertionError(self._first_difference(number, got, expected))
            expected.clear()
        self._commands.clear()

    def compare_books(self) -> None:
        """Compare every live order and every queue that it can be in, symbol by symbol, and audit the shards."""
        for bench, venue in zip(self.benches, self.venues, strict=True):
            audit(bench.shard)
            assert bench.live_orders == len(venue.orders)
            here = f"seed {self.seed} sequence {self.sequence}"
            assert standings_in(bench.shard) == standings_at(venue), here
            for symbol in venue.markets:
                sides = venue.depth(symbol)
                expected = tuple(
                    [(each.price_ticks, each.quantity_lots, each.orders) for each in side] for side in sides
                )
                assert bench.depth(symbol) == expected, f"{here} symbol {symbol}"
                assert bench.resting(symbol) == bench_fields(venue.open_orders(symbol)), f"{here} symbol {symbol}"
                assert concealed_in(bench.shard, symbol) == concealed_at(venue, symbol), f"{here} symbol {symbol}"

    def _first_difference(self, number: int, got: list[Event], expected: list[Event]) -> str:
        place = 0
        while place < min(len(got), len(expected)) and got[place] == expected[place]:
            place += 1
        told = got[place : place + 1] + expected[place : place + 1]
        sequence = min(event.log_sequence for event in told)
        lines = [f"seed {self.seed}: shard {number} differs at log sequence {sequence}, event {place} of its batch"]
        lines += [f"  command   {command}" for command in self._commands if command.sequence == sequence]
        lines += [f"  before    {event}" for event in expected[max(place - 3, 0) : place]]
        lines += [f"  kernel    {event}" for event in got[place : place + 2]]
        lines += [f"  reference {event}" for event in expected[place : place + 2]]
        if place < min(len(got), len(expected)):
            pairs = zip(EVENT_FIELDS, _fields(got[place]), _fields(expected[place]), strict=True)
            wrong = [f"{name}: {ours} != {theirs}" for name, ours, theirs in pairs if ours != theirs]
            lines.append(f"  in        {', '.join(wrong)}")
        return "\n".join(lines)


def bench_fields(orders: list[Order]) -> list[tuple[Any, ...]]:
    """The reference's displayed orders as the harness gives the kernel's; of icebergs what is shown."""
    return [
        (
            order.order_id,
            order.account,
            order.side,
            order.price_ticks,
            order.shown_lots,
            order.filled_lots,
            order.client_order_id,
        )
        for order in orders
    ]

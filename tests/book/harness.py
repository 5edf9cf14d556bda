"""A shard over private memory that tests drive command by command."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from shm import broadcast
from shm.arena import Arena, allocate, as_records
from shm.broadcast import HEADER_WORDS, Broadcast
from tests import factories
from tradsys.book.execution import run
from tradsys.book.layout import (
    W_EVENTS,
    W_FLOOR,
    W_LIVE_ORDERS,
    W_POSITION,
    Shard,
    ShardSize,
    carve,
    initialise,
)
from tradsys.book.levels import price_of
from tradsys.reasons import Reason
from tradsys.records import DETAILS, EVENT, EventKind, MarketState

SMALL = ShardSize(symbols_max=8, orders=1000, pages=256, directory=1024, summary=256)


class RestingOrder(NamedTuple):
    """An order as the book holds it."""

    order_id: int
    account: int
    side: int
    price_ticks: int
    leaves_lots: int
    filled_lots: int
    client_order_id: int


class Bench:
    """One shard with its event ring, and a gating reader that takes at most `drain` events at a time.

    `floor`: events up to this number are counted but not written, as after a crash.
    """

    def __init__(
        self,
        size: ShardSize = SMALL,
        *,
        ring: int = 4096,
        drain: int = 1 << 30,
        shards: int = 1,
        number: int = 0,
        floor: int = 0,
    ) -> None:
        self.drain = drain
        self.shards, self.number = shards, number
        self.waits = 0
        """How often a command had to wait for room in the event ring."""

        def layout(arena: Arena) -> Shard:
            stream = Broadcast(arena.array(np.int64, HEADER_WORDS), arena.array(EVENT, ring))
            return carve(arena.array, size, stream)

        self.shard = allocate(layout)
        broadcast.initialise(self.shard.events, floor)
        self._reader, self._read = broadcast.join(self.shard.events)
        initialise(self.shard)
        self.shard.words[W_FLOOR] = floor

    @property
    def position(self) -> int:
        """Log sequence of the last command done with."""
        return int(self.shard.words[W_POSITION])

    @property
    def live_orders(self) -> int:
        return int(self.shard.words[W_LIVE_ORDERS])

    def submit(self, *commands: Any) -> Any:
        """Stamp the commands with the next sequence numbers and carry them out; gives their events (EVENT array)."""
        return self.carry_out(factories.joined(*commands, first_sequence=self.position + 1))

    def carry_out(self, log: Any) -> Any:
        """Carry out a stretch of the log (COMMAND array) that starts after the position; gives its events."""
        records = as_records(log)
        definitions = as_records(log.view(np.ndarray).view(DETAILS))
        first = int(log["sequence"][0])
        last = first + len(log) - 1
        taken = [np.zeros(0, EVENT)]
        while True:
            written = int(self.shard.words[W_EVENTS])
            run(self.shard, records, definitions, first, -1, last, self.shards, self.number)
            done = self.position == last
            self.waits += not done
            events = self._take_some(everything=done)
            taken.append(events)
            if done:
                return chained(taken)
            assert len(events) or self.shard.words[W_EVENTS] > written, "the shard waits for room that it has"

    def _take_some(self, *, everything: bool) -> Any:
        ring = self.shard.events
        count = int(ring.header[broadcast.CURSOR]) - self._read
        if not everything:
            count = min(count, self.drain)
        numbers = np.arange(self._read + 1, self._read + count + 1)
        events = ring.slots.view(np.ndarray)[numbers & (len(ring.slots) - 1)]
        self._read += count
        broadcast.advance(ring, self._reader, self._read)
        return events

    # Short words for tests that tell a story.

    def enter(self, *records: Any) -> int:
        """Submit a new order, perhaps with a prelude, that must be accepted; gives its id."""
        events = self.submit(*records)
        assert events["kind"][0] == EventKind.ACCEPTED, events
        return int(events["order_id"][0])

    def trade_at(self, price_ticks: int) -> Any:
        """Let strangers trade one lot at this price, and leave nothing; gives the events of the taker."""
        self.enter(factories.sell(price_ticks, 1, account=8))
        return self.submit(factories.buy(price_ticks, 1, account=9))

    def resting(self, symbol: int = 1) -> list[RestingOrder]:
        """The orders in the book: bids, then offers, each in price-time priority."""
        found = []
        for side in range(2):
            for number in self._levels(symbol, side):
                slot = int(self.shard.levels["head"][number])
                while slot != 0:
                    order = self.shard.orders[slot]
                    found.append(RestingOrder(*(int(order[name]) for name in RestingOrder._fields)))
                    slot = int(order["next"])
        return found

    def depth(self, symbol: int = 1) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]:
        """Price, quantity and number of orders of every level: bids, offers, best first."""
        bids, asks = (
            [
                (
                    int(price_of(self.shard.sides[2 * symbol + side], int(self.shard.levels["index"][number]))),
                    int(self.shard.levels["quantity_lots"][number]),
                    int(self.shard.levels["count"][number]),
                )
                for number in self._levels(symbol, side)
            ]
            for side in range(2)
        )
        return bids, asks

    def _levels(self, symbol: int, side: int) -> list[int]:
        numbers = []
        number = int(self.shard.sides["best_level"][2 * symbol + side])
        while number != 0:
            numbers.append(number)
            number = int(self.shard.levels["worse"][number])
        return numbers


def open_bench(state: MarketState = MarketState.CONTINUOUS, size: ShardSize = SMALL, **options: Any) -> Bench:
    """A bench with `factories.symbol()` defined: 1,000 ticks, reference price 500."""
    bench = Bench(size, **options)
    bench.submit(factories.define_symbol(state=state))
    return bench


def chained(parts: list[Any]) -> Any:
    """EVENT arrays as one; numpy by itself would lay the fields that share their bytes out side by side."""
    whole = np.concatenate([np.ascontiguousarray(part).view(f"V{EVENT.itemsize}") for part in parts])
    return whole.view(EVENT)


def kinds(events: Any) -> list[EventKind]:
    """What the events are."""
    return [EventKind(kind) for kind in events["kind"]]


def told(events: Any) -> list[tuple[EventKind, int, int]]:
    """Kind, price and quantity of each event."""
    pairs = zip(events["price_ticks"].tolist(), events["quantity_lots"].tolist(), strict=True)
    return [(kind, *pair) for kind, pair in zip(kinds(events), pairs, strict=True)]


def ids(events: Any, kind: EventKind) -> list[int]:
    """The order ids of the events of one kind."""
    return events["order_id"][events["kind"] == kind].tolist()  # type: ignore[no-any-return]


def ended(events: Any) -> list[tuple[int, Reason, int]]:
    """Order id, reason and quantity of each cancellation."""
    found = events[events["kind"] == EventKind.CANCELLED]
    rows = zip(*(found[name].tolist() for name in ("order_id", "reason", "quantity_lots")), strict=True)
    return [(order_id, Reason(reason), quantity) for order_id, reason, quantity in rows]


def trades(events: Any) -> list[tuple[int, int, int]]:
    """Of each trade among the events: price, quantity, the maker's (in an auction the seller's) order id."""
    found = events[events["kind"] == EventKind.TRADE]
    return list(
        zip(*(found[name].tolist() for name in ("price_ticks", "quantity_lots", "counter_order_id")), strict=True)
    )


def refusal(events: Any) -> Reason:
    """Why the one command was refused."""
    assert kinds(events) == [EventKind.REJECTED], events
    return Reason(events["reason"][0])

"""What a venue did, told by its events in the recording's own terms: orders by their numbers at the exchange."""

from __future__ import annotations

from typing import Any, NamedTuple

from tradsys.recorded.sse import AuctionPair, Execution
from tradsys.recorded.touch import Touch
from tradsys.records import EventFlag, EventKind, MarketState

SELL = int(EventFlag.SELL)
LAST = int(EventFlag.LAST)
RESTING = int(EventFlag.RESTING)
AUCTION = int(EventFlag.AUCTION)
WAS_RESTING = int(EventFlag.WAS_RESTING)

COLLECTING = (MarketState.PRE_OPEN, MarketState.OPENING_AUCTION, MarketState.CLOSING_AUCTION)


class _Event(NamedTuple):
    kind: int
    flags: int
    reason: int
    price_ticks: int
    quantity_lots: int
    order_id: int
    counter_account: int
    counter_order_id: int
    client_order_id: int


class UncrossedAuction(NamedTuple):
    """The end of a call auction as the venue told it."""

    next_state: int
    price_ticks: int
    volume_lots: int
    pairs: list[AuctionPair]


class Executions:
    """Collects one symbol's events, which must come in the order of its stream."""

    def __init__(self, state: int = MarketState.PRE_OPEN) -> None:
        self.accepted: dict[int, int] = {}  # times accepted, by order number
        self.trades: dict[int, list[Execution]] = {}  # by aggressor
        self.aggressors: list[int] = []  # in the order of their first trades
        self.rests: dict[int, int] = {}  # lots that went into the book, by order number
        self.cancels: dict[int, list[int]] = {}  # lots taken out, by order number
        self.auctions: list[UncrossedAuction] = []
        self.rejects: list[tuple[int, int]] = []  # order number, reason
        self.crossed_books = 0
        self._state = state
        self._pairs: list[AuctionPair] = []
        self._numbers: dict[int, int] = {}  # order number by the venue's order id
        self._prices: dict[int, tuple[int, int]] = {}  # side and limit of resting orders, by the venue's order id
        self._touch = Touch()

    def feed(self, events: Any) -> None:
        """Take in the next events, an array of records.EVENT."""
        take = {
            int(EventKind.ACCEPTED): self._accepted,
            int(EventKind.RESTED): self._rested,
            int(EventKind.TRADE): self._traded,
            int(EventKind.CANCELLED): self._cancelled,
            int(EventKind.REJECTED): self._rejected,
            int(EventKind.STATE): self._changed_state,
        }
        for fields in zip(*(events[field].tolist() for field in _Event._fields), strict=True):
            event = _Event(*fields)
            action = take.get(event.kind)
            if action is not None:
                action(event)
            if event.flags & LAST and self._state == MarketState.CONTINUOUS and self._touch.is_crossed():
                self.crossed_books += 1

    def _accepted(self, event: _Event) -> None:
        self._numbers[event.order_id] = event.client_order_id
        self.accepted[event.client_order_id] = self.accepted.get(event.client_order_id, 0) + 1
        if event.flags & RESTING:
            self._rested(event)

    def _rested(self, event: _Event) -> None:
        number, side = event.client_order_id, event.flags & SELL
        self.rests[number] = self.rests.get(number, 0) + event.quantity_lots
        self._prices[event.order_id] = (side, event.price_ticks)
        self._touch.add(side, event.price_ticks, event.quantity_lots)

    def _traded(self, event: _Event) -> None:
        order_no = self._numbers.get(event.order_id, 0)
        counter_no = self._numbers.get(event.counter_order_id, 0)
        self._reduce(event.counter_order_id, event.quantity_lots)
        if event.flags & AUCTION:
            self._reduce(event.order_id, event.quantity_lots)
            self._pairs.append(AuctionPair(order_no, counter_no, event.price_ticks, event.quantity_lots))
            return
        if order_no not in self.trades:
            self.trades[order_no] = []
            self.aggressors.append(order_no)
        self.trades[order_no].append(Execution(counter_no, event.price_ticks, event.quantity_lots))

    def _reduce(self, order_id: int, quantity_lots: int) -> None:
        side, price = self._prices.get(order_id, (0, 0))
        self._touch.take(side, price, quantity_lots)

    def _cancelled(self, event: _Event) -> None:
        self.cancels.setdefault(event.client_order_id, []).append(event.quantity_lots)
        if event.flags & WAS_RESTING:
            self._reduce(event.order_id, event.quantity_lots)

    def _rejected(self, event: _Event) -> None:
        self.rejects.append((event.client_order_id, event.reason))

    def _changed_state(self, event: _Event) -> None:
        state = event.counter_account
        if self._state in COLLECTING and state not in COLLECTING:
            self.auctions.append(UncrossedAuction(state, event.price_ticks, event.quantity_lots, self._pairs))
            self._pairs = []
        self._state = state

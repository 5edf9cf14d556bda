"""What the log says, by the slow reference model: every order's states, every report that its owner must hear."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tests.workers.settled_venue import Oracle
from tests.workers.stepped import journal_records
from tradsys.errors import from_reason
from tradsys.records import DETAILS, SLOT_BITS, EventFlag, EventKind, Kind, OrderType
from tradsys.reference.messages import Event
from workers import venue as venues

REPORTS = {
    EventKind.ACCEPTED: "accepted",
    EventKind.TERMS: "terms",
    EventKind.RESTED: "rested",
    EventKind.DISPLAYED: "displayed",
    EventKind.TRIGGERED: "triggered",
    EventKind.CANCELLED: "cancelled",
    EventKind.AMENDED: "amended",
    EventKind.REJECTED: "rejected",
}
"""Events that are told to one account, and as what."""
_ABOUT_ORDERS = range(Kind.NEW, Kind.LEG + 1)


class Fill(NamedTuple):
    """One execution of an order."""

    trade_id: str
    price_ticks: int
    lots: int


class State(NamedTuple):
    """How much of an order has filled and is left."""

    status: str
    filled: int
    leaves: int


class Report(NamedTuple):
    """What an execution report must say to be this one: `mark` is a trade's id and role, or an order's figures."""

    event: str
    sequence: int
    order_id: int
    mark: tuple[Any, ...]


class TrueOrder:
    """An order as its events make it."""

    def __init__(self, event: Event) -> None:
        self.order_id = event.order_id
        self.account = event.account
        self.symbol = event.symbol
        self.client_order_id = event.client_order_id
        self.filled = 0
        self.leaves = event.quantity_lots
        self.status = "waiting" if event.counter_account & 0xFF > OrderType.MARKET else "open"
        self.states: list[State] = []
        self.fills: dict[int, list[Fill]] = defaultdict(list)
        """By the log sequence of the command that made them."""
        self.amendments = 0

    @property
    def sequence(self) -> int:
        """The log sequence of its command."""
        return self.order_id >> SLOT_BITS

    @property
    def is_open(self) -> bool:
        """Whether it is live at the end of the log."""
        return self.status in ("open", "waiting")

    def note(self) -> None:
        self.states.append(State(self.status, self.filled, self.leaves))


class Truth:
    """Everything that the journal of a venue implies."""

    def __init__(self, directory: Path) -> None:
        last = venues.last(directory)
        self.shards = last.sizes.shards
        records = journal_records(last.journal_directory, self.shards)
        assert records["sequence"].tolist() == list(range(1, len(records) + 1))
        self.records = records
        self.oracle = Oracle(records, last.sizes)
        self.oracle.run()
        self._records = records.view(np.ndarray).view(DETAILS)
        self.events: list[list[Event]] = self.oracle.events
        self.orders: dict[int, TrueOrder] = {}
        self.after: dict[tuple[int, int], State] = {}
        """An order's state after a command: by its id and the command's sequence."""
        self.reports: list[dict[int, list[Report]]] = [defaultdict(list) for _ in range(self.shards)]
        """By shard and account, in order."""
        self.trades: dict[int, list[str]] = defaultdict(list)
        """By symbol, the ids of its trades."""
        for shard, events in enumerate(self.events):
            for number, event in enumerate(events, 1):
                self._take(shard, number, event)
        self.by_client: dict[tuple[int, int], list[TrueOrder]] = defaultdict(list)
        for order in self.orders.values():
            if order.client_order_id:
                self.by_client[order.account, order.client_order_id].append(order)

    def details(self, sequence: int) -> Any:
        """The log's record of a sequence, as DETAILS."""
        return self._records[sequence - 1]

    def open_orders(self, account: int) -> dict[int, TrueOrder]:
        """The account's live orders at the end of the log."""
        return {number: order for number, order in self.orders.items() if order.account == account and order.is_open}

    def _take(self, shard: int, number: int, event: Event) -> None:
        kind = event.kind
        if kind == EventKind.TRADE:
            self._trade(shard, number, event)
            return
        if kind not in REPORTS:
            return
        if kind == EventKind.REJECTED:
            if event.counter_account in _ABOUT_ORDERS:
                what = (event.client_order_id, from_reason(event.reason).code)
                self._tell(shard, event.account, Report("rejected", event.log_sequence, event.order_id, what))
            return
        if kind == EventKind.ACCEPTED:
            self.orders[event.order_id] = TrueOrder(event)
        order = self.orders[event.order_id]
        if kind in (EventKind.RESTED, EventKind.TRIGGERED, EventKind.CANCELLED, EventKind.AMENDED):
            order.leaves = event.quantity_lots
        if kind == EventKind.CANCELLED:
            order.status = "cancelled"
        elif kind in (EventKind.RESTED, EventKind.TRIGGERED):
            order.status = "open"
        elif kind == EventKind.AMENDED:
            order.amendments += 1
        self._note(order, event.log_sequence)
        mark = (order.filled, order.leaves)
        self._tell(shard, order.account, Report(REPORTS[EventKind(kind)], event.log_sequence, order.order_id, mark))

    def _trade(self, shard: int, number: int, event: Event) -> None:
        trade_id = f"{event.symbol}-{number}"
        self.trades[event.symbol].append(trade_id)
        sides = (
            (event.order_id, "taker", EventFlag.ORDER_DONE),
            (event.counter_order_id, "maker", EventFlag.COUNTER_DONE),
        )
        for order_id, _, done in sides:
            order = self.orders[order_id]
            order.filled += event.quantity_lots
            order.leaves -= event.quantity_lots
            order.status = "filled" if event.flags & done else "open"
            order.fills[event.log_sequence].append(Fill(trade_id, event.price_ticks, event.quantity_lots))
            self._note(order, event.log_sequence)
        for order_id, role, _ in sides:
            order = self.orders[order_id]
            mark = (trade_id, role, event.price_ticks, event.quantity_lots, order.filled, order.leaves)
            self._tell(shard, order.account, Report("fill", event.log_sequence, order_id, mark))

    def _note(self, order: TrueOrder, sequence: int) -> None:
        order.note()
        self.after[order.order_id, sequence] = order.states[-1]

    def _tell(self, shard: int, account: int, report: Report) -> None:
        self.reports[shard][account].append(report)

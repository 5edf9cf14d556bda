"""One order's whole life, out of the log and the events that follow from it, with the times between its steps.

All times are the log's: when the sequencer stamped the command that led to a step. A step that changes the ledger was
settled when the log says so (SETTLED), which it does before the first decision that depends on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tradsys.errors import BusinessRuleError, OperatingError
from tradsys.records import (
    SELF_TRADE_MASK,
    SELF_TRADE_SHIFT,
    SLOT_BITS,
    CommandFlag,
    EventFlag,
    EventKind,
    Kind,
    SelfTrade,
)
from workers.journal import JournalReader
from workers.journal.segments import segment_with, sequence_of
from workers.memory import Sizes
from workers.replica import Replica
from workers.snapshot.choice import reader_behind
from workers.snapshot.files import Snapshot, SnapshotError
from workers.snapshot.housekeeping import snapshots_until

_PAIRED = (EventKind.TRADE, EventKind.PREVENTED)
_OF_ORDERS = (
    *_PAIRED,
    EventKind.ACCEPTED,
    EventKind.TERMS,
    EventKind.RESTED,
    EventKind.DISPLAYED,
    EventKind.TRIGGERED,
    EventKind.CANCELLED,
    EventKind.AMENDED,
    EventKind.REJECTED,
)
"""In other events something else stands in the place of an order's id, which may be the same number."""


class NoSuchOrderError(OperatingError, BusinessRuleError):
    """The log tells nothing of the order; the message says why."""

    CODE = "unknown_order"


class Step(msgspec.Struct, frozen=True):
    """Something that happened to the order. Ticks and lots are the symbol's; `other` is a trade's other order.

    Of an order for an amount, what is left and what it asks for are ticks times lots.
    """

    log_sequence: int
    event: int
    """Its number among the shard's events."""
    time_ns: int
    kind: int
    reason: int
    source: int
    """The ring of the command that led to it."""
    request: int
    price_ticks: int
    quantity_lots: int
    leaves_lots: int
    """What is left of the order after it."""
    other: int
    settled_ns: int | None
    """When the log said that the ledger knows; None when it has not said so yet, or where nothing is settled."""


class Life(msgspec.Struct, frozen=True):
    """What is known of an order. `is_open`: not ended at the log's end. `account`, `symbol`: definitions.

    `is_budget`: it is one for an amount.
    """

    order_id: int
    account: Any
    client_order_id: int
    side: int
    symbol: Any
    is_budget: bool
    is_open: bool
    steps: list[Step]


def life_of(directory: Path, sizes: Sizes, order_id: int) -> Life:
    """An order's life, as far as the journal in `directory` tells. Raises NoSuchOrderError, JournalError, OSError."""
    if order_id >> SLOT_BITS < 1:
        raise NoSuchOrderError(f"{order_id} is no order's id: records of the log are numbered from 1")
    record = _record(directory, order_id >> SLOT_BITS)
    if record["kind"] not in (Kind.NEW, Kind.LEG):
        raise NoSuchOrderError(f"{order_id} is no order's id: record {order_id >> SLOT_BITS} of the log places none")
    shard = int(record["symbol"]) % sizes.shards
    replica = Replica(sizes, directory)
    steps: list[Step] = []
    teller = _Teller(order_id)
    number = _events_before(directory, order_id >> SLOT_BITS, shard)
    assert number >= 0, "events are counted"
    for events in replica.missing_events(shard, number):
        steps += teller.steps(events, number + 1)
        number += len(events)
        if teller.has_ended:
            break
    accepted = teller.accepted
    if accepted is None:
        raise NoSuchOrderError(f"the log places no order with the id {order_id}: it was refused, or never was")
    assert steps[0].log_sequence >= order_id >> SLOT_BITS, "nothing happens to an order before it is placed"
    assert steps[0].event <= steps[-1].event, "events are told in their order"
    return Life(
        order_id,
        replica.accounts[int(accepted["account"])],
        int(accepted["client_order_id"]),
        int(accepted["flags"]) & EventFlag.SELL,
        replica.symbols[int(accepted["symbol"])],
        teller.is_budget,
        not teller.has_ended,
        list(_settled(steps, directory, shard)),
    )


class _Teller:
    """Makes steps of the events that concern one order."""

    def __init__(self, order_id: int) -> None:
        self._order_id = order_id
        self._leaves = 0
        self._met_lots = 0
        """What the step before has told of as prevented, where the order was met in the book."""
        self._decrements = False
        self.accepted: Any = None
        """The event that placed the order; None before it."""
        self.is_budget = False
        self.has_ended = False

    def steps(self, events: Any, first: int) -> Iterator[Step]:
        """Those of an array of events, of which `first` is the number of the first."""
        assert first >= 1, "events are numbered from 1"
        assert not self.has_ended, "nothing happens to an order that has ended"
        first_place = np.isin(events["kind"], _OF_ORDERS) & (events["order_id"] == self._order_id)
        second_place = np.isin(events["kind"], _PAIRED) & (events["counter_order_id"] == self._order_id)
        mine = first_place | second_place
        for place in np.flatnonzero(mine):
            yield self._step(events[place], first + int(place))

    def _step(self, event: Any, number: int) -> Step:
        kind, quantity = int(event["kind"]), int(event["quantity_lots"])
        is_first = int(event["order_id"]) == self._order_id
        assert is_first or kind in _PAIRED, "only events of pairs have the order in second place"
        assert kind in _OF_ORDERS, "only events of orders have an order"
        other = 0
        if kind in _PAIRED:
            other = int(event["counter_order_id"] if is_first else event["order_id"])
        self._follow(event, is_first)
        return Step(
            int(event["log_sequence"]),
            number,
            int(event["timestamp_ns"]),
            kind,
            int(event["reason"]),
            int(event["source"]),
            int(event["request"]),
            int(event["price_ticks"]),
            quantity,
            self._leaves,
            other,
            None,
        )

    def _follow(self, event: Any, is_first: bool) -> None:
        """What the event leaves of the order."""
        kind, quantity = int(event["kind"]), int(event["quantity_lots"])
        met_lots, self._met_lots = self._met_lots, 0
        if kind == EventKind.ACCEPTED:
            assert self.accepted is None, "an order is placed once"
            self.accepted, flags = event.copy(), int(event["counter_account"]) >> 16
            self.is_budget = bool(flags & CommandFlag.BUDGET)
            self._decrements = flags >> SELF_TRADE_SHIFT & SELF_TRADE_MASK == SelfTrade.DECREMENT
        if kind in (EventKind.ACCEPTED, EventKind.AMENDED, EventKind.RESTED, EventKind.TRIGGERED):
            self._leaves = quantity
        elif kind == EventKind.TRADE:
            self._leaves -= int(event["price_ticks"]) * quantity if self.is_budget else quantity
            done = EventFlag.ORDER_DONE if is_first else EventFlag.COUNTER_DONE
            self.has_ended = bool(int(event["flags"]) & done)
        elif kind == EventKind.PREVENTED and not is_first:
            # What becomes of it the other order's mode says, and the next event: in most cases all by itself.
            self._met_lots = quantity
        elif kind == EventKind.PREVENTED and self._decrements:
            self._leaves -= quantity
        elif kind == EventKind.DISPLAYED:
            self._leaves -= met_lots  # an iceberg's slice was taken off, and this is the next one
        elif kind == EventKind.CANCELLED:
            self._leaves, self.has_ended = 0, True
        assert self._leaves >= 0, "no more is taken off than is left"


def _settled(steps: list[Step], directory: Path, shard: int) -> Iterator[Step]:
    """The steps, each with the time at which the log says that the ledger knows of it."""
    assert steps, "an order that is known was placed"
    waiting = list(steps)
    for records in _records(directory, steps[0].log_sequence):
        told = records[(records["kind"] == Kind.SETTLED) & (records["account"] == shard)]
        for record in told:
            while waiting and waiting[0].event <= int(record["quantity_lots"]):
                yield msgspec.structs.replace(waiting.pop(0), settled_ns=int(record["timestamp_ns"]))
        if not waiting:
            return
    yield from waiting


def _record(directory: Path, sequence: int) -> Any:
    for records in _records(directory, sequence):
        assert int(records[0]["sequence"]) == sequence, "the record that is asked for"
        return records[0]
    raise NoSuchOrderError(f"the log does not go as far as record {sequence}, which would have placed it")


def _records(directory: Path, first: int) -> Iterator[Any]:
    """The log's records from sequence `first` on, batch by batch. Raises NoSuchOrderError, JournalError."""
    assert first >= 1, "records are numbered from 1"
    path = segment_with(directory, first)
    if path is None:
        raise NoSuchOrderError(f"there is no journal in {directory}")
    begins = sequence_of(path)
    if begins > first:
        raise NoSuchOrderError(f"the log begins with record {begins}; what was before it is not here")
    reader = JournalReader(directory, after=begins - 1)
    while len(batch := reader.next_batch()):
        records = batch.view(np.ndarray)
        skip = max(first - int(records["sequence"][0]), 0)
        if skip < len(records):
            assert records["sequence"][skip] >= first, "nothing before the first is told"
            yield records[skip:]


def _events_before(directory: Path, sequence: int, shard: int) -> int:
    """A number of the shard's events that a snapshot from before log sequence `sequence` knows, as late as there is."""
    for path in reversed(snapshots_until(directory, sequence - 1)):
        try:
            with Snapshot(path) as snapshot:
                reader_behind(snapshot, directory)  # not one of an end that the log has lost
                return snapshot.heading.events[shard]
        except (SnapshotError, FileNotFoundError):
            continue
    return 0

"""Orders as their events leave them: one row each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from tradsys.reasons import Reason
from tradsys.records import (
    LINK_MASK,
    LINK_SHIFT,
    SELF_TRADE_MASK,
    SELF_TRADE_SHIFT,
    SLOT_BITS,
    CommandFlag,
    EventFlag,
    EventKind,
    Link,
    OrderType,
    SelfTrade,
    Side,
    TimeInForce,
)

OPEN, WAITING, FILLED, CANCELLED = "open", "waiting", "filled", "cancelled"
"""An order that waits is live too, and not in the book: for a trigger, a price, an auction, or another order."""
SIDES = tuple(member.name.lower() for member in Side)
TYPES = tuple(member.name.lower() for member in OrderType)
TIMES_IN_FORCE = tuple(member.name.lower() for member in TimeInForce)
_PLAIN = frozenset(TYPES[kind] for kind in (OrderType.LIMIT, OrderType.MARKET))
_PEGGED = TYPES[OrderType.PEGGED]
_AT_CLOSE = TIMES_IN_FORCE[TimeInForce.AT_CLOSE]
_BUDGET = int(CommandFlag.BUDGET)
_REASONS = {int(member): member.name.lower() for member in Reason if member}
_SELL, _RESTING = int(EventFlag.SELL), int(EventFlag.RESTING)
_ORDER_DONE, _COUNTER_DONE = int(EventFlag.ORDER_DONE), int(EventFlag.COUNTER_DONE)


def reason_word(reason: int) -> str | None:
    """The code of a reason; None of none, a number in words of one that this version does not know."""
    return _REASONS.get(reason, str(reason)) if reason else None


class Told(NamedTuple):
    """An event in whole numbers, see tradsys.records; `number` is its place in the shard's stream."""

    number: int
    log_sequence: int
    timestamp_ns: int
    kind: int
    flags: int
    reason: int
    source: int
    symbol: int
    price_ticks: int
    request: int
    quantity_lots: int
    order_id: int
    account: int
    counter_account: int
    counter_order_id: int


class Order(msgspec.Struct, gc=False):
    """A row of the table of orders, its columns in their order.

    Of an order for an amount, quantity and what is left are money. `price_ticks` is where it stands or would stand.
    """

    order_id: int
    client_order_id: int
    account: int
    symbol: int
    side: str
    order_type: str
    time_in_force: str
    flags: int
    price_ticks: int
    trigger_ticks: int
    expires_ns: int
    quantity_lots: int
    filled_lots: int
    leaves_lots: int
    status: str
    reason: str | None
    waits_for: int
    placed_sequence: int
    placed_ns: int
    changed_sequence: int
    changed_ns: int

    @property
    def is_live(self) -> bool:
        """Whether it may still trade."""
        return self.status in {OPEN, WAITING}

    def fill(self, event: Told, is_done: int) -> None:
        """It has traded."""
        assert self.is_live, "only a live order trades"
        lots = event.quantity_lots
        self.filled_lots += lots
        self.leaves_lots -= event.price_ticks * lots if self.flags & _BUDGET else lots
        assert self.leaves_lots >= 0, "no order trades more than is left of it"
        self.status = FILLED if is_done else OPEN

    def leave(self, lots: int) -> None:
        """So much is left of it from now on."""
        assert lots >= 0, "nobody is left with less than nothing"
        self.leaves_lots = lots
        self.quantity_lots = self.filled_lots + lots


class Orders:
    """The orders that some events are about. `before`: those that were there, as they were."""

    def __init__(self, load: Callable[[int], Order | None]) -> None:
        """`load` gives an order as it is so far; None when there is none of this id."""
        self._load = load
        self._known: dict[int, Order] = {}
        self._newest: dict[int, Order] = {}
        self.before: list[Order] = []
        self._appliers: dict[int, Callable[[Order, Told], None]] = {
            EventKind.TERMS: _set_terms,
            EventKind.RESTED: _rest,
            EventKind.TRIGGERED: _trigger,
            EventKind.CANCELLED: _cancel,
            EventKind.AMENDED: _amend,
        }

    @property
    def touched(self) -> list[Order]:
        """Each of them as it is now."""
        return list(self._known.values())

    def apply(self, event: Told) -> None:
        """The next event of the orders' shard. Those that are not about orders change nothing."""
        if event.kind == EventKind.ACCEPTED:
            self._accept(event)
        elif event.kind == EventKind.TRADE:
            self._of(event.order_id, event).fill(event, event.flags & _ORDER_DONE)
            self._of(event.counter_order_id, event).fill(event, event.flags & _COUNTER_DONE)
        elif event.kind == EventKind.PREVENTED:
            self._prevent(event)
        elif event.kind in self._appliers:
            self._appliers[event.kind](self._of(event.order_id, event), event)

    def _of(self, order_id: int, event: Told) -> Order:
        order = self._known.get(order_id)
        if order is None:
            order = self._load(order_id)
            assert order is not None, f"event {event.number} is about order {order_id}, which was never accepted"
            assert order.placed_sequence <= event.log_sequence, "nothing happens to an order before it is placed"
            self.before.append(msgspec.structs.replace(order))
            self._known[order_id] = order
        assert order.changed_sequence <= event.log_sequence, "the log goes forward"
        order.changed_sequence, order.changed_ns = event.log_sequence, event.timestamp_ns
        return order

    def _accept(self, event: Told) -> None:
        assert event.order_id not in self._known, "an order is accepted once"
        what, lots = event.counter_account, event.quantity_lots
        order = Order(
            order_id=event.order_id,
            client_order_id=event.counter_order_id,
            account=event.account,
            symbol=event.symbol,
            side=SIDES[event.flags & _SELL],
            order_type=TYPES[what & 0xFF],
            time_in_force=TIMES_IN_FORCE[what >> 8 & 0xFF],
            flags=what >> 16,
            price_ticks=event.price_ticks,
            trigger_ticks=0,
            expires_ns=0,
            quantity_lots=lots,
            filled_lots=0,
            leaves_lots=lots,
            status=OPEN,
            reason=None,
            waits_for=0,
            placed_sequence=event.log_sequence,
            placed_ns=event.timestamp_ns,
            changed_sequence=event.log_sequence,
            changed_ns=event.timestamp_ns,
        )
        is_for_close = order.time_in_force == _AT_CLOSE and not event.flags & _RESTING
        if order.order_type not in _PLAIN or is_for_close:
            order.status = WAITING
        head = self._newest.get(event.symbol)
        # Linked orders come with one command, and their ids begin with its place in the log.
        if head is None or head.order_id >> SLOT_BITS != order.order_id >> SLOT_BITS:
            self._newest[event.symbol] = order
        elif head.flags >> LINK_SHIFT & LINK_MASK == Link.ONE_TRIGGERS_OTHER:
            order.waits_for, order.status = head.order_id, WAITING
        self._known[order.order_id] = order

    def _prevent(self, event: Told) -> None:
        taker = self._of(event.order_id, event)
        if taker.flags >> SELF_TRADE_SHIFT & SELF_TRADE_MASK != SelfTrade.DECREMENT:
            return
        for order in (taker, self._of(event.counter_order_id, event)):
            order.leaves_lots -= event.quantity_lots
            order.quantity_lots -= event.quantity_lots
            assert order.leaves_lots >= 0, "no more is taken off than is left"


def _set_terms(order: Order, event: Told) -> None:
    order.trigger_ticks, order.expires_ns = event.price_ticks, event.counter_order_id


def _rest(order: Order, event: Told) -> None:
    order.price_ticks, order.status = event.price_ticks, OPEN
    order.leave(event.quantity_lots)


def _trigger(order: Order, event: Told) -> None:
    assert order.is_live, "only a live order is triggered"
    order.leave(event.quantity_lots)
    has_trigger = order.order_type not in _PLAIN and order.order_type != _PEGGED
    if order.waits_for:
        order.waits_for = 0
        order.status = WAITING if has_trigger else OPEN
    elif has_trigger:
        order.status = OPEN


def _cancel(order: Order, event: Told) -> None:
    assert order.is_live, "an order ends once"
    if order.flags & _BUDGET:
        order.leaves_lots = event.quantity_lots
    else:
        order.leave(event.quantity_lots)
    order.status, order.reason = CANCELLED, reason_word(event.reason)


def _amend(order: Order, event: Told) -> None:
    assert order.is_live, "what has ended is not amended"
    order.price_ticks = event.price_ticks
    if order.order_type == _PEGGED:
        order.status = OPEN if event.flags & _RESTING else WAITING
    order.leave(event.quantity_lots)


def row_of(order: Order) -> tuple[Any, ...]:
    """The row, as SQL takes it."""
    return msgspec.structs.astuple(order)

"""Writing events, each one cache line, straight into the shard's event ring."""

from __future__ import annotations

from typing import Any

from shm.broadcast import CURSOR, LIMIT, publish, writable
from shm.integers import signed
from shm.jit import kernel
from tradsys.book.layout import (
    F_HIDDEN,
    F_ICEBERG,
    W_EVENTS,
    W_FLOOR,
    W_UNMARKED,
    Shard,
)
from tradsys.records import EventFlag, EventKind, Kind

SELL = int(EventFlag.SELL)
LAST = int(EventFlag.LAST)
RESTING = int(EventFlag.RESTING)
ORDER_DONE = int(EventFlag.ORDER_DONE)
COUNTER_DONE = int(EventFlag.COUNTER_DONE)
AUCTION = int(EventFlag.AUCTION)
HIDDEN = int(EventFlag.HIDDEN)
KEPT_PRIORITY = int(EventFlag.KEPT_PRIORITY)
WAS_RESTING = int(EventFlag.WAS_RESTING)

_AMENDED = int(EventKind.AMENDED)
_REJECTED = int(EventKind.REJECTED)
_NEW = int(Kind.NEW)

ROOM_FOR_A_STEP = 16
"""No single step of a command writes more events than this before it asks for room again."""


@kernel
def has_room(shard: Shard) -> bool:
    """Whether the event ring can take another step's events; False asks to publish, or to wait for readers."""
    last = shard.words[W_EVENTS] + ROOM_FOR_A_STEP
    return last <= shard.words[W_FLOOR] or writable(shard.events, last - 1) > 0


@kernel
def publish_events(shard: Shard) -> bool:
    """Make every event written so far visible, save one that may have to be marked; False when there is none."""
    written = shard.words[W_EVENTS] - shard.words[W_UNMARKED]
    if written <= shard.words[W_FLOOR] or written <= shard.events.header[CURSOR]:
        return False
    publish(shard.events, written)
    return True


@kernel
def begin_unmarked(shard: Shard, command: Any) -> None:
    """There is more to come: the command's last event is marked only when it is done, see mark_last()."""
    words = shard.words
    words[W_UNMARKED] = 1
    number = words[W_EVENTS]
    if number > words[W_FLOOR]:
        event = shard.events.slots[number & (len(shard.events.slots) - 1)]
        if event.log_sequence == command.sequence:
            event.flags = signed(event.flags) & ~LAST


@kernel
def mark_last(shard: Shard, command: Any) -> None:
    """The command is done: its newest event, which has been held back, is its last."""
    words = shard.words
    words[W_UNMARKED] = 0
    number = words[W_EVENTS]
    if number > words[W_FLOOR]:
        event = shard.events.slots[number & (len(shard.events.slots) - 1)]
        if event.log_sequence == command.sequence:
            event.flags = signed(event.flags) | LAST


@kernel
def emit(
    shard: Shard,
    command: Any,
    kind: int,
    flags: int,
    reason: int,
    symbol: int,
    price_ticks: int,
    quantity_lots: int,
    order_id: int,
    account: int,
    counter_account: Any,
    counter_order_id: int,
) -> None:
    """Write the next event. The caller has made sure of room."""
    words = shard.words
    number = words[W_EVENTS] + 1
    words[W_EVENTS] = number
    if number <= words[W_FLOOR]:
        return  # readers have seen it, and its slot may by now hold a later event
    assert number <= shard.events.header[LIMIT], "there is room for the event"
    slots = shard.events.slots
    event = slots[number & (len(slots) - 1)]
    event.log_sequence = command.sequence
    event.timestamp_ns = command.timestamp_ns
    event.kind = kind
    event.flags = flags
    event.reason = reason
    event.source = command.source
    event.symbol = symbol
    event.price_ticks = price_ticks
    event.request = command.request
    event.quantity_lots = quantity_lots
    event.order_id = order_id
    event.account = account
    event.counter_account = counter_account
    event.counter_order_id = counter_order_id


@kernel
def reject(shard: Shard, command: Any, reason: int) -> None:
    """The command changes nothing, for `reason`."""
    flags = LAST | (command.side & 1)
    emit(
        shard,
        command,
        _REJECTED,
        flags,
        reason,
        command.symbol,
        command.price_ticks,
        command.quantity_lots,
        command.order_id if command.kind != _NEW else signed(0),
        command.account,
        command.kind,
        command.client_order_id,
    )


@kernel
def hidden_flag(order: Any) -> int:
    """HIDDEN for orders of which only DISPLAYED events say what is shown."""
    return HIDDEN if signed(order.flags) & (F_HIDDEN | F_ICEBERG) else signed(0)


@kernel
def tell(shard: Shard, command: Any, order: Any, kind: int, flags: int, reason: int) -> None:
    """An event about `order` itself: its limit, its leaves, its client's number of it."""
    emit(
        shard,
        command,
        kind,
        flags | signed(order.side),
        reason,
        order.symbol,
        order.price_ticks,
        order.leaves_lots,
        order.order_id,
        order.account,
        0,
        order.client_order_id,
    )


@kernel
def tell_pair(
    shard: Shard, command: Any, order: Any, counter: Any, kind: int, flags: int, price_ticks: int, quantity_lots: int
) -> None:
    """An event about `order` and one of the other side that it has met."""
    assert order.order_id != 0, "an order that meets another is alive"
    assert counter.order_id != 0, "an order that is met is alive"
    assert order.side != counter.side, "two sides meet"
    assert order.symbol == counter.symbol, "two orders of one symbol meet"
    assert quantity_lots >= 0, "nobody trades less than nothing"
    emit(
        shard,
        command,
        kind,
        flags | signed(order.side),
        0,
        order.symbol,
        price_ticks,
        quantity_lots,
        order.order_id,
        order.account,
        counter.account,
        counter.order_id,
    )


@kernel
def tell_amended(
    shard: Shard,
    command: Any,
    order: Any,
    flags: int,
    price_ticks: int,
    lots: int,
    before_ticks: int,
    before_lots: int,
) -> None:
    """An order has another price or another quantity left than before."""
    assert order.order_id != 0, "an order that is amended lives"
    assert lots > 0, "an order that is amended lives on"
    emit(
        shard,
        command,
        _AMENDED,
        flags | signed(order.side),
        0,
        order.symbol,
        price_ticks,
        lots,
        order.order_id,
        order.account,
        signed(before_ticks) & 0xFFFF_FFFF,
        before_lots,
    )

"""Writing events, each one cache line, straight into the shard's event ring."""

from __future__ import annotations

from typing import Any

from shm.broadcast import CURSOR, publish, writable
from shm.jit import kernel
from tradsys.book.layout import P_NONE, W_EVENTS, W_FLOOR, W_PENDING, W_PENDING_A, W_PENDING_B, W_PENDING_C, Shard
from tradsys.records import EventFlag, EventKind

SELL = int(EventFlag.SELL)
LAST = int(EventFlag.LAST)
RESTING = int(EventFlag.RESTING)
ORDER_DONE = int(EventFlag.ORDER_DONE)
COUNTER_DONE = int(EventFlag.COUNTER_DONE)
AUCTION = int(EventFlag.AUCTION)
KEPT_PRIORITY = int(EventFlag.KEPT_PRIORITY)
WAS_RESTING = int(EventFlag.WAS_RESTING)

_ACCEPTED = int(EventKind.ACCEPTED)
_REJECTED = int(EventKind.REJECTED)
_CANCELLED = int(EventKind.CANCELLED)

ROOM_FOR_A_STEP = 4
"""No single step of a command writes more events than this before it asks for room again."""


@kernel
def has_room(shard: Shard) -> bool:
    """Whether the event ring can take another step's events; False asks to publish, or to wait for readers."""
    last = shard.words[W_EVENTS] + ROOM_FOR_A_STEP
    return last <= shard.words[W_FLOOR] or writable(shard.events, last - 1) > 0


@kernel
def end_phase(shard: Shard) -> None:
    """The command of many steps is done. Its words go back to 0: equal books are then equal bytes."""
    words = shard.words
    words[W_PENDING] = P_NONE
    words[W_PENDING_A] = 0
    words[W_PENDING_B] = 0
    words[W_PENDING_C] = 0


@kernel
def publish_events(shard: Shard) -> bool:
    """Make every event written so far visible; False when there is none that is not."""
    written = shard.words[W_EVENTS]
    if written <= shard.words[W_FLOOR] or written <= shard.events.header[CURSOR]:
        return False
    publish(shard.events, written)
    return True


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
        command.order_id,
        command.account,
        command.kind,
        command.client_order_id,
    )


@kernel
def cancelled(shard: Shard, command: Any, order: Any, flags: int, reason: int) -> None:
    """What is left of `order` is taken out."""
    emit(
        shard,
        command,
        _CANCELLED,
        flags | order.side,
        reason,
        order.symbol,
        order.price_ticks,
        order.leaves_lots,
        order.order_id,
        order.account,
        0,
        order.client_order_id,
    )

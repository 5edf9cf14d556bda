"""The transport between the engine's core and the harness's: the shard's own event ring, read as reports.

The kernel writes each event once, straight into the ring; drain() makes the interface's reports of them, on the core
that takes them. An event tells all that a report does: the adapter gives every client's order an account of its own,
whose number is the client's order id, and the message's sequence number travels as the time.

Memory at the handle, in the order of lay_out():

    words      int64[16]: word BASE is the client's price that is the book's 0
    header     of the broadcast ring, whose gating reader READER drains it
    slots      EVENT, or where somebody has pushed a report of its own that one, with the sign bit of its first word set

REPORT is one cache line; here every field is a whole word, so that writing it leaves nothing of an older report:

     0             8          16         24      32         40         48         56     64
     +-------------+----------+----------+-------+----------+----------+----------+------+
     |type|side<<8 | sequence | order id | price | quantity | maker id | taker id | zero |
     +-------------+----------+----------+-------+----------+----------+----------+------+
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bench.abi.pointers import array_at
from bench.flows import CANCEL_ACK, CANCEL_REJECT, MODIFY_ACK, MODIFY_REJECT, ORDER_ACK, TRADE
from shm import broadcast
from shm.arena import Arena
from shm.broadcast import CAPACITY, CURSOR, HEADER_WORDS, POSITION, READER_STRIDE, Broadcast
from shm.integers import signed
from shm.jit import kernel
from tradsys.records import EVENT, EventKind, Kind

REPORT = np.dtype(
    [
        ("type_and_side", "<i8"),
        ("sequence", "<i8"),
        ("order_id", "<i8"),
        ("price_ticks", "<i8"),
        ("quantity", "<i8"),
        ("maker_id", "<i8"),
        ("taker_id", "<i8"),
        ("zero", "<i8"),
    ]
)
assert REPORT.itemsize == EVENT.itemsize == 64

WORDS = 16
BASE = 0
READER = 0

_PUSHED = -(1 << 63)
_HEADER_AT = 8 * WORDS
_SLOTS_AT = _HEADER_AT + 8 * HEADER_WORDS
CAPACITY_AT = _HEADER_AT + 8 * CAPACITY
_READER_POSITION = POSITION + READER * READER_STRIDE

_NO_REPORT = -1
_ACCEPTED = int(EventKind.ACCEPTED)
_TRADE = int(EventKind.TRADE)
_CANCELLED = int(EventKind.CANCELLED)
_AMENDED = int(EventKind.AMENDED)
_REJECTED = int(EventKind.REJECTED)
_CANCEL = int(Kind.CANCEL)
_AMEND = int(Kind.AMEND)


class Transport(NamedTuple):
    """A view of the memory at a handle: `words` int64[WORDS], `events` the ring of EVENTs."""

    words: Any
    events: Broadcast


def lay_out(arena: Arena, capacity: int) -> Transport:
    """The transport whose ring has `capacity` events, in the arena's memory, which starts at the handle."""
    return Transport(
        arena.array(np.int64, WORDS), Broadcast(arena.array(np.int64, HEADER_WORDS), arena.array(EVENT, capacity))
    )


def initialise(transport: Transport) -> None:
    """Make it empty, with the reader that drains it. Raises ValueError for a bad capacity."""
    transport.words[:] = 0
    broadcast.initialise(transport.events)
    reader, _ = broadcast.join(transport.events)
    assert reader == READER


@kernel
def transport_at(handle: int) -> Transport:
    """The transport at `handle`."""
    header = array_at(handle + _HEADER_AT, HEADER_WORDS, np.int64)
    slots = array_at(handle + _SLOTS_AT, header[CAPACITY], EVENT)
    return Transport(array_at(handle, WORDS, np.int64), Broadcast(header, slots))


@kernel
def _report_type(event: Any) -> int:
    kind = event.kind
    if kind == _ACCEPTED:
        return ORDER_ACK
    if kind == _CANCELLED:
        return CANCEL_ACK
    if kind == _AMENDED:
        return MODIFY_ACK
    if kind == _TRADE:
        return TRADE
    if kind == _REJECTED:
        # An order that the book refuses is none of the interface's six reports.
        if event.counter_account == _CANCEL:
            return CANCEL_REJECT
        if event.counter_account == _AMEND:
            return MODIFY_REJECT
    return _NO_REPORT


@kernel
def _write_report(report: Any, event: Any, report_type: int, base: int) -> None:
    trade = -signed(report_type == TRADE)  # all ones for a trade
    report.type_and_side = report_type | signed(event.flags & 1) << 8
    report.sequence = event.timestamp_ns
    # The id of an order that nobody has may be too large for an account.
    report.order_id = event.counter_order_id if event.kind == _REJECTED else signed(event.account)
    report.price_ticks = event.price_ticks + base
    report.quantity = event.quantity_lots
    report.maker_id = signed(event.counter_account) & trade
    report.taker_id = signed(event.account) & trade
    report.zero = 0


@kernel
def drain(handle: int, out: Any) -> int:
    """Take up to `len(out)` reports out; gives how many, and 0 only when there are none."""
    transport = transport_at(handle)
    events = transport.events
    header = events.header
    slots = events.slots
    mask = len(slots) - 1
    pushed = array_at(handle + _SLOTS_AT, len(slots), REPORT)
    position = header[_READER_POSITION]
    last = broadcast.published(events)
    base = transport.words[BASE]  # not before it is known that events are there: the engine sets it before the first
    count = 0
    while position < last and count < len(out):
        position += 1
        event = slots[position & mask]
        if event.log_sequence < 0:
            out[count] = pushed[position & mask]
            out[count].type_and_side &= ~_PUSHED
            count += 1
            continue
        report_type = _report_type(event)
        if report_type != _NO_REPORT:
            _write_report(out[count], event, report_type, base)
            count += 1
    broadcast.advance(events, READER, position)
    return count


@kernel
def push(handle: int, reports: Any) -> int:
    """Put a report of somebody else's in, behind every event published so far; 0 when the ring is full."""
    events = transport_at(handle).events
    last = events.header[CURSOR]
    if broadcast.writable(events, last) <= 0:
        return 0
    slots = array_at(handle + _SLOTS_AT, len(events.slots), REPORT)
    place = (last + 1) & (len(slots) - 1)
    slots[place] = reports[0]
    slots[place].type_and_side |= _PUSHED
    broadcast.publish(events, last + 1)
    return 1

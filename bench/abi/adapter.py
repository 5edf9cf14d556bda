"""From the C interface's messages to the kernel's commands, and from its events to reports in a ring.

The kernel is tradsys.book.execution.execute, the very function that the matcher runs, and the ring is shm.ring.
Every message is carried out, and its reports are in the ring, before the next one is looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.abi.engine import (
    ANCHORED,
    BASE,
    COMMAND_WORDS,
    EVENT_KINDS,
    EVENTS,
    HELD_BACK,
    HIGHEST,
    HIGHEST_TICKS,
    LOWEST,
    LOWEST_TICKS,
    MESSAGE_KINDS,
    ORDER_IDS,
    REPORT,
    RING,
    SEQUENCE,
    SIZE,
    SYMBOL,
    TABLE_WORDS,
    WORK_WORDS,
    Engine,
)
from bench.abi.pointers import array_at
from bench.flows import CANCEL, MODIFY, NEW
from bench.flows import TRADE as TRADE_REPORT
from shm import broadcast, ring
from shm.broadcast import Broadcast
from shm.integers import signed
from shm.jit import kernel
from shm.ring import Ring
from tradsys.book.execution import execute
from tradsys.book.layout import (
    BOOK,
    BOOK_SIDE,
    COUNT,
    EXTRA,
    LEVEL,
    LINKS,
    LISTS,
    ORDER,
    W_EVENTS,
    W_PENDING,
    Shard,
    counts_of,
)
from tradsys.book.layout import HEADER_WORDS as SHARD_WORDS
from tradsys.book.levels import index_of, price_of
from tradsys.records import COMMAND, DETAILS, EVENT, PRICE_MAX, SLOT_MASK, CommandFlag, EventKind, Kind

PUBLISH_EVERY = 32
"""Reports. The consumer's core takes the cursor's line away each time it looks, so showing every report is dear."""

NO_BID, NO_ASK = -(1 << 63), (1 << 63) - 1
_MODIFICATION = int(
    CommandFlag.NEW_PRICE | CommandFlag.NEW_QUANTITY | CommandFlag.QUANTITY_IS_LEAVES | CommandFlag.LOSE_PRIORITY
)
_FIRST_KIND = int(Kind.NEW)  # message types 0, 1, 2 are kinds NEW, CANCEL, AMEND
_ACCEPTED = int(EventKind.ACCEPTED)
_OUT_OF_RANGE = PRICE_MAX

_BOOKS = SIZE.symbols_max + 1
_ORDERS = SIZE.orders + 1
_PAGES = SIZE.pages + 1
_DIRECTORY = SIZE.directory
_SUMMARY = SIZE.summary
_COUNTS = counts_of(SIZE)
_GROUPS = SIZE.accounts_max + 1
_TYPES = EVENT_KINDS * MESSAGE_KINDS
_RING_BYTES = 8 * ring.HEADER_WORDS


@kernel
def engine_at(address: int) -> Engine:
    """The engine whose arrays are where the table at `address` says, see engine.addresses()."""
    table = array_at(address, TABLE_WORDS, np.int64)
    shard = Shard(
        array_at(table[0], SHARD_WORDS, np.int64),
        array_at(table[1], _BOOKS, BOOK),
        array_at(table[2], 2 * _BOOKS, BOOK_SIDE),
        array_at(table[3], LISTS * _BOOKS, np.uint32),
        array_at(table[4], 4 * _BOOKS, BOOK_SIDE),
        array_at(table[5], _ORDERS, ORDER),
        array_at(table[6], _ORDERS, EXTRA),
        array_at(table[7], LINKS * _ORDERS, np.uint32),
        array_at(table[8], _ORDERS, LEVEL),
        array_at(table[9], _ORDERS, np.int64),
        array_at(table[10], 64 * _PAGES, np.uint32),
        array_at(table[11], _PAGES, np.int64),
        array_at(table[12], _DIRECTORY, np.uint32),
        array_at(table[13], _SUMMARY, np.int64),
        array_at(table[14], _ORDERS, np.uint32),
        array_at(table[15], _COUNTS, COUNT),
        array_at(table[16], _GROUPS, np.uint32),
        array_at(table[17], 2, COMMAND),
        array_at(table[18], 1, DETAILS),
        Broadcast(
            array_at(table[19], broadcast.HEADER_WORDS, np.int64),
            array_at(table[20], EVENTS, EVENT),
        ),
    )
    return Engine(
        shard,
        array_at(table[21], 1, COMMAND),
        array_at(table[21], 1, DETAILS),
        array_at(table[21], 1, COMMAND_WORDS),
        array_at(table[22], ORDER_IDS, np.int64),
        array_at(table[23], _TYPES, np.int64),
        array_at(table[24], WORK_WORDS, np.int64),
    )


@kernel
def ring_at(address: int) -> Ring:
    """The report ring at `address`: its header, and behind it as many slots as the header says."""
    header = array_at(address, ring.HEADER_WORDS, np.int64)
    return Ring(header, array_at(address + _RING_BYTES, header[ring.CAPACITY], REPORT))


@kernel
def _anchor(engine: Engine, messages: Any, count: int) -> None:
    """Put the first price that comes into the middle of the book's range."""
    work = engine.work
    for number in range(count):
        if messages[number].type != CANCEL:
            base = messages[number].price_ticks
            work[BASE] = base
            work[LOWEST] = max(base, NO_BID - LOWEST_TICKS) + LOWEST_TICKS
            work[HIGHEST] = min(base, NO_ASK - HIGHEST_TICKS) + HIGHEST_TICKS
            work[ANCHORED] = 1
            return


@kernel
def _fill(engine: Engine, message: Any) -> None:
    """Make the command that the message means; its symbol and account stand there already."""
    work = engine.work
    command = engine.command_words[0]
    kind = signed(message.type)
    client_id = message.order_id
    sequence = work[SEQUENCE] + 1
    work[SEQUENCE] = sequence
    order_id = signed(0)
    if kind != NEW and client_id > 0 and client_id < ORDER_IDS:
        order_id = engine.order_ids[client_id]
    command.sequence = sequence
    command.order_id = order_id
    command.client_order_id = client_id
    codes = kind + _FIRST_KIND | signed(message.side) << 8
    if kind == CANCEL:
        command.codes = codes
        return
    price = message.price_ticks
    price = price - work[BASE] if price >= work[LOWEST] and price <= work[HIGHEST] else _OUT_OF_RANGE
    command.request_and_price = price << 32
    command.quantity_lots = message.quantity
    if kind == MODIFY:
        command.codes = codes | _MODIFICATION << 32
    else:
        command.codes = codes | signed(message.ioc != 0) << 24


@kernel
def _report(engine: Engine, message: Any, slots: Any, tail: int) -> int:
    """Write the reports of the events of this step into the ring's slots from number `tail` on; gives how many."""
    shard = engine.shard
    events = shard.events.slots
    orders = shard.orders
    mask = len(slots) - 1
    base = engine.work[BASE]
    client_id = message.order_id
    first = tail
    for number in range(1, shard.words[W_EVENTS] + 1):
        event = events[number]
        kind = engine.report_types[signed(event.kind) * MESSAGE_KINDS + message.type]
        # All ones for a trade: branches would be mispredicted more often than these few operations cost.
        trade = -signed(kind == TRADE_REPORT)
        # A filled maker's slot is free by now, but keeps its client's id until it is given out again.
        maker = orders[event.counter_order_id & SLOT_MASK & trade]
        report = slots[tail & mask]
        report.type_and_side = kind | signed(event.flags & 1) << 8
        report.sequence = message.sequence
        report.order_id = client_id
        report.price_ticks = event.price_ticks + base
        report.quantity = event.quantity_lots
        report.maker_id = maker.client_order_id & trade
        report.taker_id = client_id & trade
        report.zero = 0
        tail += signed(kind >= 0)
    return tail - first


@kernel
def deliver(engine: Engine, messages: Any, count: int) -> int:
    """Carry out messages until the ring of reports is full; gives how many are done.

    A message that waits for room in the ring is not among them, and must be the next call's first.
    """
    work = engine.work
    words = engine.shard.words
    if work[ANCHORED] == 0:
        _anchor(engine, messages, count)
    reports = ring_at(work[RING])
    slots = reports.slots
    header = reports.header
    tail = header[ring.TAIL] + work[HELD_BACK]
    held_back = work[HELD_BACK]
    room = ring.writable(reports, held_back + EVENTS) - held_back
    number = 0
    while number < count:
        if room < EVENTS:
            ring.publish(reports, held_back)
            held_back = 0
            room = ring.writable(reports, EVENTS)
            if room < EVENTS:
                break
        message = messages[number]
        if message.type > MODIFY:
            number += 1  # nothing that the interface knows
            continue
        begins = words[W_PENDING] == 0
        if begins:
            if message.type == NEW and (message.order_id < 1 or message.order_id >= ORDER_IDS):
                number += 1  # refused: the map has no place for it
                continue
            _fill(engine, message)
        # Its reader is done with the event ring: it starts again, in the cache lines of the last message.
        words[W_EVENTS] = 0
        done = execute(engine.shard, engine.commands[0], engine.definitions[0])
        if message.type == NEW and begins:
            event = engine.shard.events.slots[1]
            if event.kind == _ACCEPTED:
                engine.order_ids[message.order_id] = event.order_id
        written = _report(engine, message, slots, tail)
        tail += written
        room -= written
        held_back += written
        number += signed(done)
        if held_back >= PUBLISH_EVERY:
            ring.publish(reports, held_back)
            held_back = 0
    if count > 1 and held_back > 0:
        ring.publish(reports, held_back)
        held_back = 0
    work[HELD_BACK] = held_back
    return number


@kernel
def flush(engine: Engine) -> None:
    """Publish the reports that are held back."""
    held_back = engine.work[HELD_BACK]
    engine.work[HELD_BACK] = 0
    ring.publish(ring_at(engine.work[RING]), held_back)


@kernel
def best_price(engine: Engine, side: int) -> int:
    """The client's best price of a side; NO_BID or NO_ASK when it is empty."""
    own = engine.shard.sides[2 * SYMBOL + side]
    if own.best_index < 0:
        return NO_BID if side == 0 else NO_ASK
    return price_of(own, own.best_index) + engine.work[BASE]


@kernel
def depth_at(engine: Engine, price_ticks: int, side: int) -> int:
    """The quantity that rests at one of the client's prices; 0 outside the book's range."""
    work = engine.work
    if side > 1 or work[ANCHORED] == 0 or price_ticks < work[LOWEST] or price_ticks > work[HIGHEST]:
        return 0
    shard = engine.shard
    own = shard.sides[2 * SYMBOL + side]
    index = index_of(own, price_ticks - work[BASE])
    page = signed(shard.directory[own.directory + (index >> 6)])
    number = signed(shard.pages[(page << 6) + (index & 63)])
    return shard.levels[number].quantity_lots if number != 0 else signed(0)

"""From the C interface's messages to the kernel's commands.

The kernel is tradsys.book.execution.execute, the very function that the matcher runs, and it writes its events into
the ring that the harness drains, see transport.py. Every message is carried out, and its events are in the ring,
before the next one is looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.abi import transport
from bench.abi.engine import (
    ANCHORED,
    BASE,
    COMMAND_WORDS,
    ENGINE_WORDS,
    HIGHEST,
    HIGHEST_TICKS,
    LOWEST,
    LOWEST_TICKS,
    ORDER_IDS,
    RECENT,
    SEQUENCE,
    SYMBOL,
    TRANSPORT,
    WORK_WORDS,
    Engine,
    example_shard,
)
from bench.abi.pointers import array_at
from bench.abi.transport import transport_at
from bench.flows import CANCEL, MODIFY, NEW
from shm.atomics import prefetch
from shm.broadcast import CURSOR
from shm.integers import signed
from shm.jit import kernel
from shm.table import at_address
from tradsys.book.events import has_room, publish_events
from tradsys.book.execution import execute
from tradsys.book.layout import W_EVENTS, W_PENDING
from tradsys.book.levels import entry_of, index_of, place_of, price_of
from tradsys.records import COMMAND, DETAILS, PRICE_MAX, SLOT_MASK, CommandFlag, EventKind, Kind

PUBLISH_EVERY = 32
"""Events. The consumer's core takes the cursor's line away each time it looks, so showing every event is dear."""

NO_BID, NO_ASK = -(1 << 63), (1 << 63) - 1
_MODIFICATION = int(
    CommandFlag.NEW_PRICE | CommandFlag.NEW_QUANTITY | CommandFlag.QUANTITY_IS_LEAVES | CommandFlag.LOSE_PRIORITY
)
_FIRST_KIND = int(Kind.NEW)  # message types 0, 1, 2 are kinds NEW, CANCEL, AMEND
_ACCEPTED = int(EventKind.ACCEPTED)
_OUT_OF_RANGE = PRICE_MAX
_NO_ORDER_ID = ~(ORDER_IDS - 1)

shard_at = at_address(example_shard())


@kernel
def engine_at(address: int) -> Engine:
    """The engine whose arrays are where the table at `address` says, see engine.addresses()."""
    table = array_at(address, ENGINE_WORDS, np.int64)
    shard = shard_at(table[5])
    return Engine(
        shard,
        array_at(table[0], 1, COMMAND),
        array_at(table[0], 1, DETAILS),
        array_at(table[0], 1, COMMAND_WORDS),
        array_at(table[1], ORDER_IDS, np.uint32),
        array_at(table[2], RECENT, np.int64),
        array_at(table[3], WORK_WORDS, np.int64),
    )


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
            transport_at(work[TRANSPORT]).words[transport.BASE] = base
            return


@kernel
def _remember(engine: Engine, client_id: int, slot: int) -> None:
    """The client's order `client_id` is in `slot`.

    A store that waits for memory keeps everything behind it waiting, and the client's order ids come in any order. So
    the map gets it only when another order takes its place among the recent ones, and its line is asked for now.
    """
    place = client_id & RECENT - 1
    before = engine.recent[place]
    engine.slots[before >> 32] = before & SLOT_MASK
    engine.recent[place] = client_id << 32 | slot
    prefetch(engine.slots, client_id)


@kernel
def _slot_of(engine: Engine, client_id: int) -> int:
    recent = engine.recent[client_id & RECENT - 1]
    return recent & SLOT_MASK if recent >> 32 == client_id else signed(engine.slots[client_id])


@kernel
def _fill(engine: Engine, message: Any) -> None:
    """Make the command that the message means; its symbol stands there already."""
    work = engine.work
    command = engine.command_words[0]
    kind = signed(message.type)
    client_id = message.order_id
    sequence = work[SEQUENCE] + 1
    work[SEQUENCE] = sequence
    order_id = signed(0)
    if kind != NEW and client_id & _NO_ORDER_ID == 0:
        # Whoever has the slot by now: only the account of this client's order may cancel or amend it.
        order_id = engine.shard.orders[_slot_of(engine, client_id)].order_id
    command.sequence = sequence
    command.timestamp_ns = message.sequence
    command.symbol_and_account = client_id << 32 | SYMBOL
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
def _begin(engine: Engine, messages: Any, count: int) -> None:
    """Before the first of a call's messages: the book's base, and the number of the newest event in the ring."""
    if engine.work[ANCHORED] == 0:
        _anchor(engine, messages, count)
    words = engine.shard.words
    words[W_EVENTS] = max(words[W_EVENTS], engine.shard.events.header[CURSOR])


@kernel
def deliver(engine: Engine, messages: Any, count: int) -> int:
    """Carry out messages until the event ring is full; gives how many are done.

    A message that waits for room in the ring is not among them, and must be the next call's first.
    """
    shard = engine.shard
    words = shard.words
    events = shard.events
    mask = len(events.slots) - 1
    _begin(engine, messages, count)
    published = events.header[CURSOR]
    number = 0
    while number < count:
        if not has_room(shard) and not (publish_events(shard) and has_room(shard)):
            break
        message = messages[number]
        kind = message.type
        if kind > MODIFY:
            number += 1  # nothing that the interface knows
            continue
        begins = words[W_PENDING] == 0
        if begins:
            if kind == NEW and (message.order_id < 1 or message.order_id >= ORDER_IDS):
                number += 1  # refused: the map has no place for it
                continue
            _fill(engine, message)
        first = words[W_EVENTS] + 1
        if execute(shard, engine.commands[0], engine.definitions[0]):
            number += 1
        if kind == NEW and begins:
            event = events.slots[first & mask]
            if event.kind == _ACCEPTED:
                _remember(engine, message.order_id, event.order_id & SLOT_MASK)
        if words[W_EVENTS] - published >= PUBLISH_EVERY:
            publish_events(shard)
            published = words[W_EVENTS]
    if count > 1:
        publish_events(shard)
    return number


@kernel
def flush(engine: Engine) -> None:
    """Publish the events that are held back."""
    publish_events(engine.shard)


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
    number = signed(shard.pages[place_of(shard.directory[entry_of(own, index)], index)])
    return shard.levels[number].quantity_lots if number != 0 else signed(0)

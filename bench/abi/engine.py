"""The memory of one engine: the records that cross the C interface, and a private shard of one symbol.

MESSAGE reads all three kinds of the interface's message, whose payloads share their layout; a cancel ends after
`sequence`, and what stands behind it means nothing:

     0      8          16         24      32         36     37    40
     +------+----------+----------+-------+----------+------+-----+
     | type | order id | sequence | price | quantity | side | ioc |
     |  u8  |   u64    |   u64    |  i64  |   u32    |  u8  | u8  |
     +------+----------+----------+-------+----------+------+-----+

REPORT is one cache line; here every field is a whole word, so that writing it leaves nothing of an older report:

     0             8          16         24      32         40         48         56     64
     +-------------+----------+----------+-------+----------+----------+----------+------+
     |type|side<<8 | sequence | order id | price | quantity | maker id | taker id | zero |
     +-------------+----------+----------+-------+----------+----------+----------+------+
"""

from __future__ import annotations

import mmap
from typing import Any, NamedTuple

import numpy as np

from bench.flows import CANCEL_ACK, CANCEL_REJECT, MODIFY_ACK, MODIFY_REJECT, ORDER_ACK, TRADE
from shm import broadcast
from shm.arena import Arena, sizeof
from shm.broadcast import Broadcast
from tradsys.book.bitmap import PAGES_MAX, words_needed
from tradsys.book.execution import run
from tradsys.book.layout import Shard, ShardSize, carve
from tradsys.book.layout import initialise as empty
from tradsys.records import COMMAND, DETAILS, EVENT, EventKind
from tradsys.symbols import Symbol

MESSAGE = np.dtype(
    {
        "names": ["type", "order_id", "sequence", "price_ticks", "quantity", "side", "ioc"],
        "formats": ["u1", "<i8", "<i8", "<i8", "<u4", "u1", "u1"],
        "offsets": [0, 8, 16, 24, 32, 36, 37],
        "itemsize": 40,
    }
)
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
COMMAND_WORDS = np.dtype(
    [
        ("sequence", "<i8"),
        ("timestamp_ns", "<i8"),
        ("codes", "<i8"),  # kind | side<<8 | order type<<16 | time in force<<24 | flags<<32
        ("symbol_and_account", "<i8"),
        ("request_and_price", "<i8"),  # price<<32
        ("quantity_lots", "<i8"),
        ("order_id", "<i8"),
        ("client_order_id", "<i8"),
    ]
)
"""COMMAND written as whole words: what is stored byte by byte cannot be forwarded to a wider load behind it."""

assert MESSAGE.itemsize == 40
assert COMMAND_WORDS.itemsize == COMMAND.itemsize
assert REPORT.itemsize == 64

SYMBOL = ACCOUNT = 1
LOWEST_TICKS, HIGHEST_TICKS = -(1 << 23), (1 << 23) - 1
"""The book's own prices; 0 is the first price that a message brings. As many as one symbol can have."""

SIZE = ShardSize(
    symbols_max=SYMBOL,
    orders=1 << 20,
    pages=1 << 15,
    directory=2 * PAGES_MAX,
    summary=2 * words_needed(PAGES_MAX),
)
ORDER_IDS = 1 << 25
"""The client's order ids are below this. The map is untouched memory until an id is used."""

_READY_ORDER_IDS = 1 << 22
EVENTS = 128
"""Slots of the private event ring, and so the most reports of one step of a command."""

# Words of `Engine.work`.
SEQUENCE = 0  # of the last command, as in a venue's log
RING = 1  # address of the report ring's memory
HELD_BACK = 2  # reports written to the ring and not yet published
ANCHORED = 3  # 1 when the first price has come
BASE = 4  # the client's price that is the book's 0
LOWEST, HIGHEST = 5, 6  # the client's prices that the book holds
WORK_WORDS = 16

TABLE_WORDS = 25

NO_REPORT = -1
EVENT_KINDS, MESSAGE_KINDS = 32, 4


class Engine(NamedTuple):
    """One engine. `order_ids` int64: the venue's by the client's; `report_types`: see new_engine()."""

    shard: Shard
    commands: Any  # COMMAND[1]
    definitions: Any  # the same read as DETAILS
    command_words: Any  # the same written as COMMAND_WORDS
    order_ids: Any
    report_types: Any
    work: Any  # int64[WORK_WORDS]


def new_engine() -> Engine:
    """An engine with an empty book in continuous trading, in private memory of huge pages.

    `report_types[event kind * MESSAGE_KINDS + message type]` is the type of the report, NO_REPORT for none.
    """
    memory = mmap.mmap(-1, sizeof(_lay_out), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    # The client's order ids come in any order: with small pages nearly every look into the map misses the TLB.
    memory.madvise(mmap.MADV_HUGEPAGE)
    engine = _lay_out(Arena(memory))
    shard, commands = engine.shard, engine.commands
    broadcast.initialise(shard.events)
    empty(shard)
    symbol = Symbol(SYMBOL, "BENCH", 2, 1, 0, 1, LOWEST_TICKS, HIGHEST_TICKS, 0)
    commands[:] = symbol.definition().view(COMMAND)
    commands["sequence"] = 1
    run(shard, commands, engine.definitions, 1, -1, 1, 1, 0)
    assert shard.books["defined"][SYMBOL], "the kernel refuses the benchmark's symbol"
    commands[:] = np.zeros(1, COMMAND)
    commands["symbol"], commands["account"] = SYMBOL, ACCOUNT
    engine.order_ids[:_READY_ORDER_IDS] = 0
    engine.report_types[:] = _report_types()
    engine.work[SEQUENCE] = 1
    return engine


def _lay_out(arena: Arena) -> Engine:
    events = Broadcast(arena.array(np.int64, broadcast.HEADER_WORDS), arena.array(EVENT, EVENTS))
    shard = carve(arena.array, SIZE, events)
    commands = arena.array(COMMAND, 1)
    return Engine(
        shard,
        commands,
        commands.view(np.ndarray).view(DETAILS),
        commands.view(np.ndarray).view(COMMAND_WORDS),
        arena.array(np.int64, ORDER_IDS),
        arena.array(np.int64, EVENT_KINDS * MESSAGE_KINDS),
        arena.array(np.int64, WORK_WORDS),
    )


def _report_types() -> Any:
    table = np.full((EVENT_KINDS, MESSAGE_KINDS), NO_REPORT)
    table[int(EventKind.ACCEPTED)] = ORDER_ACK
    table[int(EventKind.TRADE)] = TRADE
    table[int(EventKind.CANCELLED)] = CANCEL_ACK
    table[int(EventKind.AMENDED)] = MODIFY_ACK
    # An order that the book refuses is none of the interface's six reports.
    table[int(EventKind.REJECTED)] = [NO_REPORT, CANCEL_REJECT, MODIFY_REJECT, NO_REPORT]
    return table.ravel()


def addresses(engine: Engine) -> Any:
    """Where the engine's arrays are, int64, in the order that adapter.engine_at() reads."""
    shard = engine.shard
    arrays = [*shard[:-1], *shard.events, engine.commands, engine.order_ids, engine.report_types, engine.work]
    return np.array([array.ctypes.data for array in arrays], np.int64)

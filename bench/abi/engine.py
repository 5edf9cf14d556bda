"""The memory of one engine: the records that cross the C interface, and a private shard of one symbol.

MESSAGE reads all three kinds of the interface's message, whose payloads share their layout; a cancel ends after
`sequence`, and what stands behind it means nothing:

     0      8          16         24      32         36     37    40
     +------+----------+----------+-------+----------+------+-----+
     | type | order id | sequence | price | quantity | side | ioc |
     |  u8  |   u64    |   u64    |  i64  |   u32    |  u8  | u8  |
     +------+----------+----------+-------+----------+------+-----+
"""

from __future__ import annotations

import mmap
from typing import Any, NamedTuple

import numpy as np

from bench.abi.transport import Transport
from shm.arena import Arena, new_array, sizeof
from shm.broadcast import CURSOR, Broadcast
from tradsys.book.bitmap import PAGES_MAX, words_needed
from tradsys.book.execution import run
from tradsys.book.layout import W_EVENTS, Shard, ShardSize, carve
from tradsys.book.layout import initialise as empty
from tradsys.records import COMMAND, DETAILS, EVENT
from tradsys.symbols import Symbol

MESSAGE = np.dtype(
    {
        "names": ["type", "order_id", "sequence", "price_ticks", "quantity", "side", "ioc"],
        "formats": ["u1", "<i8", "<i8", "<i8", "<u4", "u1", "u1"],
        "offsets": [0, 8, 16, 24, 32, 36, 37],
        "itemsize": 40,
    }
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

SYMBOL = 1
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
"""The client's order ids are below this, a power of two. The map is untouched memory until an id is used."""

RECENT = 128
"""Orders that the map does not know as yet, a power of two."""

_READY_ORDER_IDS = 1 << 22

# Words of `Engine.work`.
SEQUENCE = 0  # of the last command, as in a venue's log
TRANSPORT = 1  # address of the transport's memory
ANCHORED = 2  # 1 when the first price has come
BASE = 3  # the client's price that is the book's 0
LOWEST, HIGHEST = 4, 5  # the client's prices that the book holds
WORK_WORDS = 16

ENGINE_WORDS = 6


class Engine(NamedTuple):
    """One engine. `slots` uint32: where the order of a client's order id is or last was, 0: nowhere yet."""

    shard: Shard
    commands: Any  # COMMAND[1]
    definitions: Any  # the same read as DETAILS
    command_words: Any  # the same written as COMMAND_WORDS
    slots: Any
    recent: Any  # int64[RECENT]: client's order id << 32 | slot, at the low bits of the id; what `slots` lacks as yet
    work: Any  # int64[WORK_WORDS]


def new_engine(transport: Transport, handle: int) -> Engine:
    """An engine with an empty book in continuous trading, in private memory of huge pages.

    Its events go into `transport`, which lies at the address `handle`.
    """

    def in_arena(arena: Arena) -> Engine:
        return _lay_out(arena, transport)

    memory = mmap.mmap(-1, sizeof(in_arena), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    # The client's order ids come in any order: with small pages nearly every look into the map misses the TLB.
    memory.madvise(mmap.MADV_HUGEPAGE)
    engine = in_arena(Arena(memory))
    shard, commands = engine.shard, engine.commands
    empty(shard)
    symbol = Symbol(SYMBOL, "BENCH", 2, 1, 0, 1, LOWEST_TICKS, HIGHEST_TICKS, 0)
    commands[:] = symbol.definition().view(COMMAND)
    commands["sequence"] = 1
    shard.words[W_EVENTS] = transport.events.header[CURSOR]
    run(shard, commands, engine.definitions, 1, -1, 1, 1, 0)
    assert shard.books["defined"][SYMBOL], "the kernel refuses the benchmark's symbol"
    commands[:] = np.zeros(1, COMMAND)
    engine.slots[:_READY_ORDER_IDS] = 0
    engine.work[SEQUENCE] = 1
    engine.work[TRANSPORT] = handle
    return engine


def _lay_out(arena: Arena, transport: Transport) -> Engine:
    shard = carve(arena.array, SIZE, transport.events)
    commands = arena.array(COMMAND, 1)
    return Engine(
        shard,
        commands,
        commands.view(np.ndarray).view(DETAILS),
        commands.view(np.ndarray).view(COMMAND_WORDS),
        arena.array(np.uint32, ORDER_IDS),
        arena.array(np.int64, RECENT),
        arena.array(np.int64, WORK_WORDS),
    )


def addresses(engine: Engine) -> Any:
    """Where the engine's arrays, its transport and its shard's table are, int64, as adapter.engine_at() reads them."""
    own = [array.ctypes.data for array in (engine.commands, engine.slots, engine.recent, engine.work)]
    return np.array([*own, engine.work[TRANSPORT], engine.shard.table.ctypes.data], np.int64)


def example_shard() -> Shard:
    """A shard of the type that every engine's has, as small as can be."""
    return carve(new_array, ShardSize(1, 1, 1, 1, 1, 1), Broadcast(new_array(np.int64, 1), new_array(EVENT, 1)))

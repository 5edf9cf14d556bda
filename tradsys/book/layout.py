"""The memory of one matcher shard: flat arrays whose links are indices, so that saving is a copy.

Index 0 of orders, levels and pages is the null of its kind and is never given out.

ORDER, one cache line:

     0        8       16      24               32     36    40    44     48       52      56   57   58   59    64
     +--------+-------+-------+----------------+------+-----+-----+------+--------+-------+----+----+----+-----+
     |order id|leaves |filled |client order id |price |next |prev |level |account |symbol |side|type|tif |flags|
     |  i64   | i64   | i64   |      i64       | i32  | u32 | u32 | u32  |  u32   | u32   | u8 | u8 | u8 | u8  |
     +--------+-------+-------+----------------+------+-----+-----+------+--------+-------+----+----+----+-----+

LEVEL, half a line. `index` counts from the side's worst price upwards, so that on both sides a higher index is a
better price; the null level's index is -1, worse than any price:

     0     4     8      12    16     20    24       32
     +-----+-----+------+-----+------+-----+--------+
     |head |tail |better|worse|index |count|quantity|
     | u32 | u32 | u32  | u32 | i32  | u32 |  i64   |
     +-----+-----+------+-----+------+-----+--------+

A side finds the level of an index through its directory and a page of 64 level numbers:
`pages[directory[side.directory + (index >> 6)] << 6 | (index & 63)]`, 0 where no order stands. Levels themselves come
from a pool, last freed first, so that a thin book in a wide range stays within a few cache lines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from shm.broadcast import Broadcast
from tradsys.records import SLOT_MASK

ORDER = np.dtype(
    [
        ("order_id", "<i8"),
        ("leaves_lots", "<i8"),
        ("filled_lots", "<i8"),
        ("client_order_id", "<i8"),
        ("price_ticks", "<i4"),
        ("next", "<u4"),
        ("prev", "<u4"),
        ("level", "<u4"),
        ("account", "<u4"),
        ("symbol", "<u4"),
        ("side", "u1"),
        ("order_type", "u1"),
        ("time_in_force", "u1"),
        ("flags", "u1"),
        ("unused", "<u4"),
    ]
)

LEVEL = np.dtype(
    [
        ("head", "<u4"),
        ("tail", "<u4"),
        ("better", "<u4"),
        ("worse", "<u4"),
        ("index", "<i4"),
        ("count", "<u4"),
        ("quantity_lots", "<i8"),
    ]
)

BOOK_SIDE = np.dtype(
    [
        ("best_index", "<i4"),  # -1 when the side is empty
        ("best_level", "<u4"),
        # index = offset + (price ^ mask): mask 0 for bids, -1 (which negates) for asks
        ("mask", "<i4"),
        ("directory", "<u4"),
        ("words", "<u4"),  # first word of this side's summaries, see levels.py
        ("pages", "<u4"),  # entries of the directory
        ("offset", "<i8"),
    ]
)

BOOK = np.dtype(
    [
        ("state", "u1"),
        ("defined", "u1"),
        ("unused", "<u2"),
        ("lowest_ticks", "<i4"),
        ("highest_ticks", "<i4"),
        ("reference_ticks", "<i4"),
        # what the last INDICATION said
        ("indicated_price_ticks", "<i4"),
        ("unused2", "<u4"),
        ("indicated_lots", "<i8"),
        ("indicated_surplus_lots", "<i8"),
        ("orders", "<i8"),
        ("unused3", "<i8", (2,)),
    ]
)

assert ORDER.itemsize == BOOK.itemsize == 64
assert LEVEL.itemsize == BOOK_SIDE.itemsize == 32

# Words of a shard's header.
W_POSITION = 0  # log sequence of the last command done with
W_EVENTS = 1  # sequence number of the last event written
W_FLOOR = 2  # events up to this number were published before a crash and are not written again
W_FREE_ORDER = 3  # first slot of the free list, 0 when empty
W_USED_ORDERS = 4  # highest slot ever given out
W_LIVE_ORDERS = 5
W_USED_PAGES = 6
W_USED_DIRECTORY = 7
W_USED_SUMMARY = 8
W_SYMBOLS = 9  # highest symbol id defined
W_AUCTIONS = 10  # symbols in an auction that publishes indications
W_PENDING = 11  # a command that waits for room in the event ring: its phase, 0 when none
W_PENDING_A = 12
W_PENDING_B = 13
W_PENDING_C = 14
W_TRADES = 15
W_COMMANDS = 16
W_FREE_LEVEL = 17  # first level of the free list, 0 when empty; linked through `head`
W_USED_LEVELS = 18  # highest level ever given out
HEADER_WORDS = 32

# Phases of W_PENDING.
P_NONE, P_SWEEP, P_UNCROSS, P_MASS_CANCEL, P_INDICATE = 0, 1, 2, 3, 4


class Shard(NamedTuple):
    """One matcher shard. `words` int64[HEADER_WORDS]; the tables below; `events` the stream it writes."""

    words: Any
    books: Any  # BOOK by symbol id
    sides: Any  # BOOK_SIDE by 2 * symbol id + side
    orders: Any  # ORDER by slot
    levels: Any  # LEVEL by level number
    pages: Any  # uint32, 64 a page: the level of each index, 0 where no order stands
    occupancy: Any  # int64 by page: bit n set when level n of the page holds orders
    directory: Any  # uint32
    summary: Any  # int64
    events: Broadcast


class ShardSize(NamedTuple):
    """How much a shard can hold; see the configuration's `pools`."""

    symbols_max: int = 64
    orders: int = 1 << 16
    pages: int = 1 << 12
    directory: int = 1 << 16
    summary: int = 1 << 12


def check(size: ShardSize) -> None:
    """Raise ValueError when an order id could not name every slot."""
    if not 1 <= size.orders <= SLOT_MASK:
        raise ValueError(f"a shard holds between 1 and {SLOT_MASK} orders, not {size.orders}")


def carve(take: Callable[[Any, int], Any], size: ShardSize, events: Broadcast) -> Shard:
    """Lay a shard out in zeroed memory; `take(dtype, count)` gives each array in turn."""
    check(size)
    return Shard(
        words=take(np.int64, HEADER_WORDS),
        books=take(BOOK, size.symbols_max + 1),
        sides=take(BOOK_SIDE, 2 * size.symbols_max + 2),
        orders=take(ORDER, size.orders + 1),
        levels=take(LEVEL, size.orders + 1),  # every level holds an order
        pages=take(np.uint32, 64 * (size.pages + 1)),
        occupancy=take(np.int64, size.pages + 1),
        directory=take(np.uint32, size.directory),
        summary=take(np.int64, size.summary),
        events=events,
    )


def initialise(shard: Shard) -> None:
    """Make an empty shard, whatever the memory held before."""
    for array in shard[:-1]:
        array.view(np.ndarray).view(np.uint8).fill(0)
    shard.levels["index"][0] = -1

"""The memory of one matcher shard: flat arrays whose links are indices, so that saving is a copy.

Index 0 of orders, levels and pages is the null of its kind and is never given out.

ORDER, one cache line:

     0        8       16      24           32     36    40    44     48       52      56   57   58   59    60      64
     +--------+-------+-------+------------+------+-----+-----+------+--------+-------+----+----+----+-----+-------+
     |order id|leaves |filled |client id   |price |next |prev |level |account |symbol |side|type|tif |flags|session|
     |  i64   | i64   | i64   |    i64     | i32  | u32 | u32 | u32  |  u32   | u32   | u8 | u8 | u8 | u8  |  u32  |
     +--------+-------+-------+------------+------+-----+-----+------+--------+-------+----+----+----+-----+-------+

An order with the flag F_EXTRA has more in the EXTRA record of its slot; that of any other slot means nothing.
`leaves_lots` is what can trade: of an iceberg in the book its slice.

LEVEL, half a line. `index` counts from the side's worst price upwards, so that on both sides a higher index is a
better price; the null level's index is -1, worse than any price:

     0     4     8      12    16     20    24       32
     +-----+-----+------+-----+------+-----+--------+
     |head |tail |better|worse|index |count|quantity|
     | u32 | u32 | u32  | u32 | i32  | u32 |  i64   |
     +-----+-----+------+-----+------+-----+--------+

A side finds the level of an index through its directory and a page of 64 level numbers:
`pages[directory[side.directory + (index >> 6)].page << 6 | (index & 63)]`, 0 where no order stands. Levels themselves
come from a pool, last freed first, so that a thin book in a wide range stays within a few cache lines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from shm.broadcast import Broadcast
from shm.table import addressed, table_of
from tradsys.records import COMMAND, DETAILS, SLOT_MASK

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
        ("session", "<u4"),
    ]
)

EXTRA = np.dtype(
    [
        ("expires_ns", "<i8"),
        ("display_lots", "<i8"),
        ("reserve_lots", "<i8"),  # of an iceberg in the book: what its slice does not show
        ("budget", "<i8"),  # what is left of an amount to spend, in ticks times lots
        ("limit_ticks", "<i4"),  # a pegged order's limit, whatever its price
        ("trigger_ticks", "<i4"),
        ("distance", "<i4"),  # of a trailing stop, in ticks or basis points
        # Slots of linked orders, 0: none.
        ("partner", "<u4"),  # one cancels the other
        ("parent", "<u4"),  # this order waits for the end of that one
        ("leg_1", "<u4"),  # they wait for the end of this one
        ("leg_2", "<u4"),
        ("options", "<u2"),  # the command's flags
        ("place", "u1"),
        ("unused", "u1"),
    ]
)

COUNT = np.dtype([("key", "<i8"), ("orders", "<i8")])
"""Live orders of one account in one symbol: an entry of an open-addressed hash table, key 0 when free."""

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

ENTRY = np.dtype([("occupancy", "<i8"), ("page", "<u4"), ("unused", "<u4")])
"""64 indices of a side: bit n set when level n holds orders, and their page, 0 before the first order."""

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
        ("special", "u1"),  # 0: continuous, and nothing rare that a plain order could meet or cause
        ("defined", "u1"),
        ("auction", "u1"),  # which auction the state belongs to or belonged to last
        ("lowest_ticks", "<i4"),
        ("highest_ticks", "<i4"),
        ("last_ticks", "<i4"),
        ("safe_lots", "<i8"),  # an order of at most this quantity has no notional that overflows
        # The first triggers above and below the market, PRICE_MAX + 1 and PRICE_MIN - 1 when there are none.
        ("next_above", "<i4"),
        ("next_below", "<i4"),
        # The highest and the lowest price that triggers have seen since the book last came to rest.
        ("seen_high", "<i4"),
        ("seen_low", "<i4"),
        ("reference_ticks", "<i4"),
        # what the last INDICATION said
        ("indicated_price_ticks", "<i4"),
        ("indicated_lots", "<i8"),
        ("indicated_surplus_lots", "<i8"),
        # The symbol's rules.
        ("static_band_bps", "<u4"),
        ("dynamic_band_bps", "<u4"),
        ("collar_bps", "<u4"),
        ("orders_max", "<u4"),
        ("trigger_source", "u1"),
        ("breach_state", "u1"),
        ("duties", "u1"),  # what a new state has left to do
        ("repeg", "u1"),  # 1: pegged orders may have other prices than theirs
        ("hidden", "<u4"),  # orders on the hidden sides
        # The best levels' indices when pegged orders were last priced.
        ("pegged_bid", "<i4"),
        ("pegged_ask", "<i4"),
        ("breaker", "u1"),  # what a circuit breaker has done to the state, see below
        ("unused", "u1", (31,)),
    ]
)

assert ORDER.itemsize == EXTRA.itemsize == 64
assert BOOK.itemsize == 128
assert LEVEL.itemsize == BOOK_SIDE.itemsize == 32

# Flags of an order.
F_EXTRA = 1  # it has an EXTRA record: a rare order, and what it meets needs care
F_ICEBERG = 2
F_HIDDEN = 4
F_LINKED = 8
F_TIMED = 16  # in the list TIMED or in the heap of expiries
F_COUNTED = 32
F_POST_ONLY = 64

# Where an order with an EXTRA record is.
AT_HAND, IN_BOOK, IN_HIDDEN, IN_ABOVE, IN_BELOW, FOR_AUCTION, QUEUED, WAITING, UNPRICED = range(9)

# A symbol's rare sides: 4 * symbol + one of these, and HIDDEN_SIDES + the side of an order.
HIDDEN_SIDES, ABOVE, BELOW = 0, 2, 3

# A symbol's lists, and the links that their orders use: an order is in one list of each kind of link at most.
PEGS, TRAILING, QUEUE, PARKED, TIMED = 0, 2, 4, 6, 8
LISTS = 10
# An order in the heap of expiries keeps its place there in the first of TIMED_LINK.
KIND_LINK, TURN_LINK, TIMED_LINK = 0, 2, 4
LINKS = 6

# What ahead.py notes of the commands ahead.
HINTS, HINT_WORDS = 32, 8

# What a circuit breaker has done to a symbol's state: nothing (or a STATE command came after it), halted it, or halted
# an auction, whose uncrossing is still to come. After either the symbol may be in an opening auction meanwhile.
B_NONE, B_HALTED, B_HALTED_AUCTION = 0, 1, 2

# Duties of a new state.
D_END_OPEN, D_END_CLOSE, D_END_DAY, D_ENTER_CLOSE = 1, 2, 4, 8

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
W_UNMARKED = 19  # 1: the command's last event is not yet known, so the newest one is held back
W_NEXT_EXPIRY = 20  # when the first order of the heap expires, FAR_FUTURE when there is none
W_TIMERS = 21  # orders in the heap
W_SETTLING = 22  # the symbol that comes to rest, 0 when none does
W_SETTLE_LAST = 23  # the last symbol to come to rest after this command
W_ACTING = 24  # the slot of the order that acts on its own while the book comes to rest, 0 when none
W_CURSOR = 25  # the next slot of the list that is being walked meanwhile
W_PRELUDE = 26  # log sequence of the last record of the prelude
W_PRELUDE_SOURCE = 27
W_EXTENSIONS = 28  # records of the prelude
W_LEGS = 29
HEADER_WORDS = 64

FAR_FUTURE = (1 << 63) - 1

# Phases of W_PENDING.
P_NONE, P_UNCROSS, P_MASS_CANCEL, P_INDICATE, P_EXPIRE, P_SETTLE = 0, 1, 2, 3, 4, 5


@addressed
class Shard(NamedTuple):
    """One matcher shard. `words` int64[HEADER_WORDS]; the tables below; `events` the stream it writes."""

    table: Any  # see shm.table
    words: Any
    books: Any  # BOOK by symbol id
    sides: Any  # BOOK_SIDE by 2 * symbol id + side
    lists: Any  # uint32, LISTS a symbol: head and tail of each of the symbol's lists
    rare_sides: Any  # BOOK_SIDE by 4 * symbol id + number; `pages` 0 until it is needed
    orders: Any  # ORDER by slot
    extras: Any  # EXTRA by slot
    links: Any  # uint32, LINKS a slot: the neighbours in the lists that the order is in
    levels: Any  # LEVEL by level number
    reserves: Any  # int64 by level number: the reserves of its icebergs
    pages: Any  # uint32, 64 a page: the level of each index, 0 where no order stands
    directory: Any  # ENTRY
    summary: Any  # int64
    timers: Any  # uint32 from 1: slots by expiry, a heap
    counts: Any  # COUNT
    groups: Any  # uint32 by account: its trade group
    legs: Any  # COMMAND: the prelude's linked orders
    extensions: Any  # DETAILS: the prelude's extension
    hints: Any  # int64, HINT_WORDS a command ahead: see ahead.py
    events: Broadcast


class ShardSize(NamedTuple):
    """How much a shard can hold; see the configuration's `pools`."""

    symbols_max: int = 64
    orders: int = 1 << 16
    pages: int = 1 << 12
    directory: int = 1 << 16
    summary: int = 1 << 12
    accounts_max: int = 1 << 10


def check(size: ShardSize) -> None:
    """Raise ValueError when an order id could not name every slot."""
    if not 1 <= size.orders <= SLOT_MASK:
        raise ValueError(f"a shard holds between 1 and {SLOT_MASK} orders, not {size.orders}")


def counts_of(size: ShardSize) -> int:
    """Entries of the table of order counts: a power of two, never more than half full."""
    return 1 << (2 * size.orders).bit_length()


def carve(take: Callable[[Any, int], Any], size: ShardSize, events: Broadcast) -> Shard:
    """Lay a shard out in zeroed memory; `take(dtype, count)` gives each array in turn."""
    check(size)
    fields: dict[str, Any] = dict(
        words=take(np.int64, HEADER_WORDS),
        books=take(BOOK, size.symbols_max + 1),
        sides=take(BOOK_SIDE, 2 * size.symbols_max + 2),
        lists=take(np.uint32, LISTS * (size.symbols_max + 1)),
        rare_sides=take(BOOK_SIDE, 4 * size.symbols_max + 4),
        orders=take(ORDER, size.orders + 1),
        extras=take(EXTRA, size.orders + 1),
        links=take(np.uint32, LINKS * (size.orders + 1)),
        levels=take(LEVEL, size.orders + 1),  # every level holds an order
        reserves=take(np.int64, size.orders + 1),
        pages=take(np.uint32, 64 * (size.pages + 1)),
        directory=take(ENTRY, size.directory),
        summary=take(np.int64, size.summary),
        timers=take(np.uint32, size.orders + 1),
        counts=take(COUNT, counts_of(size)),
        groups=take(np.uint32, size.accounts_max + 1),
        legs=take(COMMAND, 2),
        extensions=take(DETAILS, 1),
        hints=take(np.int64, HINTS * HINT_WORDS),
        events=events,
    )
    assert len(fields["counts"]) & (len(fields["counts"]) - 1) == 0, "the length of a hash table is a power of two"
    assert len(fields["levels"]) == len(fields["orders"]), "there is a level for every order"
    return Shard(table_of(fields.values()), **fields)


def on_stream(shard: Shard, events: Broadcast) -> Shard:
    """The same shard, which writes its events to another stream from now on."""
    fields = shard._asdict() | {"events": events}
    del fields["table"]
    return Shard(table_of(fields.values()), **fields)


def state_of(shard: Shard) -> tuple[Any, ...]:
    """The arrays that are the shard's state: all but its table of addresses, its hints and its event ring."""
    return shard[1:-2]


def clear(shard: Shard) -> None:
    """Zero the shard's memory, whatever it held before."""
    for array in (*state_of(shard), shard.hints):
        array.view(np.ndarray).view(np.uint8).fill(0)


def initialise(shard: Shard, *, is_zeroed: bool = False) -> None:
    """Make an empty shard, whatever the memory held before. Memory that is known to be zero is not touched in vain."""
    if not is_zeroed:
        clear(shard)
    shard.levels["index"][0] = -1
    shard.books["special"][:] = 1  # until it is defined
    shard.words[W_NEXT_EXPIRY] = FAR_FUTURE

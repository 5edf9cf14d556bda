"""The fixed-size records of the log and of the event streams: one 64-byte cache line each, little-endian.

Prices are integer ticks, quantities integer lots; a symbol's definition says how to show them. Order ids are
`log sequence << 22 | pool slot`: unique for ever, and the place of the order's command in the log can be read
off them. Sequence numbers start at 1.

COMMAND, one record of the log (and of a gateway's ring, where `sequence` is 0 and `timestamp_ns` is the
gateway's monotonic clock until the sequencer stamps it with the log's clock):

     0        8        16   17   18   19   20   22  23  24      28      32      36     40       48       56      64
     +--------+--------+----+----+----+----+----+---+---+-------+-------+-------+------+--------+--------+-------+
     |sequence|time ns |kind|side|type|tif |flag|src|rsn|symbol |account|request|price |quantity|order id|client |
     |  i64   |  i64   | u8 | u8 | u8 | u8 | u16|u8 |u8 |  u32  |  u32  |  u32  | i32  |  i64   |  i64   |id  i64|
     +--------+--------+----+----+----+----+----+---+---+-------+-------+-------+------+--------+--------+-------+

`source` is the gateway's ring and `request` the low 32 bits of the command's record number in that ring:
together they name the request, and after a crash they tell the sequencer where in the ring it stopped.
`reason` is the sequencer's decision, 0 when accepted.

SYMBOL and ACCOUNT definitions are other readings of the same 64 bytes (SYMBOL_DEFINITION, ACCOUNT_DEFINITION).

EVENT, one record of a shard's event stream; its sequence number is its place in the stream:

     0        8        16   17   18   19  20      24     28      32       40       48      52      56           64
     +--------+--------+----+----+----+---+-------+------+-------+--------+--------+-------+-------+------------+
     |log seq |time ns |kind|flag|rsn |src|symbol |price |request|quantity|order id|account|counter|counter     |
     |  i64   |  i64   | u8 | u8 | u8 |u8 |  u32  | i32  |  u32  |  i64   |  i64   |  u32  |acct   |order id i64|
     +--------+--------+----+----+----+---+-------+------+-------+--------+--------+-------+-------+------------+

    kind            order_id      price, quantity             counter_account     counter_order_id
    ACCEPTED        the order     limit, whole quantity       order type | tif<<8 client_order_id
    RESTED          the order     limit, leaves               -                   client_order_id
    TRADE           aggressor     trade price and quantity    maker's account     maker's order id
    CANCELLED       the order     limit, leaves taken out     -                   client_order_id
    AMENDED         the order     new limit, new leaves       previous_price      previous_quantity (leaves)
    REJECTED        target or 0   as in the command           command's kind      client_order_id
    MASS_CANCELLED  0             0, number of orders         -                   -
    STATE           -             auction price, volume       new market state    -
    INDICATION      surplus       price, executable volume    -                   -
    SYMBOL          -             reference price             market state        -
    ACCOUNT         -             -                           -                   -

A STATE command's `price_ticks`, when it is not 0, is the symbol's new reference price.
`surplus` is signed: buy quantity minus sell quantity left over at the indicative price. In an auction's TRADE
(flag AUCTION) `order_id`/`account` are the buyer's and `counter_*` the seller's; there is no aggressor.
The last event of each command has the flag LAST. An order is in the book after ACCEPTED, RESTED or AMENDED
with the flag RESTING, and a CANCELLED or AMENDED one was there before if it has the flag WAS_RESTING.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

import numpy as np


def _line(**fields: tuple[str, int]) -> np.dtype[np.void]:
    """A record of one 64-byte line; fields are (format, offset) and may overlay one another."""
    return np.dtype(
        {
            "names": list(fields),
            "formats": [field[0] for field in fields.values()],
            "offsets": [field[1] for field in fields.values()],
            "itemsize": 64,
        }
    )


COMMAND = np.dtype(
    [
        ("sequence", "<i8"),
        ("timestamp_ns", "<i8"),
        ("kind", "u1"),
        ("side", "u1"),
        ("order_type", "u1"),
        ("time_in_force", "u1"),
        ("flags", "<u2"),
        ("source", "u1"),
        ("reason", "u1"),
        ("symbol", "<u4"),
        ("account", "<u4"),
        ("request", "<u4"),
        ("price_ticks", "<i4"),
        ("quantity_lots", "<i8"),
        ("order_id", "<i8"),
        ("client_order_id", "<i8"),
    ]
)

SYMBOL_DEFINITION = _line(
    sequence=("<i8", 0),
    timestamp_ns=("<i8", 8),
    kind=("u1", 16),
    price_decimals=("u1", 17),
    state=("u1", 18),
    quantity_decimals=("u1", 19),
    source=("u1", 22),
    reason=("u1", 23),
    symbol=("<u4", 24),
    lowest_ticks=("<i4", 28),
    request=("<u4", 32),
    highest_ticks=("<i4", 36),
    reference_ticks=("<i4", 40),
    # A price of 1 tick is `tick_units` of 10**-price_decimals, a quantity of 1 lot likewise.
    tick_units=("<u2", 44),
    lot_units=("<u2", 46),
    name=("S16", 48),
)

ACCOUNT_DEFINITION = _line(
    sequence=("<i8", 0),
    timestamp_ns=("<i8", 8),
    kind=("u1", 16),
    source=("u1", 22),
    reason=("u1", 23),
    account=("<u4", 28),
    request=("<u4", 32),
    name=("S24", 40),
)

EVENT = _line(
    log_sequence=("<i8", 0),
    timestamp_ns=("<i8", 8),
    kind=("u1", 16),
    flags=("u1", 17),
    reason=("u1", 18),
    source=("u1", 19),
    symbol=("<u4", 20),
    price_ticks=("<i4", 24),
    request=("<u4", 28),
    quantity_lots=("<i8", 32),
    order_id=("<i8", 40),
    account=("<u4", 48),
    counter_account=("<u4", 52),
    counter_order_id=("<i8", 56),
    # Other readings of the last two.
    previous_price_ticks=("<i4", 52),
    previous_quantity_lots=("<i8", 56),
    client_order_id=("<i8", 56),
)

assert COMMAND.itemsize == SYMBOL_DEFINITION.itemsize == ACCOUNT_DEFINITION.itemsize == EVENT.itemsize == 64

SLOT_BITS = 22
SLOT_MASK = (1 << SLOT_BITS) - 1
"""Low bits of an order id: the order's slot in its shard's pool, so at most 4,194,303 live orders a shard."""

PRICE_MIN, PRICE_MAX = -(1 << 31) + 2, (1 << 31) - 2
QUANTITY_MAX = (1 << 40) - 1
"""Largest order quantity in lots. A whole pool of orders (2**22) sums below 2**62, so no level can overflow."""


class Kind(IntEnum):
    """What a command asks for."""

    NONE = 0
    NEW = 1
    CANCEL = 2
    AMEND = 3
    CANCEL_ALL = 4  # orders of `account` (0: of all accounts) in `symbol` (0: in all symbols)
    SYMBOL = 8
    ACCOUNT = 9
    STATE = 10  # market state of `symbol` becomes `order_type`
    TICK = 11  # the log's clock
    BOOT = 12  # the venue starts with new rings: request numbers begin again


class EventKind(IntEnum):
    """What an event tells."""

    NONE = 0
    ACCEPTED = 1
    RESTED = 2
    TRADE = 3
    CANCELLED = 4
    AMENDED = 5
    REJECTED = 6
    MASS_CANCELLED = 7
    STATE = 8
    INDICATION = 9
    SYMBOL = 10
    ACCOUNT = 11


class Side(IntEnum):
    """Which side of the book."""

    BUY = 0
    SELL = 1


class OrderType(IntEnum):
    """How an order's price is to be read."""

    LIMIT = 0
    MARKET = 1


class TimeInForce(IntEnum):
    """What happens to what does not trade at once."""

    GTC = 0
    IOC = 1
    FOK = 2


class MarketState(IntEnum):
    """What a symbol accepts."""

    PRE_OPEN = 0  # orders rest without matching
    OPENING_AUCTION = 1  # as PRE_OPEN, with the indicative price published
    CONTINUOUS = 2
    HALT = 3  # cancels only
    CLOSING_AUCTION = 4
    CLOSED = 5  # cancels only


class CommandFlag(IntFlag):
    """The `flags` of a command."""

    POST_ONLY = 1  # NEW: reject instead of taking
    NEW_PRICE = 2  # AMEND: price_ticks counts
    NEW_QUANTITY = 4  # AMEND: quantity_lots counts; it is the total, of which the filled part is taken off
    QUANTITY_IS_LEAVES = 8  # AMEND: quantity_lots is what shall be left, whatever has filled
    LOSE_PRIORITY = 16  # AMEND: to the end of the queue, also when only the quantity decreases


class EventFlag(IntFlag):
    """The `flags` of an event."""

    SELL = 1  # the order's side; of a trade: the aggressor's
    LAST = 2  # no more events of this command
    RESTING = 4
    ORDER_DONE = 8  # TRADE: `order_id` is filled
    COUNTER_DONE = 16  # TRADE: `counter_order_id` is filled
    AUCTION = 32
    KEPT_PRIORITY = 64  # AMENDED
    WAS_RESTING = 128

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

In a NEW command the eight bytes of `order_id` are two other fields, the trigger price in ticks (i32) and the session
(u32), and in a LEG too; a CANCEL_ALL has the session there: see `entry_word`. What a rare order needs beyond that
stands in records of its own directly before the NEW: one EXTENSION (ORDER_EXTENSION) and up to two LEGs, linked
orders that read like a NEW. The sequencer never lets another record come in between. `docs/orders.md` says what each
field means for which order.

Definitions of symbols and accounts, a symbol's rules, an order's extension, and what the ledger and the risk checks are
told are other readings of the same 64 bytes (SYMBOL_DEFINITION, ..., LEDGER_RECORD); DETAILS is all of them in one.

EVENT, one record of a shard's event stream; its sequence number is its place in the stream:

     0        8        16   17   18   19  20      24     28      32       40       48      52      56           64
     +--------+--------+----+----+----+---+-------+------+-------+--------+--------+-------+-------+------------+
     |log seq |time ns |kind|flag|rsn |src|symbol |price |request|quantity|order id|account|counter|counter     |
     |  i64   |  i64   | u8 | u8 | u8 |u8 |  u32  | i32  |  u32  |  i64   |  i64   |  u32  |acct   |order id i64|
     +--------+--------+----+----+----+---+-------+------+-------+--------+--------+-------+-------+------------+

    kind            order_id      price, quantity             counter_account     counter_order_id
    ACCEPTED        the order     limit, whole quantity       type|tif<<8|flg<<16 client_order_id
    TERMS           the order     trigger, display quantity   trailing distance   expiry (ns)
    RESTED          the order     limit, leaves               -                   client_order_id
    DISPLAYED       the order     limit, what is now shown    -                   client_order_id
    TRIGGERED       the order     limit, leaves               -                   client_order_id
    TRADE           aggressor     trade price and quantity    maker's account     maker's order id
    PREVENTED       aggressor     maker's price, quantity     maker's account     maker's order id
    CANCELLED       the order     limit, leaves taken out     -                   client_order_id
    AMENDED         the order     new limit, new leaves       previous_price      previous_quantity (leaves)
    REJECTED        target or 0   as in the command           command's kind      client_order_id
    MASS_CANCELLED  0             0, number of orders         -                   -
    STATE           -             auction price, volume       new market state    -
    INDICATION      surplus       price, executable volume    -                   -
    SYMBOL          -             reference price             market state        -
    RULES           static<<32|   collar, orders_max          trigger source |    -
                    dynamic                                   breach state<<8
    ACCOUNT         -             -                           -                   -
    RECORDED        bytes 48-55   bytes 36-39, bytes 40-47    bytes 16-19         bytes 56-63, of the record

A STATE command's `price_ticks`, when it is not 0, is the symbol's new reference price.
`surplus` is signed: buy quantity minus sell quantity left over at the indicative price. In an auction's TRADE
(flag AUCTION) `order_id`/`account` are the buyer's and `counter_*` the seller's; there is no aggressor.
The last event of each command has the flag LAST. An order is in the book after ACCEPTED, RESTED or AMENDED
with the flag RESTING, and a CANCELLED or AMENDED one was there before if it has the flag WAS_RESTING. With the flag
HIDDEN beside it nothing of the order is shown but what a DISPLAYED event says.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Any

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

_SYMBOL_DEFINITION: dict[str, tuple[str, int]] = dict(
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
SYMBOL_DEFINITION = _line(**_SYMBOL_DEFINITION)

ACCOUNT_DEFINITION = _line(
    sequence=("<i8", 0),
    timestamp_ns=("<i8", 8),
    kind=("u1", 16),
    account_kind=("u1", 17),  # AccountKind; NONE: a client's
    fee_class=("u1", 18),
    source=("u1", 22),
    reason=("u1", 23),
    account=("<u4", 28),
    request=("<u4", 32),
    # Accounts of one group (0: none) share limits, and do not trade with each other where an order asks for that.
    group=("<u4", 36),
    name=("S24", 40),
)

_SYMBOL_RULES: dict[str, tuple[str, int]] = dict(
    sequence=("<i8", 0),
    timestamp_ns=("<i8", 8),
    kind=("u1", 16),
    trigger_source=("u1", 17),
    breach_state=("u1", 18),
    source=("u1", 22),
    reason=("u1", 23),
    symbol=("<u4", 24),
    # Bands and collar in basis points of their reference, 0: none.
    static_band_bps=("<u4", 28),
    request=("<u4", 32),
    dynamic_band_bps=("<u4", 36),
    collar_bps=("<u4", 40),
    # Live orders of one account in the symbol, 0: as many as there is room for.
    orders_max=("<u4", 44),
)
SYMBOL_RULES = _line(**_SYMBOL_RULES)

_ORDER_EXTENSION: dict[str, tuple[str, int]] = dict(
    sequence=("<i8", 0),
    timestamp_ns=("<i8", 8),
    kind=("u1", 16),
    source=("u1", 22),
    reason=("u1", 23),
    symbol=("<u4", 24),
    account=("<u4", 28),
    request=("<u4", 32),
    expires_ns=("<i8", 40),
    display_lots=("<i8", 48),
    minimum_lots=("<i8", 56),
)
ORDER_EXTENSION = _line(**_ORDER_EXTENSION)

_LEDGER_RECORD: dict[str, tuple[str, int]] = dict(
    sequence=("<i8", 0),
    timestamp_ns=("<i8", 8),
    kind=("u1", 16),
    source=("u1", 22),
    reason=("u1", 23),
    symbol=("<u4", 24),
    account=("<u4", 28),
    request=("<u4", 32),
    group=("<u4", 36),
    amount=("<i8", 40),
    # ASSET.
    decimals=("u1", 17),
    asset=("<u2", 18),
    value_numerator=("<u4", 36),
    value_divisor=("<u4", 40),
    asset_name=("S16", 48),
    name_low=("<i8", 48),
    name_high=("<i8", 56),
    # CONTRACT, with `asset` as its base and `account` for the fees.
    quote=("<u2", 20),
    lot_value=("<i8", 40),
    numerator=("<i8", 48),
    divisor=("<i8", 56),
    # FEES and TIER (whose volume is the amount).
    fee_class=("u1", 18),
    tier=("u1", 17),
    maker_rate=("<i4", 28),
    taker_rate=("<i4", 36),
    minimum=("<i8", 40),
    # POSTING of `amount` of `asset` from `account`.
    posting_kind=("u1", 17),
    target=("<u4", 36),
    number=("<i8", 48),
    reference=("<i8", 56),  # of WITHDRAW and RELEASE: the number of the RESERVE; the ledger does not look at it
    # LIMIT: `amount` (-1: none) for `account`, `symbol` or `group`, as the scope says.
    scope=("u1", 17),
    limit=("u1", 18),
    # ACCOUNT_STATUS; `changes` says which of the three count.
    status=("u1", 17),
    kyc_status=("u1", 19),
    changes=("<u2", 20),
    # KILL of a scope.
    on=("u1", 18),
    # BREAKER_RULES; volume at 56.
    price_move_bps=("<u4", 28),
    volatility_bps=("<u4", 36),
    window_ms=("<u4", 40),
    halt_ms=("<u4", 44),
    half_open_ms=("<u4", 48),
    symbols=("<u4", 52),
    volume=("<i8", 56),
    # BREAKER; by hand, `account` says by whose.
    transition=("u1", 17),
    cause=("u1", 18),
    # SETTLED: the ledger has settled `amount` events of the shard.
    shard=("<u4", 28),
    # ALERT: `amount` has reached `percent` of the bound of `limit`.
    percent=("u1", 17),
    bound=("<i8", 48),
)
LEDGER_RECORD = _line(**_LEDGER_RECORD)
"""Every record that concerns the ledger or the risk checks alone; which fields count depends on its kind."""

DETAILS = _line(**(_SYMBOL_DEFINITION | _SYMBOL_RULES | _ORDER_EXTENSION | _LEDGER_RECORD), account_kind=("u1", 17))
"""Every reading of a record that is not a plain COMMAND, for the kernel, which is given one view of the log for all."""

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


SLOT_BITS = 22
SLOT_MASK = (1 << SLOT_BITS) - 1
"""Low bits of an order id: the order's slot in its shard's pool, so at most 4,194,303 live orders a shard."""

PRICE_MIN, PRICE_MAX = -(1 << 31) + 2, (1 << 31) - 2
QUANTITY_MAX = (1 << 40) - 1
"""Largest order quantity in lots. A whole pool of orders (2**22) sums below 2**62, so no level can overflow."""
NOTIONAL_MAX = (1 << 62) - 1
"""Largest price times quantity of an order, and largest quote amount, in ticks times lots."""
BPS = 10_000


def entry_word(trigger_ticks: int = 0, session: int = 0) -> int:
    """The `order_id` of a NEW, LEG or CANCEL_ALL command: its trigger price and its session (0: none; below 2**31)."""
    return session << 32 | trigger_ticks & 0xFFFF_FFFF


class Kind(IntEnum):
    """What a command asks for."""

    NONE = 0
    NEW = 1
    CANCEL = 2
    AMEND = 3
    CANCEL_ALL = 4  # orders of `account` (0: of all), in `symbol` (0: in all), of `session` (0: of all)
    EXTENSION = 5  # what the NEW that follows needs beyond its own 64 bytes
    LEG = 6  # an order linked to the NEW that follows
    SYMBOL = 8
    ACCOUNT = 9
    STATE = 10  # market state of `symbol` becomes `order_type`
    TICK = 11  # the log's clock
    BOOT = 12  # the venue starts with new rings: request numbers begin again
    RULES = 13  # the trading rules of `symbol` from now on
    # Of the ledger and the risk checks: docs/ledger.md, docs/risk.md.
    ASSET = 14
    CONTRACT = 15  # what `symbol` trades
    FEES = 16
    TIER = 17  # of fees
    POSTING = 18
    LIMIT = 19
    ACCOUNT_STATUS = 20
    KILL = 21  # a kill switch, put on (which cancels the orders of its scope) or lifted
    BREAKER_RULES = 22
    BREAKER = 23  # a circuit breaker trips or recovers
    SETTLED = 24  # how far the ledger had settled the events of a shard when it decided what follows
    ALERT = 25  # a figure has come near its limit


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
    TERMS = 12
    DISPLAYED = 13
    TRIGGERED = 14
    PREVENTED = 15
    RULES = 16
    RECORDED = 17  # a record that the book has nothing to do with stands


class Side(IntEnum):
    """Which side of the book."""

    BUY = 0
    SELL = 1


class OrderType(IntEnum):
    """How an order's price is to be read."""

    LIMIT = 0
    MARKET = 1
    STOP = 2  # a market order once `trigger_ticks` is reached from the side that is worse for the client
    STOP_LIMIT = 3
    TRAILING_STOP = 4  # a stop whose trigger follows the market at the distance `price_ticks`
    TAKE_PROFIT = 5  # a market order once `trigger_ticks` is reached from the side that is better for the client
    TAKE_PROFIT_LIMIT = 6
    PEGGED = 7  # its price follows the touch, never beyond `price_ticks`


class TimeInForce(IntEnum):
    """What happens to what does not trade at once."""

    GTC = 0
    IOC = 1
    FOK = 2
    DAY = 3  # until the symbol closes
    GTD = 4  # until `expires_ns` of the log's time
    AT_OPEN = 5  # in the opening auction only
    AT_CLOSE = 6  # in the closing auction only


class SelfTrade(IntEnum):
    """What happens when an order meets one of the same account: the mode of the taker decides."""

    NONE = 0  # they trade
    CANCEL_TAKER = 1
    CANCEL_MAKER = 2
    CANCEL_BOTH = 3
    DECREMENT = 4  # both lose the smaller of the two quantities


class Link(IntEnum):
    """What the LEGs before a NEW are to it."""

    NONE = 0
    ONE_CANCELS_OTHER = 1  # one leg
    ONE_TRIGGERS_OTHER = 2  # one leg, or two of which one cancels the other (a bracket)


class TriggerSource(IntEnum):
    """Which price fires a symbol's stops."""

    LAST = 0  # the last trade's
    TOUCH = 1  # the best bid for triggers above the market, the best offer for those below


class MarketState(IntEnum):
    """What a symbol accepts."""

    PRE_OPEN = 0  # orders rest without matching
    OPENING_AUCTION = 1  # as PRE_OPEN, with the indicative price published
    CONTINUOUS = 2
    HALT = 3  # cancels only
    CLOSING_AUCTION = 4
    CLOSED = 5  # cancels only
    FROZEN = 6  # the last phase of an auction: nothing, not even cancels; its end uncrosses


class CommandFlag(IntFlag):
    """The `flags` of a command: those of NEW and LEG, of AMEND, and of CANCEL_ALL."""

    POST_ONLY = 1  # NEW: reject instead of taking
    NEW_PRICE = 2  # AMEND: price_ticks counts
    NEW_QUANTITY = 4  # AMEND: quantity_lots counts; it is the total, of which the filled part is taken off
    QUANTITY_IS_LEAVES = 8  # AMEND: quantity_lots is what shall be left, whatever has filled
    LOSE_PRIORITY = 16  # AMEND: to the end of the queue, also when only the quantity decreases
    NEW_TRIGGER = 32  # AMEND: price_ticks is the new trigger
    ONE_SIDE = 1  # CANCEL_ALL: only orders of `side`
    SLIDE = 2  # NEW with POST_ONLY: rest one tick behind the touch instead of being rejected
    HIDDEN = 4  # NEW: nothing of the order is shown
    EXTENDED = 8  # NEW: an EXTENSION stands before it
    GROUP = 128  # NEW: the trade group counts as one account for SELF_TRADE
    BUDGET = 256  # NEW, market: quantity_lots is the amount of quote currency in ticks times lots
    BASIS_POINTS = 512  # NEW, trailing stop: the distance is in basis points of the price
    MIDPOINT = 1024  # NEW, pegged: to the midpoint instead of the own side's best price


SELF_TRADE_SHIFT = 4
SELF_TRADE_MASK = 7
"""A NEW command's self-trade prevention: flags >> SELF_TRADE_SHIFT & SELF_TRADE_MASK is a SelfTrade."""
LINK_SHIFT = 12
LINK_MASK = 3
"""A NEW command's Link: flags >> LINK_SHIFT & LINK_MASK."""


class EventFlag(IntFlag):
    """The `flags` of an event."""

    SELL = 1  # the order's side; of a trade: the aggressor's
    LAST = 2  # no more events of this command
    RESTING = 4
    ORDER_DONE = 8  # TRADE: `order_id` is filled
    COUNTER_DONE = 16  # TRADE: `counter_order_id` is filled
    AUCTION = 32  # TRADE
    HIDDEN = 32  # ACCEPTED, RESTED, AMENDED, CANCELLED: what is shown of it is told by DISPLAYED
    KEPT_PRIORITY = 64  # AMENDED
    WAS_RESTING = 128


def details(kind: Kind, **fields: Any) -> Any:
    """A record of this kind with fields of DETAILS: an array of one. Raises OverflowError for what does not fit."""
    record = np.zeros(1, DETAILS)
    record["kind"] = kind
    for name, value in fields.items():
        record[name] = value
    return record

"""The words of the rules as plain integers: an IntFlag's operators are slow."""

from __future__ import annotations

from tradsys.records import (
    BPS,
    LINK_MASK,
    LINK_SHIFT,
    SELF_TRADE_MASK,
    SELF_TRADE_SHIFT,
    CommandFlag,
    MarketState,
    OrderType,
    Side,
    TimeInForce,
)

BUY, SELL = int(Side.BUY), int(Side.SELL)

POST_ONLY = int(CommandFlag.POST_ONLY)
SLIDE = int(CommandFlag.SLIDE)
HIDE = int(CommandFlag.HIDDEN)
EXTENDED = int(CommandFlag.EXTENDED)
GROUP = int(CommandFlag.GROUP)
BUDGET = int(CommandFlag.BUDGET)
BASIS_POINTS = int(CommandFlag.BASIS_POINTS)
MIDPOINT = int(CommandFlag.MIDPOINT)
SELF_TRADE_BITS = SELF_TRADE_MASK << SELF_TRADE_SHIFT
LINK_BITS = LINK_MASK << LINK_SHIFT
EVERY_FLAG = (
    POST_ONLY | SLIDE | HIDE | EXTENDED | SELF_TRADE_BITS | GROUP | BUDGET | BASIS_POINTS | MIDPOINT | LINK_BITS
)

NEW_PRICE = int(CommandFlag.NEW_PRICE)
NEW_QUANTITY = int(CommandFlag.NEW_QUANTITY)
QUANTITY_IS_LEAVES = int(CommandFlag.QUANTITY_IS_LEAVES)
LOSE_PRIORITY = int(CommandFlag.LOSE_PRIORITY)
NEW_TRIGGER = int(CommandFlag.NEW_TRIGGER)
ONE_SIDE = int(CommandFlag.ONE_SIDE)

WITH_LIMIT = frozenset(map(int, (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT_LIMIT, OrderType.PEGGED)))
STOPS = frozenset(map(int, (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)))
"""They fire when the price is as bad as their trigger."""
WITH_TRIGGER = STOPS | {int(OrderType.TAKE_PROFIT), int(OrderType.TAKE_PROFIT_LIMIT)}

LASTING = frozenset(map(int, (TimeInForce.GTC, TimeInForce.DAY, TimeInForce.GTD)))
"""Times in force of orders that wait for better days."""
FOR_AUCTIONS = frozenset(map(int, (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE)))

AUCTIONS = (MarketState.OPENING_AUCTION, MarketState.CLOSING_AUCTION)
ENTERING = (MarketState.PRE_OPEN, *AUCTIONS)
"""States that take orders and do not match them."""
COLLECTING = (*ENTERING, MarketState.FROZEN)
"""States in which orders rest without matching, and whose end uncrosses the book."""
INDICATED = (*AUCTIONS, MarketState.FROZEN)
REFUSING = (MarketState.HALT, MarketState.CLOSED)
IDLE = (*REFUSING, MarketState.FROZEN)
"""States in which no order acts."""


def self_trade_of(flags: int) -> int:
    """The SelfTrade in the flags of a NEW or LEG; numbers that are none come out as they are."""
    return flags >> SELF_TRADE_SHIFT & SELF_TRADE_MASK


def link_of(flags: int) -> int:
    """The Link in the flags of a NEW; 3, which is none, comes out as it is."""
    return flags >> LINK_SHIFT & LINK_MASK


def width_ticks(price_ticks: int, bps: int) -> int:
    """So many basis points of a price, in ticks, rounded down."""
    return abs(price_ticks) * bps // BPS


def is_within_limit(side: int, price_ticks: int, limit_ticks: int | None) -> bool:
    """Whether an order of `side` with this limit (None: any price) accepts `price_ticks`."""
    if limit_ticks is None:
        return True
    return price_ticks <= limit_ticks if side == BUY else price_ticks >= limit_ticks

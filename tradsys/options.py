"""What a command's type and flags say, for the book and the ledger alike."""

from __future__ import annotations

from shm.jit import kernel
from tradsys.records import LINK_MASK, LINK_SHIFT, SELF_TRADE_MASK, SELF_TRADE_SHIFT, OrderType

_LIMIT = int(OrderType.LIMIT)
_STOP_LIMIT = int(OrderType.STOP_LIMIT)
_TAKE_PROFIT_LIMIT = int(OrderType.TAKE_PROFIT_LIMIT)
_PEGGED = int(OrderType.PEGGED)


@kernel
def link_of(flags: int) -> int:
    """The Link of a command's flags."""
    return flags >> LINK_SHIFT & LINK_MASK


@kernel
def self_trade_mode(flags: int) -> int:
    """The SelfTrade of a command's flags."""
    return flags >> SELF_TRADE_SHIFT & SELF_TRADE_MASK


@kernel
def has_limit(order_type: int) -> bool:
    """Whether `price_ticks` is a limit for orders of this type."""
    return (
        order_type == _LIMIT or order_type == _STOP_LIMIT or order_type == _TAKE_PROFIT_LIMIT or order_type == _PEGGED
    )

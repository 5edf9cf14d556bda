"""Records of the ledger and the risk checks that the book has nothing to do with: it only tells that they stand."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.events import LAST, emit
from tradsys.book.layout import Shard
from tradsys.records import EventKind, Kind

_ASSET = int(Kind.ASSET)
_KILL = int(Kind.KILL)
_BREAKER_RULES = int(Kind.BREAKER_RULES)
_BREAKER = int(Kind.BREAKER)
_ALERT = int(Kind.ALERT)
_RECORDED = int(EventKind.RECORDED)


@kernel
def is_not_the_books(command: Any, details: Any) -> bool:
    """Whether the book has nothing to do with the record but to tell that it stands."""
    kind = signed(command.kind)
    if kind == _KILL:
        return details.on == 0
    if kind == _BREAKER:
        return command.symbol == 0
    return _ASSET <= kind <= _BREAKER_RULES or kind == _ALERT


@kernel_entry
def record(shard: Shard, command: Any) -> None:
    """Tell the record as it stands in the log."""
    first_bytes = (
        signed(command.kind)
        | signed(command.side) << 8
        | signed(command.order_type) << 16
        | signed(command.time_in_force) << 24
    )
    emit(
        shard,
        command,
        _RECORDED,
        LAST,
        0,
        command.symbol,
        command.price_ticks,
        command.quantity_lots,
        command.order_id,
        command.account,
        first_bytes,
        command.client_order_id,
    )

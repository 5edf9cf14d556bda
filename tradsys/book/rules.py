"""A symbol's trading rules: price bands, collar, limit of open orders, what fires its stops."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.counts import count_all
from tradsys.book.events import LAST, emit, reject
from tradsys.book.layout import LISTS, PEGS, QUEUE, TRAILING, Shard
from tradsys.reasons import Reason
from tradsys.records import BPS, EventKind, MarketState, TriggerSource

_CONTINUOUS = int(MarketState.CONTINUOUS)
_HALT = int(MarketState.HALT)
_OPENING = int(MarketState.OPENING_AUCTION)
_CLOSING = int(MarketState.CLOSING_AUCTION)
_TOUCH = int(TriggerSource.TOUCH)
_RULES = int(EventKind.RULES)
_UNKNOWN_SYMBOL = int(Reason.UNKNOWN_SYMBOL)
_INVALID_RULES = int(Reason.INVALID_RULES)
BPS_MAX = 1_000_000


@kernel
def width_of(price_ticks: int, basis_points: int) -> int:
    """So many basis points of a price, in whole ticks."""
    return abs(signed(price_ticks)) * signed(basis_points) // BPS


@kernel
def _is_outside(price_ticks: int, reference_ticks: int, basis_points: int) -> bool:
    if basis_points == 0 or reference_ticks == 0:
        return False
    return abs(signed(price_ticks) - signed(reference_ticks)) > width_of(reference_ticks, basis_points)


@kernel
def breaches_band(book: Any, price_ticks: int, last_ticks: int) -> bool:
    """Whether a trade at this price would leave the static band, or the dynamic one around `last_ticks`."""
    return _is_outside(price_ticks, book.reference_ticks, signed(book.static_band_bps)) or _is_outside(
        price_ticks, last_ticks, signed(book.dynamic_band_bps)
    )


@kernel
def breaches_collar(book: Any, price_ticks: int) -> bool:
    """Whether a limit is too far from the reference price."""
    return _is_outside(price_ticks, book.reference_ticks, signed(book.collar_bps))


@kernel
def refresh_special(shard: Shard, symbol: int) -> None:
    """Find out whether a plain order can again be treated as one that meets nothing rare, or no longer."""
    book = shard.books[symbol]
    lists = LISTS * symbol
    book.special = signed(
        book.state != _CONTINUOUS
        or (book.static_band_bps | book.dynamic_band_bps | book.collar_bps | book.orders_max | book.hidden) != 0
        or book.trigger_source == _TOUCH
        or (shard.lists[lists + PEGS] | shard.lists[lists + TRAILING] | shard.lists[lists + QUEUE]) != 0
    )


@kernel_entry
def set_rules(shard: Shard, command: Any, rules: Any) -> None:
    """Carry out a RULES command; `rules` is the same record read as DETAILS."""
    symbol = signed(rules.symbol)
    if symbol >= len(shard.books) or shard.books[symbol].defined == 0:
        reject(shard, command, _UNKNOWN_SYMBOL)
        return
    book = shard.books[symbol]
    static, dynamic, collar = signed(rules.static_band_bps), signed(rules.dynamic_band_bps), signed(rules.collar_bps)
    state = signed(rules.breach_state)
    known_state = state == _HALT or state == _OPENING or state == _CLOSING
    if (
        rules.trigger_source > _TOUCH
        or max(static, max(dynamic, collar)) > BPS_MAX
        or not (known_state or (state == 0 and static == 0 and dynamic == 0))
    ):
        reject(shard, command, _INVALID_RULES)
        return
    book.static_band_bps = static
    book.dynamic_band_bps = dynamic
    book.collar_bps = collar
    book.trigger_source = rules.trigger_source
    book.breach_state = state
    if book.orders_max == 0 and rules.orders_max != 0:
        count_all(shard, symbol)
    book.orders_max = rules.orders_max
    refresh_special(shard, symbol)
    emit(
        shard,
        command,
        _RULES,
        LAST,
        0,
        symbol,
        collar,
        signed(rules.orders_max),
        static << 32 | dynamic,
        0,
        signed(rules.trigger_source) | state << 8,
        0,
    )

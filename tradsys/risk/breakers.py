"""Circuit breakers: when they trip, and how they recover with the log's time. The rule: docs/risk.md, Circuit breakers.

What a breaker is to do goes into the outbox; it is done when that record stands in the log, so a replay does the same.
"""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.layout import W_BREAKERS, Ledger
from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.ledger.volumes import see_time
from tradsys.reasons import Reason
from tradsys.risk.layout import SLOTS
from tradsys.risk.outbox import send_breaker
from tradsys.risk.terms import SHARE_MAX, Cause, Transition
from tradsys.risk.windows import empty, symbols_tripped

_MS = 1_000_000
_TRIP = int(Transition.TRIP)
_HALF_OPEN = int(Transition.HALF_OPEN)
_RESET = int(Transition.RESET)
_VENUE = int(Cause.VENUE)
_TIME = int(Cause.TIME)
_SYMBOLS = int(Cause.SYMBOLS)

_NONE = int(Reason.NONE)
_INVALID_BREAKER = int(Reason.INVALID_BREAKER)
_UNKNOWN_SYMBOL = int(Reason.UNKNOWN_SYMBOL)


@kernel
def has_tripped(ledger: Ledger) -> bool:
    """Whether the venue's breaker stops all trading."""
    tripped: bool = ledger.breakers[0].state == _TRIP
    return tripped


@kernel_entry
def set_breaker_rules(ledger: Ledger, details: Any) -> int:
    """A BREAKER_RULES record: when a symbol's breaker (0: the venue's) trips, and how long; gives a reason, or 0."""
    symbol, volume, window_ms = signed(details.symbol), signed(details.volume), signed(details.window_ms)
    # Of the venue's breaker prices mean nothing, of a symbol's the number of symbols.
    others = signed(details.symbols)
    if symbol != 0:
        others = max(signed(details.price_move_bps), signed(details.volatility_bps))
    if (symbol != 0 and others > SHARE_MAX) or volume < 0 or volume > AMOUNT_MAX:
        return _INVALID_BREAKER
    if window_ms == 0 and (others > 0 or volume > 0):
        return _INVALID_BREAKER
    if symbol >= len(ledger.breakers):
        return _UNKNOWN_SYMBOL
    breaker = ledger.breakers[symbol]
    breaker.price_move_bps = details.price_move_bps
    breaker.volatility_bps = details.volatility_bps
    breaker.volume = volume
    breaker.symbols = details.symbols
    breaker.halt_ms = details.halt_ms
    breaker.half_open_ms = details.half_open_ms
    breaker.slot_ns = window_ms * (_MS // SLOTS)
    empty(ledger, symbol)
    return _NONE


@kernel
def _tell_symbols(ledger: Ledger, transition: int) -> None:
    """What the venue's breaker does each symbol does."""
    for symbol in range(1, len(ledger.symbols)):
        if ledger.symbols[symbol].told != 0:
            send_breaker(ledger, symbol, transition, signed(_VENUE))


@kernel
def _enter_state(ledger: Ledger, symbol: int, transition: int, cause: int, timestamp_ns: int) -> None:
    breaker = ledger.breakers[symbol]
    was = signed(breaker.state)
    assert _TRIP <= transition <= _RESET, "a breaker trips, half opens, or is reset"
    assert was == 0 or was == _TRIP or was == _HALF_OPEN, "after a reset a breaker is as it was at first"
    if transition == _HALF_OPEN and was != _TRIP:
        return
    if transition == _RESET:
        breaker.state = 0
        empty(ledger, symbol)
    else:
        breaker.state = transition
    breaker.cause = cause
    breaker.since_ns = timestamp_ns
    ledger.words[W_BREAKERS] += signed(transition != _RESET) - signed(was != 0)
    assert 0 <= ledger.words[W_BREAKERS] <= len(ledger.breakers), "each breaker counts once"


@kernel_entry
def reset(ledger: Ledger, symbol: int, timestamp_ns: int) -> None:
    """A symbol's state was set by hand: that ends what its breaker does."""
    _enter_state(ledger, symbol, signed(_RESET), signed(0), timestamp_ns)


@kernel_entry
def apply_breaker(ledger: Ledger, details: Any) -> int:
    """A BREAKER record that stands in the log, the venue's own or an officer's; gives a reason, or 0."""
    symbol, transition, cause = signed(details.symbol), signed(details.transition), signed(details.cause)
    if transition < _TRIP or transition > _RESET or cause < 1 or cause > _TIME:
        return _INVALID_BREAKER
    if symbol >= len(ledger.breakers):
        return _UNKNOWN_SYMBOL
    timestamp_ns = signed(details.timestamp_ns)
    _enter_state(ledger, symbol, transition, cause, timestamp_ns)
    if symbol == 0:
        _tell_symbols(ledger, transition)
    elif transition == _TRIP and cause != _VENUE:
        venue = ledger.breakers[0]
        tripped = symbols_tripped(ledger, symbol, timestamp_ns)
        if venue.symbols != 0 and tripped >= venue.symbols and venue.state == 0 and venue.waits == 0:
            send_breaker(ledger, signed(0), signed(_TRIP), signed(_SYMBOLS))
    return _NONE


@kernel
def _is_over(breaker: Any, now_ns: int, lasting_ms: int) -> bool:
    return now_ns - signed(breaker.since_ns) >= lasting_ms * _MS


@kernel_entry
def _recover(ledger: Ledger, now_ns: int) -> None:
    for symbol in range(len(ledger.breakers)):
        breaker = ledger.breakers[symbol]
        # A symbol that the venue's breaker has stopped recovers with that.
        if breaker.state == 0 or breaker.waits != 0 or breaker.halt_ms == 0 or breaker.cause == _VENUE:
            continue
        half_open_ms = signed(breaker.half_open_ms)
        if breaker.state == _TRIP and _is_over(breaker, now_ns, signed(breaker.halt_ms)):
            transition = signed(_HALF_OPEN) if half_open_ms > 0 else signed(_RESET)
            send_breaker(ledger, signed(symbol), transition, signed(_TIME))
        elif breaker.state == _HALF_OPEN and _is_over(breaker, now_ns, half_open_ms):
            send_breaker(ledger, signed(symbol), signed(_RESET), signed(_TIME))


@kernel
def tick(ledger: Ledger, now_ns: int) -> None:
    """The log's clock: breakers whose time is over recover."""
    see_time(ledger, now_ns)
    if ledger.words[W_BREAKERS] != 0:
        _recover(ledger, now_ns)

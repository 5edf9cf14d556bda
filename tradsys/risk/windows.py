"""What circuit breakers see: the trades of their window, in slots of log time. The rule: docs/risk.md."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.ledger.layout import Ledger
from tradsys.ledger.values import value_of
from tradsys.risk.layout import SLOTS
from tradsys.risk.outbox import send_breaker
from tradsys.risk.sums import bounded
from tradsys.risk.terms import Cause, Transition

_BPS = 10_000
_TRIP = int(Transition.TRIP)
_PRICE_MOVE = int(Cause.PRICE_MOVE)
_VOLATILITY = int(Cause.VOLATILITY)
_VOLUME = int(Cause.VOLUME)
_NO_CAUSE = int(Cause.NONE)


@kernel
def empty(ledger: Ledger, symbol: int) -> None:
    """A breaker's window is empty."""
    for place in range(symbol * SLOTS, (symbol + 1) * SLOTS):
        ledger.slots[place].number = 0
    ledger.breakers[symbol].latest_slot = 0
    if symbol == 0:
        for other in range(1, len(ledger.breakers)):
            ledger.breakers[other].tripped_slot = 0


@kernel
def _slot_number(breaker: Any, timestamp_ns: int) -> int:
    assert breaker.slot_ns > 0, "the breaker has a window"
    assert timestamp_ns >= 0, "the log's clock counts from 1970"
    return timestamp_ns // signed(breaker.slot_ns) + 1


@kernel
def _slot_of_trade(breaker: Any, timestamp_ns: int) -> int:
    """The number of the slot of its time; or the latest one there has been, when another shard was ahead."""
    breaker.latest_slot = max(_slot_number(breaker, timestamp_ns), signed(breaker.latest_slot))
    return signed(breaker.latest_slot)


@kernel
def _add(ledger: Ledger, symbol: int, number: int, volume: int, price_ticks: int) -> None:
    """A trade falls into a slot."""
    slot = ledger.slots[symbol * SLOTS + (number & (SLOTS - 1))]
    assert slot.number <= number, "a window only goes forward"
    if slot.number != number:
        slot.number = number
        slot.volume = 0
        slot.moved_ticks = 0
        slot.first_ticks = price_ticks
        slot.last_ticks = price_ticks
    assert volume >= 0, "nobody trades less than nothing"
    slot.volume = bounded(slot.volume + volume)
    slot.moved_ticks += abs(price_ticks - signed(slot.last_ticks))
    slot.last_ticks = price_ticks


@kernel
def _volume_in(ledger: Ledger, symbol: int, number: int) -> int:
    """What has traded in the window whose last slot is that one."""
    volume = signed(0)
    for place in range(symbol * SLOTS, (symbol + 1) * SLOTS):
        if ledger.slots[place].number > max(number - SLOTS, signed(0)):
            volume = bounded(volume + ledger.slots[place].volume)
    return volume


@kernel
def _width(price_ticks: int, bps: int) -> int:
    return abs(price_ticks) * bps // _BPS


@kernel
def _cause(ledger: Ledger, symbol: int, number: int, price_ticks: int) -> int:
    """Why a symbol's breaker trips at a trade that is in its window; Cause.NONE when it does not."""
    breaker = ledger.breakers[symbol]
    first, last, moved = signed(0), signed(0), signed(0)
    is_empty = True
    for each in range(number - SLOTS + 1, number + 1):
        slot = ledger.slots[symbol * SLOTS + (each & (SLOTS - 1))]
        if each < 1 or slot.number != each:
            continue
        if is_empty:
            first = signed(slot.first_ticks)
            is_empty = False
        else:
            moved += abs(signed(slot.first_ticks) - last)
        moved += slot.moved_ticks
        last = signed(slot.last_ticks)
    assert not is_empty, "the window has the trade"
    bps = signed(breaker.price_move_bps)
    if bps != 0 and abs(price_ticks - first) > _width(first, bps):
        return _PRICE_MOVE
    bps = signed(breaker.volatility_bps)
    if bps != 0 and moved > _width(first, bps):
        return _VOLATILITY
    if breaker.volume != 0 and _volume_in(ledger, symbol, number) > breaker.volume:
        return _VOLUME
    return _NO_CAUSE


@kernel_entry
def _watch_symbol(ledger: Ledger, symbol: int, timestamp_ns: int, price_ticks: int, lots: int) -> None:
    breaker = ledger.breakers[symbol]
    number = _slot_of_trade(breaker, timestamp_ns)
    _add(ledger, symbol, number, lots, price_ticks)
    if breaker.state == 0 and breaker.waits == 0:
        cause = _cause(ledger, symbol, number, price_ticks)
        if cause != _NO_CAUSE:
            send_breaker(ledger, symbol, signed(_TRIP), cause)


@kernel_entry
def _watch_venue(ledger: Ledger, timestamp_ns: int, quote: int, notional: int) -> None:
    venue = ledger.breakers[0]
    number = _slot_of_trade(venue, timestamp_ns)
    _add(ledger, signed(0), number, value_of(ledger, quote, notional), signed(0))
    if venue.volume == 0 or venue.state != 0 or venue.waits != 0:
        return
    if _volume_in(ledger, signed(0), number) > venue.volume:
        send_breaker(ledger, signed(0), signed(_TRIP), signed(_VOLUME))


@kernel
def watch_trade(ledger: Ledger, symbol: int, timestamp_ns: int, price_ticks: int, lots: int, notional: int) -> None:
    """A trade, not of an auction, is settled."""
    if ledger.breakers[symbol].slot_ns != 0:
        _watch_symbol(ledger, symbol, timestamp_ns, price_ticks, lots)
    if ledger.breakers[0].slot_ns != 0:
        _watch_venue(ledger, timestamp_ns, signed(ledger.contracts[symbol].quote), notional)


@kernel
def symbols_tripped(ledger: Ledger, symbol: int, timestamp_ns: int) -> int:
    """A symbol has tripped: how many have, each once, in the venue's window."""
    if ledger.breakers[0].slot_ns == 0:
        return signed(0)
    number = _slot_number(ledger.breakers[0], timestamp_ns)
    ledger.breakers[symbol].tripped_slot = number
    tripped = signed(0)
    for other in range(1, len(ledger.breakers)):
        tripped += ledger.breakers[other].tripped_slot > max(number - SLOTS, signed(0))
    assert tripped > 0, "the symbol itself is one of them"
    return tripped

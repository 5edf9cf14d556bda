"""Commands that change a symbol's market state: STATE, and BREAKER, which a circuit breaker or a risk officer sends."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.auction import uncross
from tradsys.book.events import begin_unmarked, emit, reject
from tradsys.book.layout import B_HALTED, B_HALTED_AUCTION, B_NONE, P_NONE, P_UNCROSS, W_PENDING, Shard
from tradsys.book.pending import let_settle
from tradsys.book.states import enter_state, is_collecting
from tradsys.reasons import Reason
from tradsys.records import EventKind, MarketState
from tradsys.risk.terms import Transition

_OPENING = int(MarketState.OPENING_AUCTION)
_CONTINUOUS = int(MarketState.CONTINUOUS)
_HALT = int(MarketState.HALT)
_CLOSING = int(MarketState.CLOSING_AUCTION)
_FROZEN = int(MarketState.FROZEN)
_TRIP = int(Transition.TRIP)
_HALF_OPEN = int(Transition.HALF_OPEN)
_RESET = int(Transition.RESET)
_STATE = int(EventKind.STATE)
_UNKNOWN_SYMBOL = int(Reason.UNKNOWN_SYMBOL)
_INVALID_STATE = int(Reason.INVALID_STATE)
_INVALID_BREAKER = int(Reason.INVALID_BREAKER)
_CIRCUIT_BREAKER = int(Reason.CIRCUIT_BREAKER)


@kernel
def _move(shard: Shard, command: Any, symbol: int, state: int, reason: int) -> bool:
    """Enter another state; from one that collects, or a halt of such a one, to one that does not, uncross first.

    False when that waits for room in the event ring; called again with the same command, it goes on.
    """
    book = shard.books[symbol]
    assert book.breaker == B_NONE or book.state == _HALT or book.state == _OPENING, "the state is the breaker's own"
    # A breaker that halts an auction leaves its uncrossing to be done.
    collects = is_collecting(signed(book.state)) or book.breaker == B_HALTED_AUCTION
    if collects and not is_collecting(state):
        if not uncross(shard, command, symbol, state, reason):
            return False
    else:
        enter_state(shard, command, symbol, state, 0, 0, reason)
    book.breaker = B_NONE
    return True


@kernel_entry
def change_state(shard: Shard, command: Any) -> bool:
    """Enter another market state; leaving an auction for a state that does not collect uncrosses it first.

    A price in the command is the new reference price, also for that uncrossing. False when it waits for room in the
    event ring; called again with the same command, it goes on.
    """
    symbol = signed(command.symbol)
    state = signed(command.order_type)
    if symbol >= len(shard.books) or shard.books[symbol].defined == 0:
        reject(shard, command, _UNKNOWN_SYMBOL)
        return True
    if state > _FROZEN:
        reject(shard, command, _INVALID_STATE)
        return True
    assert shard.words[W_PENDING] == P_NONE or shard.words[W_PENDING] == P_UNCROSS, "it begins, or goes on uncrossing"
    if shard.words[W_PENDING] == P_NONE:
        begin_unmarked(shard, command)
        if command.price_ticks != 0:
            shard.books[symbol].reference_ticks = command.price_ticks
    return _move(shard, command, symbol, state, 0) and let_settle(shard, symbol, symbol)


@kernel_entry
def obey_breaker(shard: Shard, command: Any, details: Any) -> bool:
    """Carry out a BREAKER of a symbol; one that does not apply to its state tells the state that there is.

    False when it waits for room in the event ring; called again with the same command, it goes on.
    """
    symbol = signed(command.symbol)
    transition = signed(details.transition)
    if symbol >= len(shard.books) or shard.books[symbol].defined == 0:
        reject(shard, command, _UNKNOWN_SYMBOL)
        return True
    if transition < _TRIP or transition > _RESET:
        reject(shard, command, _INVALID_BREAKER)
        return True
    book = shard.books[symbol]
    state = signed(book.state)
    assert shard.words[W_PENDING] == P_NONE or shard.words[W_PENDING] == P_UNCROSS, "it begins, or goes on uncrossing"
    if shard.words[W_PENDING] == P_NONE:
        begin_unmarked(shard, command)
    if transition == _TRIP and (state == _CONTINUOUS or state == _OPENING or state == _CLOSING):
        enter_state(shard, command, symbol, _HALT, 0, 0, _CIRCUIT_BREAKER)
        book.breaker = B_HALTED if state == _CONTINUOUS else B_HALTED_AUCTION
    elif transition == _HALF_OPEN and book.breaker != B_NONE and state == _HALT:
        enter_state(shard, command, symbol, _OPENING, 0, 0, _CIRCUIT_BREAKER)
    elif transition == _RESET and book.breaker != B_NONE:
        if not _move(shard, command, symbol, _CONTINUOUS, _CIRCUIT_BREAKER):
            return False
    else:
        emit(shard, command, _STATE, 0, _CIRCUIT_BREAKER, symbol, 0, 0, 0, 0, state, 0)
    return let_settle(shard, symbol, symbol)

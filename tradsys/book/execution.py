"""One command of the log, carried out on a shard: the deterministic heart of the matcher."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.amending import amend_order, cancel_all, cancel_order
from tradsys.book.auction import enter_state, indicate, is_indicating, uncross
from tradsys.book.events import LAST, emit, has_room, publish_events, reject
from tradsys.book.layout import (
    P_SWEEP,
    W_AUCTIONS,
    W_COMMANDS,
    W_PENDING,
    W_POSITION,
    W_SYMBOLS,
    Shard,
)
from tradsys.book.levels import open_sides
from tradsys.book.matching import new_order, resume_sweep
from tradsys.book.orders import ask_for_neighbours, ask_for_order
from tradsys.reasons import Reason
from tradsys.records import EventKind, Kind, MarketState

_NEW = int(Kind.NEW)
_CANCEL = int(Kind.CANCEL)
_AMEND = int(Kind.AMEND)
_CANCEL_ALL = int(Kind.CANCEL_ALL)
_SYMBOL = int(Kind.SYMBOL)
_ACCOUNT = int(Kind.ACCOUNT)
_STATE = int(Kind.STATE)
_TICK = int(Kind.TICK)
_CONTINUOUS = int(MarketState.CONTINUOUS)
_HALT = int(MarketState.HALT)
_CLOSED = int(MarketState.CLOSED)
_ACCOUNT_EVENT = int(EventKind.ACCOUNT)
_SYMBOL_EVENT = int(EventKind.SYMBOL)
_UNKNOWN_SYMBOL = int(Reason.UNKNOWN_SYMBOL)
_SYMBOL_EXISTS = int(Reason.SYMBOL_EXISTS)
_SYMBOL_RANGE_TOO_WIDE = int(Reason.SYMBOL_RANGE_TOO_WIDE)
_INVALID_STATE = int(Reason.INVALID_STATE)

_AHEAD = 16
"""Commands. The order that one names is asked for that much before its turn, what hangs together with it half of that:
in a deep book each of them would be waited for. It costs a book that fits the cache 6 %, and saves a deep one half."""


@kernel
def define_symbol(shard: Shard, command: Any, definition: Any) -> None:
    """Open a book for a new symbol; `definition` is the command read as a SYMBOL_DEFINITION."""
    symbol = signed(definition.symbol)
    if symbol == 0 or symbol >= len(shard.books):
        reject(shard, command, _UNKNOWN_SYMBOL)
        return
    book = shard.books[symbol]
    if book.defined != 0:
        reject(shard, command, _SYMBOL_EXISTS)
        return
    if definition.state > _CLOSED:
        reject(shard, command, _INVALID_STATE)
        return
    if definition.lowest_ticks > definition.highest_ticks or not open_sides(
        shard, symbol, signed(definition.lowest_ticks), signed(definition.highest_ticks)
    ):
        reject(shard, command, _SYMBOL_RANGE_TOO_WIDE)
        return
    book.defined = 1
    book.state = definition.state
    book.lowest_ticks = definition.lowest_ticks
    book.highest_ticks = definition.highest_ticks
    book.reference_ticks = definition.reference_ticks
    words = shard.words
    words[W_SYMBOLS] = max(words[W_SYMBOLS], symbol)
    if is_indicating(book.state):
        words[W_AUCTIONS] += 1
    emit(
        shard,
        command,
        _SYMBOL_EVENT,
        LAST,
        0,
        symbol,
        definition.reference_ticks,
        0,
        0,
        0,
        definition.state,
        0,
    )


@kernel
def change_state(shard: Shard, command: Any) -> bool:
    """Enter another market state; leaving an auction for a state that does not collect uncrosses it first.

    A price in the command is the new reference price, also for that uncrossing.
    """
    symbol = signed(command.symbol)
    if symbol >= len(shard.books) or shard.books[symbol].defined == 0:
        reject(shard, command, _UNKNOWN_SYMBOL)
        return True
    if command.order_type > _CLOSED:
        reject(shard, command, _INVALID_STATE)
        return True
    book = shard.books[symbol]
    before = book.state
    after = command.order_type
    if command.price_ticks != 0:
        book.reference_ticks = command.price_ticks
    collected = before != _CONTINUOUS and before != _HALT and before != _CLOSED
    collects = after != _CONTINUOUS and after != _HALT and after != _CLOSED
    if collected and not collects:
        if not uncross(shard, command):
            return False
    else:
        enter_state(shard, command, 0, 0)
    shard.words[W_AUCTIONS] += signed(is_indicating(after)) - signed(is_indicating(before))
    return True


@kernel
def _execute_rare(shard: Shard, command: Any, definition: Any) -> bool:
    kind = command.kind
    if kind == _CANCEL_ALL:
        return cancel_all(shard, command)
    if kind == _STATE:
        return change_state(shard, command)
    if kind == _TICK:
        return shard.words[W_AUCTIONS] == 0 or indicate(shard, command)
    if kind == _SYMBOL:
        define_symbol(shard, command, definition)
    elif kind == _ACCOUNT:
        emit(shard, command, _ACCOUNT_EVENT, LAST, 0, 0, 0, 0, 0, command.account, 0, 0)
    return True


@kernel
def execute(shard: Shard, command: Any, definition: Any) -> bool:
    """Carry one command out; False when it waits for room in the event ring and must be called again.

    `definition` is the same record read as a SYMBOL_DEFINITION. The caller has checked has_room().
    """
    kind = command.kind
    if command.reason != 0:
        reject(shard, command, command.reason)
        return True
    if kind == _NEW:
        if shard.words[W_PENDING] == P_SWEEP:
            return resume_sweep(shard, command)
        return new_order(shard, command)
    if kind == _CANCEL:
        return cancel_order(shard, command)
    if kind == _AMEND:
        if shard.words[W_PENDING] == P_SWEEP:
            return resume_sweep(shard, command)
        return amend_order(shard, command)
    return _execute_rare(shard, command, definition)


@kernel_entry
def run(
    shard: Shard, commands: Any, definitions: Any, first: int, mask: int, last: int, shards: int, number: int
) -> int:
    """Carry out the commands after the shard's position up to sequence `last`; gives how many were looked at.

    `commands[(sequence - first) & mask]` holds the record of that sequence (mask -1: no ring), `definitions` the
    same memory read as SYMBOL_DEFINITION. Only commands of this shard's symbols (symbol id modulo `shards` is
    `number`) and those that concern every shard are carried out. Stops early when the event ring is full.
    """
    words = shard.words
    position = words[W_POSITION]
    start = position
    while position < last:
        if not has_room(shard) and not (publish_events(shard) and has_room(shard)):
            break
        at = (position + 1 - first) & mask
        if position + _AHEAD < last:
            ask_for_order(shard, commands[(at + _AHEAD) & mask].order_id)
            ask_for_neighbours(shard, commands[(at + _AHEAD // 2) & mask].order_id)
        command = commands[at]
        symbol = signed(command.symbol)
        mine = symbol % shards == number if shards > 1 else True
        concerns_all = symbol == 0 and command.reason == 0 and (command.kind == _CANCEL_ALL or command.kind == _TICK)
        if mine or concerns_all:
            if not execute(shard, command, definitions[at]):
                if publish_events(shard):
                    continue
                break
            words[W_COMMANDS] += 1
        position += 1
        words[W_POSITION] = position
    publish_events(shard)
    return position - start

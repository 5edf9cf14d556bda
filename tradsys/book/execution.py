"""One command of the log, carried out on a shard: the deterministic heart of the matcher."""

from __future__ import annotations

from typing import Any

from shm.integers import signed
from shm.jit import kernel, kernel_entry
from tradsys.book.ahead import FURTHEST, MANY_SYMBOLS, ask_ahead
from tradsys.book.amending import amend_order, cancel_order
from tradsys.book.auction import indicate
from tradsys.book.events import LAST, begin_unmarked, emit, has_room, mark_last, publish_events, reject
from tradsys.book.expiry import expire
from tradsys.book.layout import (
    P_EXPIRE,
    P_INDICATE,
    P_MASS_CANCEL,
    P_NONE,
    P_SETTLE,
    P_UNCROSS,
    W_ACTING,
    W_AUCTIONS,
    W_COMMANDS,
    W_NEXT_EXPIRY,
    W_PENDING,
    W_POSITION,
    W_SYMBOLS,
    W_UNMARKED,
    Shard,
)
from tradsys.book.levels import open_sides
from tradsys.book.mass_cancel import cancel_all
from tradsys.book.matching import new_order
from tradsys.book.orders import ask_for_neighbours, ask_for_order
from tradsys.book.pending import end_phase, let_settle
from tradsys.book.prelude import keep_prelude
from tradsys.book.rare_sides import close_rare_sides
from tradsys.book.recorded import is_not_the_books, record
from tradsys.book.rules import refresh_special, set_rules
from tradsys.book.settling import settle
from tradsys.book.states import is_indicating
from tradsys.book.timers import note_first_timer
from tradsys.book.transitions import change_state, obey_breaker
from tradsys.reasons import Reason
from tradsys.records import NOTIONAL_MAX, QUANTITY_MAX, EventKind, Kind, MarketState

_AT_ONCE = -1
"""Earlier than any record: until all that follows from an expiry is done, the record is looked at for it again."""

_NEW = int(Kind.NEW)
_CANCEL = int(Kind.CANCEL)
_AMEND = int(Kind.AMEND)
_CANCEL_ALL = int(Kind.CANCEL_ALL)
_EXTENSION = int(Kind.EXTENSION)
_LEG = int(Kind.LEG)
_SYMBOL = int(Kind.SYMBOL)
_ACCOUNT = int(Kind.ACCOUNT)
_STATE = int(Kind.STATE)
_TICK = int(Kind.TICK)
_RULES = int(Kind.RULES)
_KILL = int(Kind.KILL)
_BREAKER = int(Kind.BREAKER)
_OPENING = int(MarketState.OPENING_AUCTION)
_CLOSING = int(MarketState.CLOSING_AUCTION)
_FROZEN = int(MarketState.FROZEN)
_ACCOUNT_EVENT = int(EventKind.ACCOUNT)
_SYMBOL_EVENT = int(EventKind.SYMBOL)
_UNKNOWN_SYMBOL = int(Reason.UNKNOWN_SYMBOL)
_SYMBOL_EXISTS = int(Reason.SYMBOL_EXISTS)
_SYMBOL_RANGE_TOO_WIDE = int(Reason.SYMBOL_RANGE_TOO_WIDE)
_INVALID_STATE = int(Reason.INVALID_STATE)

_AHEAD = 16
"""Commands. The order that one names is asked for that much before its turn, what hangs together with it half of that:
in a deep book each of them would be waited for. It costs a book that fits the cache 6 %, and saves a deep one half."""


@kernel_entry
def define_symbol(shard: Shard, command: Any, definition: Any) -> None:
    """Open a book for a new symbol; `definition` is the command read as DETAILS."""
    symbol = signed(definition.symbol)
    if symbol == 0 or symbol >= len(shard.books):
        reject(shard, command, _UNKNOWN_SYMBOL)
        return
    book = shard.books[symbol]
    if book.defined != 0:
        reject(shard, command, _SYMBOL_EXISTS)
        return
    if definition.state > _FROZEN:
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
    book.last_ticks = definition.reference_ticks
    largest = max(abs(signed(book.lowest_ticks)), abs(signed(book.highest_ticks)))
    book.safe_lots = min(QUANTITY_MAX, NOTIONAL_MAX // max(largest, 1))
    book.auction = _CLOSING if definition.state == _CLOSING else _OPENING
    close_rare_sides(shard, symbol)
    refresh_special(shard, symbol)
    words = shard.words
    words[W_SYMBOLS] = max(words[W_SYMBOLS], symbol)
    if is_indicating(signed(book.state)):
        words[W_AUCTIONS] += 1
    assert words[W_AUCTIONS] <= words[W_SYMBOLS], "no more symbols are in an auction than there are"
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


@kernel_entry
def define_account(shard: Shard, command: Any, details: Any) -> None:
    """Tell a new account; every shard has learnt its trade group before."""
    emit(shard, command, _ACCOUNT_EVENT, LAST, 0, 0, 0, 0, 0, details.account, 0, 0)


@kernel
def _learn_group(shard: Shard, details: Any) -> None:
    account = signed(details.account)
    if account < len(shard.groups):
        shard.groups[account] = details.group


@kernel
def _is_for_every_shard(command: Any, details: Any) -> bool:
    """Whether a record without a symbol is carried out by every shard; the first one takes all others."""
    return command.kind == _CANCEL_ALL or command.kind == _TICK or (command.kind == _KILL and details.on != 0)


@kernel_entry
def execute_rare(shard: Shard, command: Any, details: Any) -> bool:
    """Carry out a command that is none of the three frequent ones; False when it waits for room."""
    kind = command.kind
    if is_not_the_books(command, details):
        record(shard, command)
        return True
    if kind == _CANCEL_ALL or kind == _KILL:
        return cancel_all(shard, command, details)
    if kind == _STATE:
        return change_state(shard, command)
    if kind == _BREAKER:
        return obey_breaker(shard, command, details)
    if kind == _TICK:
        return shard.words[W_AUCTIONS] == 0 or indicate(shard, command)
    if kind == _EXTENSION or kind == _LEG:
        keep_prelude(shard, command, details)
    elif kind == _SYMBOL:
        define_symbol(shard, command, details)
    elif kind == _ACCOUNT:
        define_account(shard, command, details)
    elif kind == _RULES:
        set_rules(shard, command, details)
        symbol = signed(command.symbol)
        if symbol < len(shard.books):
            return let_settle(shard, symbol, symbol)
    return True


@kernel_entry
def resume(shard: Shard, command: Any, details: Any) -> bool:
    """Go on with a command that has more to do or waited for room; False when it must wait again."""
    words = shard.words
    phase = words[W_PENDING]
    assert P_NONE < phase <= P_SETTLE, "what goes on has begun"
    if phase == P_INDICATE:
        return indicate(shard, command)
    if phase == P_MASS_CANCEL:
        cancel_all(shard, command, details)
    elif phase == P_UNCROSS:
        if command.kind == _BREAKER:
            obey_breaker(shard, command, details)
        else:
            change_state(shard, command)
    elif phase == P_EXPIRE:
        expire(shard, command)
    if words[W_PENDING] != P_SETTLE or not settle(shard, command):
        return False
    end_phase(shard)
    mark_last(shard, command)
    return True


@kernel
def execute(shard: Shard, command: Any, details: Any) -> bool:
    """Carry one command out; False when it waits for room in the event ring and must be called again.

    `details` is the same record read as DETAILS. The caller has checked has_room().
    """
    kind = command.kind
    if shard.words[W_PENDING] != P_NONE:
        done = False
    elif command.reason != 0:
        reject(shard, command, command.reason)
        done = True
    elif kind == _NEW:
        done = new_order(shard, command)
    elif kind == _CANCEL:
        done = cancel_order(shard, command)
    elif kind == _AMEND:
        done = amend_order(shard, command)
    else:
        done = execute_rare(shard, command, details)
    return done or resume(shard, command, details)


@kernel
def _expire(shard: Shard, command: Any, details: Any) -> bool:
    """Let orders expire before the command is carried out; False when that waits for room."""
    words = shard.words
    if words[W_PENDING] == P_NONE:
        words[W_PENDING] = P_EXPIRE
    done = resume(shard, command, details)
    if done:
        note_first_timer(shard)
        begin_unmarked(shard, command)  # the command itself is still to come
    else:
        words[W_NEXT_EXPIRY] = _AT_ONCE
    return done


@kernel_entry
def run(shard: Shard, commands: Any, details: Any, first: int, mask: int, last: int, shards: int, number: int) -> int:
    """Carry out the commands after the shard's position up to sequence `last`; gives how many were looked at.

    `commands[(sequence - first) & mask]` holds the record of that sequence (mask -1: no ring), `details` the same
    memory read as DETAILS. Only commands of this shard's symbols (symbol id modulo `shards` is `number`) and those
    that concern every shard are carried out; every record is the clock by which orders expire. Stops early when the
    event ring is full.
    """
    words = shard.words
    position = words[W_POSITION]
    start = position
    while position < last:
        if not has_room(shard) and not (publish_events(shard) and has_room(shard)):
            break
        at = (position + 1 - first) & mask
        if words[W_SYMBOLS] > MANY_SYMBOLS:
            if position + FURTHEST < last:
                ask_ahead(shard, commands, at, mask)
        elif position + _AHEAD < last:
            ask_for_order(shard, commands[(at + _AHEAD) & mask].order_id)
            ask_for_neighbours(shard, commands[(at + _AHEAD // 2) & mask].order_id)
        command = commands[at]
        assert command.sequence == position + 1, "the log's sequence grows by one"
        done = True
        if command.timestamp_ns >= words[W_NEXT_EXPIRY]:
            done = _expire(shard, command, details[at])
        if done:
            symbol = signed(command.symbol)
            mine = symbol % shards == number if shards > 1 else True
            if symbol == 0 and command.reason == 0:
                if command.kind == _ACCOUNT:
                    _learn_group(shard, details[at])
                mine = mine or _is_for_every_shard(command, details[at])
            if mine:
                done = execute(shard, command, details[at])
                words[W_COMMANDS] += signed(done)
        if not done:
            if publish_events(shard):
                continue
            break
        if words[W_UNMARKED] != 0:
            mark_last(shard, command)
        assert words[W_PENDING] == P_NONE, "nothing of a command is left to do"
        assert words[W_ACTING] == 0, "no order of a command is left to act"
        position += 1
        words[W_POSITION] = position
    publish_events(shard)
    return position - start

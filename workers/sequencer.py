"""The sequencer agent: takes commands from every gateway's ring, decides, stamps, and appends them to the log.

It is the log's only writer. Rings are served in turn, a bounded number of commands at a time, so that no gateway
starves another. A command's ring and its number in that ring go into the log with it: after a crash the log itself
tells how far each ring had been read, and nothing is taken in twice.

EXTENSION and LEG records belong to the NEW behind them and must stand directly before it in the log. So a turn never
ends with one: they wait in the ring until their order can be taken with them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from shm import broadcast, ring
from shm.arena import as_records
from shm.atomics import load_acquire, store_release
from shm.broadcast import Broadcast
from shm.histogram import record
from shm.integers import signed
from shm.jit import kernel, kernel_entry
from shm.ring import HEADER_WORDS, Ring
from tradsys.reasons import Reason
from tradsys.records import ACCOUNT_DEFINITION, SYMBOL_DEFINITION, Kind
from workers.memory import ACCOUNTS, BOOT, SYMBOLS, VenueMemory
from workers.port import REQUEST_MASK

COMMANDS_PER_TURN = 256
PRELUDE_MAX = 3
"""Records that can belong to the NEW behind them: an EXTENSION and two LEGs."""
VENUE_SOURCE = 255
"""The `source` of what the sequencer itself writes to the log."""

_NEW = int(Kind.NEW)
_CANCEL_ALL = int(Kind.CANCEL_ALL)
_AMEND = int(Kind.AMEND)
_EXTENSION = int(Kind.EXTENSION)
_LEG = int(Kind.LEG)
_SYMBOL = int(Kind.SYMBOL)
_ACCOUNT = int(Kind.ACCOUNT)
_STATE = int(Kind.STATE)
_RULES = int(Kind.RULES)
_TICK = int(Kind.TICK)
_BOOT = int(Kind.BOOT)
_UNKNOWN_ACCOUNT = int(Reason.UNKNOWN_ACCOUNT)
_UNKNOWN_COMMAND = int(Reason.UNKNOWN_COMMAND)
_UNKNOWN_SYMBOL = int(Reason.UNKNOWN_SYMBOL)
_SYMBOL_EXISTS = int(Reason.SYMBOL_EXISTS)
_ACCOUNT_EXISTS = int(Reason.ACCOUNT_EXISTS)
_OUT_OF_ORDER = int(Reason.DEFINITION_OUT_OF_ORDER)

# Words of the private state.
_WRITTEN, _LAST_NS, _LAST_TICK_NS, _TICK_NS, _RINGS, _TURN, _ACCOUNTS, _SYMBOLS = range(8)
_LAST_REQUEST = 8  # by source: 1 + the request number of its last command in the log, 0 when none since the boot


class SequencerState(NamedTuple):
    """What the duty cycle works on."""

    words: Any  # int64, private
    log: Broadcast
    log_symbols: Any  # the log's slots read as SYMBOL_DEFINITION
    log_accounts: Any  # and as ACCOUNT_DEFINITION
    headers: Any  # of all gateway rings
    slots: Any
    control: Any
    accounts: Any
    symbols: Any
    ring_wait_ns: Any  # histogram


def new_sequencer(memory: VenueMemory, tick_ms: int) -> SequencerState:
    """A sequencer that continues behind what the log ring holds; recover() and resume() must follow."""
    words = np.zeros(_LAST_REQUEST + 256, np.int64)
    words[_WRITTEN] = memory.log.header[broadcast.CURSOR]
    words[_TICK_NS] = tick_ms * 1_000_000
    words[_RINGS] = memory.sizes.rings
    plain = memory.log.slots.view(np.ndarray)
    return SequencerState(
        words,
        memory.log,
        as_records(plain.view(SYMBOL_DEFINITION)),
        as_records(plain.view(ACCOUNT_DEFINITION)),
        memory.gateway_headers,
        memory.gateway_slots,
        memory.control,
        memory.accounts,
        memory.symbols,
        memory.ring_wait,
    )


@kernel
def _ring(state: SequencerState, number: int) -> Ring:
    capacity = len(state.slots) // state.words[_RINGS]
    return Ring(
        state.headers[number * HEADER_WORDS : (number + 1) * HEADER_WORDS],
        state.slots[number * capacity : (number + 1) * capacity],
    )


@kernel
def _define(state: SequencerState, kind: int, at: int) -> int:
    """Enter a definition into the tables that the edge reads; gives the reason of a refusal or 0."""
    control = state.control
    if kind == _SYMBOL:
        known = control[SYMBOLS]
        number = signed(state.log_symbols[at].symbol)
        if number != known + 1:
            return _SYMBOL_EXISTS if 0 < number <= known else _OUT_OF_ORDER
        if number >= len(state.symbols):
            return _UNKNOWN_SYMBOL
        state.symbols[number] = state.log_symbols[at]
        store_release(control, SYMBOLS, number)
        return 0
    known = control[ACCOUNTS]
    number = signed(state.log_accounts[at].account)
    if number != known + 1:
        return _ACCOUNT_EXISTS if 0 < number <= known else _OUT_OF_ORDER
    if number >= len(state.accounts):
        return _UNKNOWN_ACCOUNT
    state.accounts[number] = state.log_accounts[at]
    store_release(control, ACCOUNTS, number)
    return 0


@kernel
def is_prelude(kind: int) -> bool:
    """Whether a record of this kind belongs to the NEW behind it."""
    return kind == _EXTENSION or kind == _LEG


@kernel
def without_open_prelude(gateway: Ring, count: int) -> int:
    """How many of the ring's next `count` records there are without a prelude at their end.

    No more than PRELUDE_MAX records are held back: what is longer belongs to no order, and must not stop the ring.
    """
    slots = gateway.slots
    mask = len(slots) - 1
    end = gateway.header[ring.HEAD] + count
    held = 0
    while held < min(count, PRELUDE_MAX) and is_prelude(slots[(end - 1 - held) & mask].kind):
        held += 1
    return count - held


@kernel
def _decide(state: SequencerState, command: Any, at: int) -> int:
    """Whether the command may go to the book: a reason, or 0."""
    kind = command.kind
    if _NEW <= kind <= _AMEND:
        account = signed(command.account)
        if account == 0 or account > state.control[ACCOUNTS]:
            return _UNKNOWN_ACCOUNT
        return 0
    if kind == _SYMBOL or kind == _ACCOUNT:
        return _define(state, kind, at)
    if kind == _CANCEL_ALL or kind == _STATE or kind == _RULES or is_prelude(kind):
        return 0
    return _UNKNOWN_COMMAND


@kernel
def _append_own(state: SequencerState, kind: int, now_ns: int) -> None:
    """Write one of the venue's own records to the log. The caller has made sure of room."""
    words = state.words
    number = words[_WRITTEN] + 1
    slots = state.log.slots
    out = slots[number & (len(slots) - 1)]
    out.sequence = number
    out.timestamp_ns = now_ns
    out.kind = kind
    out.side = 0
    out.order_type = 0
    out.time_in_force = 0
    out.flags = 0
    out.source = VENUE_SOURCE
    out.reason = 0
    out.symbol = 0
    out.account = 0
    out.request = 0
    out.price_ticks = 0
    out.quantity_lots = 0
    out.order_id = 0
    out.client_order_id = 0
    words[_WRITTEN] = number
    broadcast.publish(state.log, number)


@kernel
def _take(state: SequencerState, source: int, now_ns: int, monotonic: int) -> int:
    """Move what one ring holds, at most a turn's worth, to the log; gives how many commands."""
    gateway = _ring(state, source)
    # What is known to be there may be a prelude alone: then the producer's cursor tells whether its order has come.
    ready = ring.readable(gateway, PRELUDE_MAX + 1)
    if ready == 0:
        return 0
    log = state.log
    words = state.words
    written = words[_WRITTEN]
    room = broadcast.writable(log, written)
    if room <= PRELUDE_MAX:
        room = broadcast.extend(log, written)  # an order and its prelude need room at once
    count = without_open_prelude(gateway, min(ready, COMMANDS_PER_TURN, room))
    head = gateway.header[ring.HEAD]
    ring_mask = len(gateway.slots) - 1
    log_mask = len(log.slots) - 1
    for i in range(count):
        written += 1
        at = written & log_mask
        taken = gateway.slots[(head + i) & ring_mask]
        log.slots[at] = taken
        out = log.slots[at]
        out.sequence = written
        out.timestamp_ns = now_ns
        out.source = source
        out.request = (head + i) & REQUEST_MASK
        out.reason = _decide(state, out, at)
        if taken.timestamp_ns > 0:
            record(state.ring_wait_ns, monotonic - taken.timestamp_ns)
    if count > 0:
        words[_WRITTEN] = written
        broadcast.publish(log, written)
        # Only now may the gateway write over them: a crash in between is told by the log itself.
        ring.release(gateway, count)
    return count


@kernel
def sequence(state: SequencerState, now_ns: int, monotonic: int) -> int:
    """One duty cycle: a turn of every ring, and the clock's tick; gives how many records the log got.

    `now_ns` is CLOCK_REALTIME, which becomes the log's time (it never goes back), `monotonic` the gateways' clock.
    """
    words = state.words
    now_ns = max(now_ns, words[_LAST_NS])
    words[_LAST_NS] = now_ns
    before = words[_WRITTEN]
    if load_acquire(state.control, BOOT) == 1:
        if broadcast.writable(state.log, before) < 1:
            return 0
        _append_own(state, _BOOT, now_ns)
        store_release(state.control, BOOT, 0)
    if now_ns - words[_LAST_TICK_NS] >= words[_TICK_NS] and broadcast.writable(state.log, words[_WRITTEN]) > 0:
        _append_own(state, _TICK, now_ns)
        words[_LAST_TICK_NS] = now_ns
    rings = words[_RINGS]
    turn = words[_TURN]
    for i in range(rings):
        source = turn + i
        if source >= rings:
            source -= rings
        _take(state, source, now_ns, monotonic)
    words[_TURN] = turn + 1 if turn + 1 < rings else 0
    return words[_WRITTEN] - before


@kernel_entry
def recover(state: SequencerState, records: Any, symbols: Any, accounts: Any) -> None:
    """Learn from records of the log, in order, what the sequencer knew when it wrote them.

    `symbols` and `accounts` are the same records read as definitions.
    """
    words = state.words
    for i in range(len(records)):
        command = records[i]
        words[_LAST_NS] = command.timestamp_ns
        kind = command.kind
        # By source: a client may have sent a BOOT or TICK too, which was refused like any other command.
        if command.source != VENUE_SOURCE:
            words[_LAST_REQUEST + command.source] = signed(command.request) + 1
        elif kind == _BOOT:
            words[_LAST_REQUEST : _LAST_REQUEST + 256] = 0
        elif kind == _TICK:
            words[_LAST_TICK_NS] = command.timestamp_ns
        if command.reason == 0 and kind == _SYMBOL:
            number = signed(symbols[i].symbol)
            state.symbols[number] = symbols[i]
            words[_SYMBOLS] = max(words[_SYMBOLS], number)
        if command.reason == 0 and kind == _ACCOUNT:
            number = signed(accounts[i].account)
            state.accounts[number] = accounts[i]
            words[_ACCOUNTS] = max(words[_ACCOUNTS], number)


def is_taken_in(gateway: Ring) -> bool:
    """Whether the ring holds nothing but the beginning of an order whose rest never came."""
    head, tail = int(gateway.header[ring.HEAD]), int(gateway.header[ring.TAIL])
    slots = gateway.slots
    return tail - head <= PRELUDE_MAX and all(
        int(slots[number & (len(slots) - 1)]["kind"]) in (_EXTENSION, _LEG) for number in range(head, tail)
    )


def resume(state: SequencerState, memory: VenueMemory) -> None:
    """After recover() over the whole log: let the definitions be those of the log, and take each ring up where it ends.

    In memory that outlived a crash, the crash may have come after a definition was entered and before it was logged,
    or after a command was logged and before its slot was given back.
    """
    memory.control[ACCOUNTS] = state.words[_ACCOUNTS]
    memory.control[SYMBOLS] = state.words[_SYMBOLS]
    if memory.control[BOOT] == 1:
        return
    for number, gateway in enumerate(memory.gateways):
        head = int(gateway.header[ring.HEAD])
        last = int(state.words[_LAST_REQUEST + number])
        if last:
            skipped = (last - head) & REQUEST_MASK
            if skipped <= int(gateway.header[ring.TAIL]) - head:
                gateway.header[ring.HEAD] = head + skipped

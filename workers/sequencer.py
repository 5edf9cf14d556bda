"""The sequencer agent: takes commands from every gateway's ring, decides, stamps, and appends them to the log.

It is the log's only writer. Rings are served in turn, a bounded number of commands at a time, so that no gateway
starves another. A command's ring and its number in that ring go into the log with it: after a crash the log itself
tells how far each ring had been read, and nothing is taken in twice.

EXTENSION and LEG records belong to the NEW behind them and must stand directly before it in the log. So a turn never
ends with one: they wait in the ring until their order can be taken with them.

An AMEND of a settled order, and a CONTRACT, are decided only when all that the log holds before them is carried out and
settled (docs/ledger.md, Holds). Until then nothing else is taken in either.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from shm import broadcast, ring
from shm.atomics import load_acquire, store_release
from shm.broadcast import Broadcast
from shm.clock import monotonic_ns, timespec
from shm.histogram import record
from shm.integers import signed
from shm.jit import kernel, kernel_entry
from shm.ring import HEADER_WORDS, Ring
from tradsys.ledger.ahead import ask_ahead, begin_asking
from tradsys.ledger.layout import Ledger
from tradsys.ledger.recording import take_in
from tradsys.records import Kind
from tradsys.risk.outbox import outbox_next, outbox_pending, outbox_pop
from workers.decision import (
    KNOWN_ACCOUNTS,
    KNOWN_SYMBOLS,
    PRELUDE_MAX,
    Decider,
    Records,
    decide_on,
    is_prelude,
    new_decider,
    readings,
)
from workers.memory import ACCOUNTS, BOOT, JOURNALED, SAMPLING, SYMBOLS, VenueMemory
from workers.port import REQUEST_MASK
from workers.settlement import Settlement, is_quiet, is_unrecorded, new_settlement, settle_events

COMMANDS_PER_TURN = 1024
"""Of each ring. The ledger and the book share a core and its caches: the longer each stays at work, the less often one
has to fetch its code again. With every limit set another ring waits about half a millisecond for such a turn."""
VENUE_SOURCE = 255
"""The `source` of what the sequencer itself writes to the log."""

_NEW = int(Kind.NEW)
_AMEND = int(Kind.AMEND)
_SYMBOL = int(Kind.SYMBOL)
_ACCOUNT = int(Kind.ACCOUNT)
_CONTRACT = int(Kind.CONTRACT)
_TICK = int(Kind.TICK)
_BOOT = int(Kind.BOOT)
_SETTLED = int(Kind.SETTLED)
_BREAKER = int(Kind.BREAKER)
_ALERT = int(Kind.ALERT)

_NOTHING, _ALL_SHARDS = -2, -1
"""What a command waits for, in the place of a shard."""
_NONE_WAITS = -1
_KEPT_SHARE = 4

# Words of the private state.
_WRITTEN, LAST_NS, LAST_TICK_NS, _TICK_NS, _RINGS, _TURN = range(6)
_ACTED = 6  # the last record that a shard may tell events of: not a SETTLED
_WAITING = 7  # the ring whose next command waits until all is settled, or _NONE_WAITS
_KEPT = 8  # records of the log's ring that are kept for SETTLED, of several shards
_FREE_UNTIL = 9  # the last record for which there is room beside those, as far as was looked
LAST_REQUEST = 10  # by source: 1 + the request number of its last command in the log, 0 when none since the boot
SOURCES = 256


class SequencerState(NamedTuple):
    """What the duty cycle works on."""

    words: Any  # int64, private
    log: Broadcast
    records: Records  # the log's slots
    headers: Any  # of all gateway rings
    slots: Any
    control: Any
    decider: Decider
    settlement: Settlement
    ring_wait_ns: Any  # histogram
    risk_ns: Any  # histogram
    clock: Any


def new_sequencer(memory: VenueMemory, tick_ms: int, ledger: Ledger | None = None) -> SequencerState:
    """A sequencer with the venue's ledger, or another one; redecide() and resume() must follow."""
    if ledger is None:
        ledger = memory.ledger
    assert tick_ms >= 0, "the log's clock goes forward"
    assert memory.sizes.rings <= VENUE_SOURCE, "every ring has a source of its own"
    assert memory.sizes.gateway_ring > PRELUDE_MAX, "a ring holds an order and all that belongs to it"
    assert memory.sizes.log_ring >> 2 > PRELUDE_MAX, "and so does what is claimed of the log's ring at once"
    words = np.zeros(LAST_REQUEST + SOURCES, np.int64)
    words[_TICK_NS] = tick_ms * 1_000_000
    words[_RINGS] = memory.sizes.rings
    words[_WAITING] = _NONE_WAITS
    words[_KEPT] = len(memory.log.slots) // _KEPT_SHARE if memory.sizes.shards > 1 else 0
    return SequencerState(
        words,
        memory.log,
        readings(memory.log.slots),
        memory.gateway_headers,
        memory.gateway_slots,
        memory.control,
        new_decider(memory, ledger),
        new_settlement(memory, ledger),
        memory.ring_wait,
        memory.risk,
        timespec(),
    )


@kernel
def _ring(state: SequencerState, number: int) -> Ring:
    capacity = len(state.slots) // state.words[_RINGS]
    assert 0 <= number < state.words[_RINGS], "a ring of the venue"
    return Ring(
        state.headers[number * HEADER_WORDS : (number + 1) * HEADER_WORDS],
        state.slots[number * capacity : (number + 1) * capacity],
    )


@kernel
def without_open_prelude(gateway: Ring, count: int) -> int:
    """How many of the ring's next `count` records there are without a prelude at their end.

    No more than PRELUDE_MAX records are held back: what is longer belongs to no order, and must not stop the ring.
    """
    slots = gateway.slots
    mask = len(slots) - 1
    assert 0 <= count <= len(slots), "no more than the ring holds"
    end = gateway.header[ring.HEAD] + count
    held = 0
    while held < min(count, PRELUDE_MAX) and is_prelude(slots[(end - 1 - held) & mask].kind):
        held += 1
    return count - held


@kernel_entry
def _begin_own(state: SequencerState, kind: int, now_ns: int) -> int:
    """Write one of the venue's own records, to be completed and published; gives its slot.

    The caller has made sure of room.
    """
    words = state.words
    number = words[_WRITTEN] + 1
    assert number <= state.log.header[broadcast.LIMIT], "there is room for the record"
    assert now_ns >= words[LAST_NS], "the log's time never goes back"
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
    if kind != _SETTLED:
        words[_ACTED] = number
    return number & (len(slots) - 1)


@kernel
def _room(state: SequencerState) -> int:
    """How many records the log has room for now, without what is kept for SETTLED."""
    words = state.words
    written = words[_WRITTEN]
    assert written <= state.log.header[broadcast.LIMIT], "nothing is written that was not claimed"
    if words[_FREE_UNTIL] - written <= PRELUDE_MAX:
        words[_FREE_UNTIL] = broadcast.passable(state.log) - words[_KEPT]
    room = broadcast.writable(state.log, written)
    if room <= PRELUDE_MAX:
        room = broadcast.extend(state.log, written)  # an order and its prelude need room at once
    return min(room, words[_FREE_UNTIL] - written)


@kernel
def _publish_own(state: SequencerState) -> None:
    assert state.words[_WRITTEN] == state.log.header[broadcast.CURSOR] + 1, "own records are published one by one"
    broadcast.publish(state.log, state.words[_WRITTEN])


@kernel_entry
def _record_settled(state: SequencerState, now_ns: int) -> bool:
    """Let the log say how far each shard's events are settled; False when it has no room for that now."""
    settlement = state.settlement
    for shard in range(len(settlement.settled)):
        assert settlement.settled[shard] >= settlement.recorded[shard], "only what is settled is recorded"
        if settlement.settled[shard] != settlement.recorded[shard]:
            if broadcast.writable(state.log, state.words[_WRITTEN]) < 1:
                return False
            out = state.log.slots[_begin_own(state, _SETTLED, now_ns)]
            out.account = shard
            out.quantity_lots = settlement.settled[shard]
            _publish_own(state)
            settlement.recorded[shard] = settlement.settled[shard]
    return True


@kernel
def settle(state: SequencerState, now_ns: int) -> int:
    """Settle what the shards tell; gives how many events.

    A replay settles one shard after the other between two records. So that this gives the same order, what several
    shards have told is recorded before more of it is settled. While the log has room for that only, a shard waits until
    it has told so much that it may be held up itself: then what is kept for SETTLED lasts.
    """
    settlement = state.settlement
    least = 1
    if len(settlement.settled) > 1:
        if is_unrecorded(settlement) and not _record_settled(state, now_ns):
            return 0
        if _room(state) < 1:
            least = len(settlement.slots) // len(settlement.settled) // 2
    return settle_events(settlement, signed(least))


@kernel
def _room_behind_settled(state: SequencerState, now_ns: int) -> int:
    """As _room, for what depends on all that is settled: before it the log says how far that is. 0: not now."""
    room = _room(state)
    if room < 1 or not is_unrecorded(state.settlement):
        return room
    return _room(state) if _record_settled(state, now_ns) else signed(0)


@kernel_entry
def _append_outbox(state: SequencerState, now_ns: int) -> None:
    """Write what follows from what has been settled, as far as there is room: alerts, and what breakers do."""
    ledger = state.decider.ledger
    while outbox_pending(ledger) > 0:
        if _room_behind_settled(state, now_ns) < 1:
            return
        told = outbox_next(ledger)
        assert told.kind == _ALERT or told.kind == _BREAKER, "nothing else is taken for due by a replay"
        at = _begin_own(state, signed(told.kind), now_ns)
        out = state.log.slots[at]
        out.side = told.side
        out.order_type = told.order_type
        out.symbol = told.symbol
        out.account = told.account
        out.quantity_lots = told.quantity_lots
        out.order_id = told.order_id
        _publish_own(state)
        outbox_pop(ledger)
        reason = take_in(ledger, state.records.details[at])
        assert reason == 0, "what the venue itself says is never refused"


@kernel
def _waits_for(state: SequencerState, command: Any) -> int:
    """The shard whose events must be settled before the command is decided, or _NOTHING, or _ALL_SHARDS."""
    kind = command.kind
    if kind == _AMEND:
        contracts = state.decider.ledger.contracts
        symbol = signed(command.symbol)
        if symbol < len(contracts) and contracts[symbol].base != 0:
            return symbol % len(state.settlement.settled)
    elif kind == _CONTRACT:
        return signed(_ALL_SHARDS)
    return signed(_NOTHING)


@kernel_entry
def _is_settled(state: SequencerState, shard: int, now_ns: int) -> bool:
    """Whether nothing is on its way from the shard (or from any) to the ledger, and the log says so."""
    settlement = state.settlement
    acted = state.words[_ACTED]
    assert _ALL_SHARDS <= shard < len(settlement.settled), "a shard of the venue, or all"
    if shard >= 0:
        return is_quiet(settlement, shard, acted)
    # A first contract: from here on the log says how far everything is settled.
    if not _record_settled(state, now_ns):
        return False
    quiet = True
    for each in range(len(settlement.settled)):
        quiet = quiet and is_quiet(settlement, each, acted)
    return quiet


@kernel_entry
def _publish_definitions(state: SequencerState) -> None:
    """Let the edge see the accounts and symbols that are known now."""
    assert state.control[ACCOUNTS] <= state.decider.words[KNOWN_ACCOUNTS], "an account that is known stays known"
    assert state.control[SYMBOLS] <= state.decider.words[KNOWN_SYMBOLS], "a symbol that is known stays known"
    store_release(state.control, ACCOUNTS, state.decider.words[KNOWN_ACCOUNTS])
    store_release(state.control, SYMBOLS, state.decider.words[KNOWN_SYMBOLS])


@kernel
def _record_times(state: SequencerState, taken: Any, began_ns: int, monotonic: int) -> None:
    """The times of a command whose decision began at `began_ns`, in a turn that did at `monotonic`."""
    record(state.risk_ns, monotonic_ns(state.clock) - began_ns)
    if taken.timestamp_ns > 0:
        record(state.ring_wait_ns, monotonic - taken.timestamp_ns)


@kernel
def _take(state: SequencerState, source: int, now_ns: int, monotonic: int) -> int:
    """Move what one ring holds, at most a turn's worth, to the log; gives how many commands."""
    gateway = _ring(state, source)
    # What is known to be there may be a prelude alone: then the producer's cursor tells whether its order has come.
    ready = ring.readable(gateway, PRELUDE_MAX + 1)
    if ready == 0:
        return 0
    room = _room_behind_settled(state, now_ns)
    if room < 1:
        return 0
    log = state.log
    words = state.words
    assert words[_WAITING] == _NONE_WAITS or words[_WAITING] == source, "while a command waits no other ring is read"
    written = words[_WRITTEN]
    count = without_open_prelude(gateway, min(ready, COMMANDS_PER_TURN, room))
    assert 0 <= count <= ready, "no more is taken than is there"
    head = gateway.header[ring.HEAD]
    ring_mask = len(gateway.slots) - 1
    log_mask = len(log.slots) - 1
    sampling = load_acquire(state.control, SAMPLING)
    begin_asking(state.decider.ledger, gateway.slots, head, count, ring_mask)
    for i in range(count):
        taken = gateway.slots[(head + i) & ring_mask]
        shard = _waits_for(state, taken)
        assert shard != _NOTHING or words[_WAITING] == _NONE_WAITS, "what waits has not changed meanwhile"
        if shard != _NOTHING:
            words[_WAITING] = source
            if i > 0 or not _is_settled(state, shard, now_ns):
                count = i
                break
            words[_WAITING] = _NONE_WAITS
            written = words[_WRITTEN]
        ask_ahead(state.decider.ledger, gateway.slots, head + i, count - i, ring_mask)
        written += 1
        assert written <= log.header[broadcast.LIMIT], "there is room for the record"
        at = written & log_mask
        log.slots[at] = taken
        out = log.slots[at]
        out.sequence = written
        out.timestamp_ns = now_ns
        out.source = source
        out.request = (head + i) & REQUEST_MASK
        is_sampled = written & sampling == 0
        began_ns = monotonic_ns(state.clock) if is_sampled else 0
        out.reason = decide_on(state.decider, state.records, at, log_mask, PRELUDE_MAX)
        if is_sampled:
            _record_times(state, taken, began_ns, monotonic)
        if out.kind == _SYMBOL or out.kind == _ACCOUNT:
            _publish_definitions(state)
    if count > 0:
        assert written == words[_WRITTEN] + count, "the sequence grows by one with every command"
        words[_WRITTEN] = written
        words[_ACTED] = written
        broadcast.publish(log, written)
        # Only now may the gateway write over them: a crash in between is told by the log itself.
        ring.release(gateway, count)
    return count


@kernel_entry
def _append_due(state: SequencerState, now_ns: int) -> None:
    """The venue's own records whose time has come."""
    words = state.words
    assert now_ns >= words[LAST_TICK_NS], "the last tick is past"
    if load_acquire(state.control, BOOT) == 1:
        if _room(state) < 1:
            return
        _begin_own(state, _BOOT, now_ns)
        _publish_own(state)
        store_release(state.control, BOOT, 0)
    if now_ns - words[LAST_TICK_NS] >= words[_TICK_NS] and _room_behind_settled(state, now_ns) > 0:
        at = _begin_own(state, _TICK, now_ns)
        _publish_own(state)
        take_in(state.decider.ledger, state.records.details[at])
        words[LAST_TICK_NS] = now_ns


@kernel
def sequence(state: SequencerState, now_ns: int, monotonic: int) -> int:
    """One duty cycle: what is to be settled, the clock's tick, and a turn of every ring; gives how much work it was.

    `now_ns` is CLOCK_REALTIME, which becomes the log's time (it never goes back), `monotonic` the gateways' clock.
    """
    words = state.words
    now_ns = max(now_ns, words[LAST_NS])
    words[LAST_NS] = now_ns
    before = words[_WRITTEN]
    slots = state.log.slots
    assert before == state.log.header[broadcast.CURSOR], "nobody else writes the log"
    assert slots[before & (len(slots) - 1)].timestamp_ns <= now_ns, "no record is of a later time than this turn"
    settled = settle(state, now_ns)
    if load_acquire(state.control, BOOT) == 1 or now_ns - words[LAST_TICK_NS] >= words[_TICK_NS]:
        _append_due(state, now_ns)
        if load_acquire(state.control, BOOT) == 1:
            return settled
    if outbox_pending(state.decider.ledger) > 0:
        _append_outbox(state, now_ns)
    if words[_WAITING] != _NONE_WAITS:
        _take(state, words[_WAITING], now_ns, monotonic)
        if words[_WAITING] != _NONE_WAITS:
            return settled + words[_WRITTEN] - before
    rings = words[_RINGS]
    turn = words[_TURN]
    assert 0 <= turn < rings, "a ring has its turn"
    for i in range(rings):
        source = turn + i
        if source >= rings:
            source -= rings
        _take(state, source, now_ns, monotonic)
        if words[_WAITING] != _NONE_WAITS:
            break
    words[_TURN] = turn + 1 if turn + 1 < rings else 0
    return settled + words[_WRITTEN] - before


def is_taken_in(gateway: Ring) -> bool:
    """Whether the ring holds nothing but the beginning of an order whose rest never came."""
    head, tail = int(gateway.header[ring.HEAD]), int(gateway.header[ring.TAIL])
    assert head <= tail <= head + len(gateway.slots), "nothing is given back that was not published"
    slots = gateway.slots
    return tail - head <= PRELUDE_MAX and all(
        is_prelude(int(slots[number & (len(slots) - 1)]["kind"])) for number in range(head, tail)
    )


def resume(state: SequencerState, memory: VenueMemory) -> None:
    """After redecide() over the whole log: go on behind what the log's ring holds.

    The log's definitions are those that count, and each ring goes on where it ends.
    In memory that outlived a crash, the crash may have come after a definition was entered and before it was logged,
    or after a command was logged and before its slot was given back.
    """
    state.words[_WRITTEN] = state.words[_ACTED] = memory.log.header[broadcast.CURSOR]
    assert memory.control[JOURNALED] <= state.words[_WRITTEN], "nothing is journaled that was not logged"
    assert state.decider.words[KNOWN_ACCOUNTS] < len(memory.accounts), "every account has its place"
    assert state.decider.words[KNOWN_SYMBOLS] < len(memory.symbols), "every symbol has its place"
    memory.control[ACCOUNTS] = state.decider.words[KNOWN_ACCOUNTS]
    memory.control[SYMBOLS] = state.decider.words[KNOWN_SYMBOLS]
    if memory.control[BOOT] == 1:
        return
    for number, gateway in enumerate(memory.gateways):
        head = int(gateway.header[ring.HEAD])
        last = int(state.words[LAST_REQUEST + number])
        if last:
            skipped = (last - head) & REQUEST_MASK
            assert head <= int(gateway.header[ring.TAIL]), "nothing is given back that was not published"
            if skipped <= int(gateway.header[ring.TAIL]) - head:
                gateway.header[ring.HEAD] = head + skipped

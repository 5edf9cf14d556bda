"""Client order ids that an account cannot use again: those of its live orders, and of the last that have ended.

A hash table with open places; what is taken out leaves no gap. The ids of ended orders are a ring besides, whose oldest
goes when it is full. The rule: docs/risk.md, Checks.
"""

from __future__ import annotations

from shm.atomics import prefetch
from shm.hashing import hash_pair
from shm.integers import signed
from shm.jit import kernel
from tradsys.ledger.layout import W_RECENT, Ledger

_AHEAD = 16
"""Entries. What an entry of the ring names is asked for that much before its turn, the entry itself twice as much."""
_PLACES_A_LINE = 2
"""As bits. Looking begins at the first place of a cache line, and seldom goes beyond that line."""


@kernel
def _home(ledger: Ledger, account: int, client_order_id: int) -> int:
    return hash_pair(account, client_order_id) << _PLACES_A_LINE & (len(ledger.client_ids) - 1)


@kernel
def ask_for_client_id(ledger: Ledger, account: int, client_order_id: int) -> None:
    """Start loading the place of an id; any numbers will do."""
    prefetch(ledger.client_ids, _home(ledger, account, client_order_id))


@kernel
def _place_of(ledger: Ledger, account: int, client_order_id: int) -> int:
    """Where the id is, or the free place where it would go."""
    table = ledger.client_ids
    mask = len(table) - 1
    place = _home(ledger, account, client_order_id)
    while table[place].client_order_id != 0 and (
        table[place].client_order_id != client_order_id or table[place].account != account
    ):
        place = (place + 1) & mask
    return place


@kernel
def is_used(ledger: Ledger, account: int, client_order_id: int) -> bool:
    """Whether an account cannot use an id, which is not 0, again."""
    found: bool = ledger.client_ids[_place_of(ledger, account, client_order_id)].client_order_id != 0
    return found


@kernel
def remember(ledger: Ledger, account: int, client_order_id: int) -> None:
    """An order with this id has passed."""
    if client_order_id == 0:
        return
    entry = ledger.client_ids[_place_of(ledger, account, client_order_id)]
    assert entry.client_order_id == 0 or entry.client_order_id == client_order_id, "a free place, or its own"
    entry.client_order_id = client_order_id
    entry.account = account


@kernel
def forget(ledger: Ledger, account: int, client_order_id: int) -> None:
    """The id can be used again. What stands behind its place moves up, where it may stand nearer to its own."""
    if client_order_id == 0:
        return
    table = ledger.client_ids
    mask = len(table) - 1
    free = _place_of(ledger, account, client_order_id)
    assert table[free].client_order_id == client_order_id, "only what was remembered is forgotten"
    place = free
    while table[place].client_order_id != 0:
        place = (place + 1) & mask
        entry = table[place]
        if entry.client_order_id == 0:
            break
        home = _home(ledger, signed(entry.account), signed(entry.client_order_id))
        if ((place - home) & mask) >= ((place - free) & mask):
            table[free].client_order_id = entry.client_order_id
            table[free].account = entry.account
            free = place
    table[free].client_order_id = 0
    table[free].account = 0


@kernel
def _wrapped(place: int, length: int) -> int:
    """A place of a ring, counted on beyond its end; dividing is slow, and seldom needed."""
    return place if place < length else place % length


@kernel
def retire(ledger: Ledger, account: int, client_order_id: int) -> None:
    """An order with this id has ended: the id is kept as long as it is one of the last."""
    if client_order_id == 0:
        return
    recent = ledger.recent
    assert is_used(ledger, account, client_order_id), "the id of an order was remembered when it came"
    if len(recent) == 0:
        forget(ledger, account, client_order_id)
        return
    place = ledger.words[W_RECENT] % len(recent)
    # Whose turn it is soon has not been touched for long.
    prefetch(recent, _wrapped(place + 2 * _AHEAD, len(recent)))
    later = recent[_wrapped(place + _AHEAD, len(recent))]
    ask_for_client_id(ledger, signed(later.account), signed(later.client_order_id))
    entry = recent[place]
    forget(ledger, signed(entry.account), signed(entry.client_order_id))
    entry.client_order_id = client_order_id
    entry.account = account
    ledger.words[W_RECENT] += 1

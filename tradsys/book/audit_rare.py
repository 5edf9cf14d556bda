"""Whether what a shard keeps of rare orders fits together: lists, links, expiries, counts, and what books remember."""

from __future__ import annotations

from typing import Any

from tradsys.book.layout import (
    B_NONE,
    F_COUNTED,
    F_EXTRA,
    F_ICEBERG,
    F_TIMED,
    FAR_FUTURE,
    FOR_AUCTION,
    IN_HIDDEN,
    LINKS,
    PARKED,
    PEGS,
    QUEUE,
    QUEUED,
    TIMED,
    TIMED_LINK,
    TRAILING,
    W_NEXT_EXPIRY,
    W_TIMERS,
    W_USED_ORDERS,
    WAITING,
    Shard,
)
from tradsys.book.lists import first_of, following
from tradsys.book.rare_sides import NO_TRIGGER_ABOVE, NO_TRIGGER_BELOW
from tradsys.records import MarketState, OrderType, TimeInForce, TriggerSource

_RULES = ("static_band_bps", "dynamic_band_bps", "collar_bps", "orders_max", "hidden")


def audit_rare(shard: Shard, symbols: list[int]) -> None:
    """Check what concerns orders with an EXTRA record. Raises AssertionError, saying what does not hold."""
    live = [slot for slot in range(1, int(shard.words[W_USED_ORDERS]) + 1) if shard.orders[slot]["order_id"] != 0]
    for symbol in symbols:
        _check_lists(shard, symbol, [slot for slot in live if shard.orders[slot]["symbol"] == symbol])
        _check_book(shard, symbol)
    _check_timers(shard, live)
    _check_counts(shard, live)
    for slot in live:
        _check_links(shard, slot)


def _has(shard: Shard, slot: int, flag: int) -> bool:
    flags = int(shard.orders[slot]["flags"])
    return bool(flags & F_EXTRA) and bool(flags & flag)


def _check_lists(shard: Shard, symbol: int, live: list[int]) -> None:
    """Each list has exactly the orders that belong there; those joined on acceptance are in that order."""
    for number, expected in {
        PEGS: [slot for slot in live if shard.orders[slot]["order_type"] == OrderType.PEGGED],
        TRAILING: [slot for slot in live if shard.orders[slot]["order_type"] == OrderType.TRAILING_STOP],
        QUEUE: _at(shard, live, QUEUED),
        PARKED: _at(shard, live, FOR_AUCTION),
        TIMED: [
            slot
            for slot in live
            if _has(shard, slot, F_TIMED) and shard.orders[slot]["time_in_force"] != TimeInForce.GTD
        ],
    }.items():
        found = []
        slot = int(first_of(shard, symbol, number))
        while slot != 0:
            assert slot not in found, f"symbol {symbol}: list {number} comes twice to slot {slot}"
            found.append(slot)
            slot = int(following(shard, number, slot))
        assert sorted(found) == expected, f"symbol {symbol}: list {number} has {sorted(found)}, not {expected}"


def _at(shard: Shard, live: list[int], place: int) -> list[int]:
    return [slot for slot in live if _has(shard, slot, F_EXTRA) and shard.extras[slot]["place"] == place]


def _check_book(shard: Shard, symbol: int) -> None:
    book = shard.books[symbol]
    used = int(shard.words[W_USED_ORDERS])
    own = [
        slot for slot in range(1, used + 1) if shard.orders[slot]["order_id"] and shard.orders[slot]["symbol"] == symbol
    ]
    hidden = len(_at(shard, own, IN_HIDDEN))
    assert book["hidden"] == hidden, f"symbol {symbol} counts {book['hidden']} hidden orders of {hidden}"
    lists = any(first_of(shard, symbol, number) for number in (PEGS, TRAILING, QUEUE))
    special = (
        book["state"] != MarketState.CONTINUOUS
        or any(book[name] for name in _RULES)
        or book["trigger_source"] == TriggerSource.TOUCH
        or lists
    )
    assert bool(book["special"]) == bool(special), f"symbol {symbol}: special is {book['special']}, not {special}"
    assert book["duties"] == 0, f"symbol {symbol} has duties {book['duties']} left"
    state = MarketState(int(book["state"]))
    breaker = int(book["breaker"])
    is_its_own = breaker == B_NONE or state in (MarketState.HALT, MarketState.OPENING_AUCTION)
    assert is_its_own, f"symbol {symbol} is in {state.name}, and not by the breaker that has halted it"
    above = [int(shard.extras[slot]["trigger_ticks"]) for slot in _at(shard, own, 3)]
    below = [int(shard.extras[slot]["trigger_ticks"]) for slot in _at(shard, own, 4)]
    assert book["next_above"] == min(above, default=NO_TRIGGER_ABOVE), f"symbol {symbol}: next trigger above"
    assert book["next_below"] == max(below, default=NO_TRIGGER_BELOW), f"symbol {symbol}: next trigger below"
    _check_icebergs(shard, own)


def _check_icebergs(shard: Shard, own: list[int]) -> None:
    for slot in own:
        if _has(shard, slot, F_ICEBERG):
            order, extra = shard.orders[slot], shard.extras[slot]
            assert order["leaves_lots"] <= extra["display_lots"], f"slot {slot} shows more than its slice"
            assert extra["reserve_lots"] >= 0, f"slot {slot} has a reserve of {extra['reserve_lots']}"


def _check_timers(shard: Shard, live: list[int]) -> None:
    """The heap holds every GTD order, in its order, and each knows its place."""
    count = int(shard.words[W_TIMERS])
    heap = [int(slot) for slot in shard.timers[1 : count + 1]]
    expected = [slot for slot in live if shard.orders[slot]["time_in_force"] == TimeInForce.GTD]
    assert sorted(heap) == expected, f"the heap of expiries has {sorted(heap)}, not {expected}"
    keys = [(int(shard.extras[slot]["expires_ns"]), int(shard.orders[slot]["order_id"])) for slot in heap]
    for place in range(1, count + 1):
        assert shard.links[LINKS * heap[place - 1] + TIMED_LINK] == place, f"slot {heap[place - 1]} is lost in the heap"
        assert place == 1 or keys[place // 2 - 1] < keys[place - 1], f"the heap is not one at {place}"
    first = keys[0][0] if keys else FAR_FUTURE
    assert shard.words[W_NEXT_EXPIRY] == first, f"the next expiry is {shard.words[W_NEXT_EXPIRY]}, not {first}"


def _check_counts(shard: Shard, live: list[int]) -> None:
    counted: dict[int, int] = {}
    for slot in live:
        if _has(shard, slot, F_COUNTED):
            key = int(shard.orders[slot]["symbol"]) << 32 | int(shard.orders[slot]["account"])
            counted[key] = counted.get(key, 0) + 1
    used = shard.counts["key"] != 0
    pairs = zip(shard.counts["key"][used].tolist(), shard.counts["orders"][used].tolist(), strict=True)
    assert dict(pairs) == counted, "the counts of orders do not agree with the orders"
    for slot in live:
        if shard.books[shard.orders[slot]["symbol"]]["orders_max"]:
            assert _has(shard, slot, F_COUNTED), f"the order in slot {slot} is not counted"


def _check_links(shard: Shard, slot: int) -> None:
    """Partners know each other, and so do an order and those that wait for it."""
    if not _has(shard, slot, F_EXTRA):
        return
    extra: Any = shard.extras[slot]
    partner = int(extra["partner"])
    assert partner == 0 or shard.extras[partner]["partner"] == slot, f"slot {slot}: partner {partner} has another"
    for name in ("leg_1", "leg_2"):
        leg = int(extra[name])
        assert leg == 0 or shard.extras[leg]["parent"] == slot, f"slot {slot}: {name} {leg} has another parent"
    parent = int(extra["parent"])
    waits = extra["place"] == WAITING
    assert (parent != 0) == waits, f"slot {slot} waits: {waits}, its parent is {parent}"

"""Lists, the heap of expiries and the counts of orders, by themselves, against Python's own."""

from __future__ import annotations

import heapq
import random
from collections import Counter

import pytest

from tests.book.harness import SMALL, Bench
from tradsys.book.counts import add_extra, count_all, count_in, count_out, counted_orders
from tradsys.book.layout import (
    F_COUNTED,
    F_EXTRA,
    FAR_FUTURE,
    LISTS,
    PARKED,
    PEGS,
    QUEUE,
    TIMED,
    TRAILING,
    W_LIVE_ORDERS,
    W_NEXT_EXPIRY,
    W_TIMERS,
    W_USED_ORDERS,
    Shard,
)
from tradsys.book.lists import first_of, following, join_list, leave_list
from tradsys.book.timers import first_timer, start_timer, stop_timer

ORDERS, STEPS = 60, 1500
SYMBOLS = (1, 2, 8)
KINDS = ((PEGS, TRAILING), (QUEUE, PARKED), (TIMED,))
"""Lists of one kind of link: an order is in one of them at most, and at the same time in one of each other kind."""


@pytest.fixture
def shard() -> Shard:
    return Bench(SMALL._replace(orders=ORDERS)).shard


def walked(shard: Shard, symbol: int, number: int) -> list[int]:
    found = []
    slot = int(first_of(shard, symbol, number))
    while slot != 0:
        found.append(slot)
        slot = int(following(shard, number, slot))
    return found


def test_lists_keep_the_order_in_which_orders_joined_whoever_leaves(shard: Shard, seed: int) -> None:
    dice = random.Random(seed)
    expected: dict[tuple[int, int], list[int]] = {
        (symbol, number): [] for symbol in SYMBOLS for kind in KINDS for number in kind
    }
    where: dict[tuple[int, int], tuple[int, int]] = {}
    for _ in range(STEPS):
        slot, kind = dice.randint(1, ORDERS), dice.randrange(len(KINDS))
        place = where.pop((slot, kind), None)
        if place is not None:
            leave_list(shard, *place, slot)
            expected[place].remove(slot)
        else:
            # All lists of a slot are of one symbol, as an order's are.
            place = where[slot, kind] = (SYMBOLS[slot % len(SYMBOLS)], dice.choice(KINDS[kind]))
            join_list(shard, *place, slot)
            expected[place].append(slot)
        assert walked(shard, *place) == expected[place], f"seed {seed}"
    assert {place: walked(shard, *place) for place in expected} == expected, f"seed {seed}"
    for (symbol, number), slots in expected.items():
        assert shard.lists[LISTS * symbol + number + 1] == (slots[-1] if slots else 0), f"seed {seed}: the tail"


def test_expiries_come_in_the_order_of_a_heap(shard: Shard, seed: int) -> None:
    dice = random.Random(seed)
    expected: list[tuple[int, int, int]] = []
    running: set[int] = set()
    for step in range(STEPS):
        slot = dice.randint(1, ORDERS)
        if slot in running:
            stop_timer(shard, slot)
            running.remove(slot)
            expected = [entry for entry in expected if entry[2] != slot]
            heapq.heapify(expected)
        else:
            # Few different times, so that many are equal, and ids that do not grow with the slots.
            expires_ns, order_id = dice.randint(1, 12), dice.randint(1, 1000) << 22 | slot
            shard.extras["expires_ns"][slot] = expires_ns
            shard.orders["order_id"][slot] = order_id
            start_timer(shard, slot)
            running.add(slot)
            heapq.heappush(expected, (expires_ns, order_id, slot))
        first = expected[0] if expected else (FAR_FUTURE, 0, 0)
        assert (first_timer(shard), shard.words[W_NEXT_EXPIRY]) == (first[2], first[0]), f"seed {seed} step {step}"
        assert shard.words[W_TIMERS] == len(expected)
    while expected:
        _, _, slot = heapq.heappop(expected)
        assert first_timer(shard) == slot, f"seed {seed}"
        stop_timer(shard, slot)
    assert (first_timer(shard), shard.words[W_NEXT_EXPIRY]) == (0, FAR_FUTURE)


def give(shard: Shard, slot: int, symbol: int, account: int, flags: int = 0) -> None:
    """Let there be an order in the slot."""
    for name, value in {"order_id": slot, "symbol": symbol, "account": account, "flags": flags}.items():
        shard.orders[name][slot] = value


@pytest.mark.parametrize("accounts", [1, 7, 1 << 31])
def test_counts_are_those_of_a_counter_whatever_ends_first(shard: Shard, seed: int, accounts: int) -> None:
    dice = random.Random(seed)
    expected: Counter[tuple[int, int]] = Counter()
    counted: dict[int, tuple[int, int]] = {}
    shard.words[W_LIVE_ORDERS] = ORDERS
    for step in range(STEPS):
        slot = dice.randint(1, ORDERS)
        if slot in counted:
            key = counted.pop(slot)
            count_out(shard, slot)
            expected[key] -= 1
        else:
            key = counted[slot] = (dice.choice(SYMBOLS), dice.randint(1, accounts))
            give(shard, slot, *key, flags=F_EXTRA)
            count_in(shard, slot)
            expected[key] += 1
        for known in {key, *counted.values()}:
            assert counted_orders(shard, *known) == expected[known], f"seed {seed} step {step}"
    used = shard.counts["key"] != 0
    assert used.sum() == len(+expected), f"seed {seed}: entries that count nothing are taken out"


def test_orders_from_before_a_limit_are_counted_once(shard: Shard) -> None:
    for slot in range(1, 11):
        give(shard, slot, symbol=1 + slot % 2, account=3)
    shard.words[[W_USED_ORDERS, W_LIVE_ORDERS]] = 10
    give(shard, 10, symbol=1, account=4)
    shard.orders["order_id"][2] = 0  # a free slot
    add_extra(shard, 4, 0)
    for _ in range(2):
        count_all(shard, 1)
    assert counted_orders(shard, 1, 3) == 3
    assert counted_orders(shard, 1, 4) == 1
    assert counted_orders(shard, 2, 3) == 0
    assert [slot for slot in range(1, 11) if shard.orders["flags"][slot] & F_COUNTED] == [4, 6, 8, 10]

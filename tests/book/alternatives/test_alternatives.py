"""The structures that lost keep the same levels and queues as the book's own, whatever rests and leaves."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from shm.arena import new_array
from tests.book.harness import SMALL, Bench
from tradsys.book import levels
from tradsys.book.alternatives import bitmap_levels, sorted_levels
from tradsys.book.layout import ORDER, ShardSize

STEPS = 3_000
WIDE = ShardSize(symbols_max=1, orders=400, pages=10_000, directory=10_000, summary=1_000)


def sorted_array(ticks: int, orders: int) -> Any:
    return sorted_levels.carve(new_array, min(ticks, orders), new_array(ORDER, orders + 1))


def bitmaps(ticks: int, orders: int) -> Any:
    state = bitmap_levels.carve(new_array, new_array(ORDER, orders + 1))
    bitmap_levels.initialise(state)
    return state


def queues(module: ModuleType, state: Any, side: int) -> list[tuple[int, list[int]]]:
    """Every index with orders, best first, and the slots of its queue."""
    found = []
    index = int(module.best_index(state, side))
    while index >= 0:
        slots = []
        slot = int(module.first_at(state, side, index))
        while slot != 0:
            slots.append(slot)
            slot = int(state.orders["next"][slot])
        found.append((index, slots))
        index = int(module.next_worse(state, side, index))
    return found


def production_queues(shard: Any, side: int) -> list[tuple[int, list[int]]]:
    found = []
    number = int(shard.sides["best_level"][2 + side])
    while number != 0:
        slots = []
        slot = int(shard.levels["head"][number])
        while slot != 0:
            slots.append(slot)
            slot = int(shard.orders["next"][slot])
        found.append((int(shard.levels["index"][number]), slots))
        number = int(shard.levels["worse"][number])
    return found


@pytest.mark.parametrize(("module", "carve"), [(sorted_levels, sorted_array), (bitmap_levels, bitmaps)])
@pytest.mark.parametrize(("ticks", "live_max"), [(1, 20), (70, 200), (5_000, 300), (200_000, 300)])
def test_levels_are_those_of_the_book(
    module: ModuleType, carve: Callable[[int, int], Any], ticks: int, live_max: int, seed: int
) -> None:
    dice = random.Random(seed)
    shard = Bench(WIDE if ticks > 1_000 else SMALL).shard
    assert levels.open_sides(shard, 1, 0, ticks - 1)
    state = carve(ticks, live_max)
    live: list[tuple[int, int]] = []
    free = list(range(live_max, 0, -1))
    for step in range(STEPS):
        if free and (not live or dice.random() < (0.7 if step % 1_000 < 500 else 0.4)):
            side, index, slot = dice.randrange(2), dice.randrange(ticks), free.pop()
            live.append((side, slot))
            shard.orders["leaves_lots"][slot] = state.orders["leaves_lots"][slot] = dice.randint(1, 100)
            levels.append(shard, shard.sides[2 + side], index, slot)
            module.append(state, side, index, slot)
        else:
            side, slot = live.pop(dice.randrange(len(live)))
            free.append(slot)
            levels.remove(shard, shard.sides[2 + side], slot)
            module.remove(state, side, slot)
        expected = int(shard.sides["best_index"][2 + side])
        assert module.best_index(state, side) == expected
        assert module.best_order(state, side) == (module.first_at(state, side, expected) if expected >= 0 else 0)
        if step % 100 == 0:
            for each in range(2):
                assert queues(module, state, each) == production_queues(shard, each)
    quantities = [int(np.sum(array["quantity_lots"][array["count"] > 0])) for array in (shard.levels, state.levels)]
    assert quantities[0] == quantities[1]

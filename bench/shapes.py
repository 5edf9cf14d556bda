"""Seeded flows in the shapes of the public benchmark's five scenarios, and a deep book under random cancels.

What the recorded scenario shows: orders come at a distance behind a price that ranges over a path, in random
order along it. All but one in twenty are cancelled by the next message, one in five of those after a modify by
one tick; two in a hundred cancels come twice, and some modifies after the cancel. An order that stays survives
where the path never takes the other side, so the wider the path, the fewer orders live: the flat path of
"static" keeps them all, in queues thousands deep, and "flash-crash" keeps hundreds.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bench.flows import CANCEL, MESSAGE, MODIFY, NEW
from shm.jit import kernel

CENTRE_TICKS = 34_000
_IOC_SHARE = 0.15
_STAYING_SHARE = 0.05
_MODIFY_SHARE = 0.20
_STALE_SHARE = 0.02
_QUANTITY_MAX = 100
_MESSAGES_A_GROUP = 1.9
"""A little less than the mean number of messages that one order causes."""


class Shape(NamedTuple):
    """How a scenario's prices lie, in ticks."""

    path_ticks: int  # width of the band that the path ranges over
    distance_ticks: int  # mean distance of an order behind the path
    distance_max_ticks: int
    taking_share: float  # immediate orders that are priced to reach the other side


SHAPES = {
    "static": Shape(0, 6, 740, 0.01),
    "normal": Shape(800, 100, 600, 0.0),
    "swing-25": Shape(14_500, 220, 1_000, 0.0),
    "swing-40": Shape(24_500, 330, 1_200, 0.0),
    "flash-crash": Shape(35_000, 420, 1_500, 0.0),
}
DEEP = "deep"


def generate(name: str, count: int, seed: int) -> Any:
    """`count` messages (MESSAGE array) of a shape in SHAPES, or of "deep". The same seed gives the same flow.

    Raises KeyError for an unknown name.
    """
    random = np.random.default_rng(seed)
    if name == DEEP:
        return _deep(count, random)
    return _churn(SHAPES[name], count, random)


def _distances(shape: Shape, count: int, random: np.random.Generator) -> Any:
    distance = random.geometric(1.0 / shape.distance_ticks, count)
    # A thin, even tail, so that the range is filled whatever the mean.
    tail = random.random(count) < 0.01
    distance[tail] = random.integers(1, shape.distance_max_ticks, int(tail.sum()))
    return np.minimum(distance, shape.distance_max_ticks)


def _churn(shape: Shape, count: int, random: np.random.Generator) -> Any:
    groups = int(count / _MESSAGES_A_GROUP) + 64
    side = random.integers(0, 2, groups)
    path = CENTRE_TICKS - shape.path_ticks // 2 + random.integers(0, shape.path_ticks + 1, groups)
    distance = _distances(shape, groups, random)
    is_ioc = random.random(groups) < _IOC_SHARE
    distance = np.where(is_ioc & (random.random(groups) < shape.taking_share), -distance, distance)
    price = np.where(side == 0, path - distance, path + distance)
    quantity = random.integers(1, _QUANTITY_MAX + 1, groups)
    is_cancelled = ~is_ioc & (random.random(groups) >= _STAYING_SHARE)
    is_modified = ~is_ioc & (random.random(groups) < _MODIFY_SHARE)
    is_doubled = is_cancelled & (random.random(groups) < _STALE_SHARE)
    modify_is_late = is_modified & is_cancelled & (random.random(groups) < _STALE_SHARE)

    # A group is: new, modify, cancel, second cancel, late modify; each but the first may be missing.
    kinds = np.array([NEW, MODIFY, CANCEL, CANCEL, MODIFY], np.uint8)
    present = np.stack(
        [np.ones(groups, np.bool_), is_modified & ~modify_is_late, is_cancelled, is_doubled, modify_is_late], axis=1
    )
    group, place = np.nonzero(present)
    group, place = group[:count], place[:count]
    messages = np.zeros(count, MESSAGE)
    messages["type"] = kinds[place]
    is_modify = messages["type"] == MODIFY
    messages["side"] = side[group]
    messages["ioc"] = is_ioc[group] & (messages["type"] == NEW)
    messages["quantity"] = quantity[group] + is_modify
    messages["sequence"] = np.arange(count)
    messages["order_id"] = random.permutation(groups)[group] + 1
    messages["price_ticks"] = price[group] + np.where(is_modify, random.integers(-1, 2, groups)[group], 0)
    return messages


_DEEP_ORDERS = 1_000_000
_DEEP_TICKS = 2_000


def _deep(count: int, random: np.random.Generator) -> Any:
    """A book filled to a million orders (half of the messages if fewer), then cancels, amends and new orders."""
    target = min(_DEEP_ORDERS, max(1, count // 2))
    messages = np.zeros(count, MESSAGE)
    messages["sequence"] = np.arange(count)
    messages["quantity"] = random.integers(1, _QUANTITY_MAX + 1, count)
    side = random.integers(0, 2, count)
    distance = random.integers(1, _DEEP_TICKS + 1, count)
    choice = random.integers(0, 100, count)
    pick = random.integers(0, 1 << 40, count)
    columns = np.zeros((4, count), np.int64)
    scratch = np.zeros((3, count + 1), np.int64)
    _fill_deep(columns, scratch, side, distance, choice, pick, target)
    for row, name in enumerate(("type", "side", "order_id", "price_ticks")):
        messages[name] = columns[row]
    return messages


@kernel
def _fill_deep(columns: Any, scratch: Any, sides: Any, distances: Any, choices: Any, picks: Any, target: int) -> None:
    count = columns.shape[1]
    live, side_of, price_of = scratch[0], scratch[1], scratch[2]
    lives = 0
    orders = 0
    for i in range(count):
        if lives < target and (orders < target or choices[i] < 50):
            orders += 1
            order = orders
            live[lives] = order
            lives += 1
            kind = NEW
            side_of[order] = sides[i]
        else:
            place = picks[i] % lives
            order = live[place]
            kind = MODIFY if choices[i] % 5 == 0 else CANCEL
            if kind == CANCEL:
                lives -= 1
                live[place] = live[lives]
        side = side_of[order]
        if kind != CANCEL:
            price_of[order] = CENTRE_TICKS - distances[i] if side == 0 else CENTRE_TICKS + distances[i]
        columns[0, i] = kind
        columns[1, i] = side
        columns[2, i] = order
        columns[3, i] = price_of[order]

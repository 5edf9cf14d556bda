"""The flow that fills many books and then changes them at random: what `bench.wide` times."""

from __future__ import annotations

from typing import Any

import numpy as np

from shm.jit import kernel
from tradsys.records import Side

NEW, CANCEL, AMEND, IMMEDIATE = 0, 1, 2, 3
_NEW_PERCENT, _CANCEL_PERCENT, _AMEND_PERCENT = 48, 80, 90
"""Below the first a new order, below the second a cancel, then an amend; the rest takes."""
_SELL = int(Side.SELL)


def columns_of(draws: Any, resting: int, symbols: int, lowest: int, highest: int) -> Any:
    """What each message does: int64 rows of kind, order, symbol, side and price, one column a message.

    `draws`: four rows of random numbers from 0 to 2**40 - 1. The first `resting` messages are new orders that rest.
    """
    count = draws.shape[1]
    columns = np.zeros((5, count), np.int64)
    orders = np.zeros((4, count + 1), np.int64)
    _fill(columns, orders, draws, resting, symbols, lowest, highest)
    return columns


@kernel
def _fill(columns: Any, orders: Any, draws: Any, resting: int, symbols: int, lowest: int, highest: int) -> None:
    """`orders`: the live orders, then symbol and side of each order, by number."""
    live, symbol_of, side_of = orders[0], orders[1], orders[2]
    centre = (lowest + highest) // 2
    lives = 0
    made = 0
    for place in range(columns.shape[1]):
        choice = draws[0, place] % 100
        kind = NEW
        if place >= resting and choice >= _NEW_PERCENT:
            kind = CANCEL if choice < _CANCEL_PERCENT else AMEND if choice < _AMEND_PERCENT else IMMEDIATE
        if kind == NEW or kind == IMMEDIATE:
            made += 1
            order = made
            symbol_of[order] = 1 + draws[1, place] % symbols
            side_of[order] = draws[2, place] & 1
            if kind == NEW:
                live[lives] = order
                lives += 1
        else:
            at = draws[1, place] % lives
            order = live[at]
            if kind == CANCEL:
                lives -= 1
                live[at] = live[lives]
        side = side_of[order]
        distance = 1 + (draws[2, place] >> 1) % (centre - lowest)
        if kind == IMMEDIATE:
            distance = -distance
        columns[0, place] = kind
        columns[1, place] = order
        columns[2, place] = symbol_of[order]
        columns[3, place] = side
        columns[4, place] = centre + distance if side == _SELL else centre - distance

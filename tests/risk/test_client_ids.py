"""The kernel's table of client order ids against a dictionary, crowded enough that ids stand in each other's places."""

from __future__ import annotations

import random
from collections import deque
from typing import Any

import numpy as np

from shm.arena import new_array
from shm.jit import kernel
from tradsys.ledger.layout import Ledger, LedgerSize, carve
from tradsys.risk.client_ids import forget, is_used, remember, retire

REMEMBERED, LIVE = 20, 30
SIZE = LedgerSize(
    accounts_max=5, assets_max=1, symbols_max=1, orders=LIVE, pending=1, positions=1, recent_client_ids=REMEMBERED
)


@kernel
def _do(ledger: Ledger, what: int, account: int, client_order_id: int) -> bool:
    if what == 0:
        remember(ledger, account, client_order_id)
    elif what == 1:
        forget(ledger, account, client_order_id)
    elif what == 2:
        retire(ledger, account, client_order_id)
    return is_used(ledger, account, client_order_id)


def test_ids_are_used_while_orders_live_and_as_long_as_they_are_among_the_last(seed: int) -> None:
    dice, ledger = random.Random(seed), carve(new_array, SIZE)
    live: list[tuple[int, int]] = []
    ended: deque[tuple[int, int]] = deque(maxlen=REMEMBERED)
    names = [(account, number) for account in (1, 2, 3) for number in (1, 2, 3, 7, 1 << 40, (1 << 62) + 9, -5)]
    names += [(4, number) for number in range(1, 60)]
    for _ in range(5_000):
        what = dice.randrange(3) if live else 0
        if what == 0 and len(live) < LIVE:
            name = dice.choice([each for each in names if each not in live and each not in ended])
            live.append(name)
            assert _do(ledger, what, *name)
        elif what:
            name = live.pop(dice.randrange(len(live)))
            assert _do(ledger, what, *name) == (what == 2)
            if what == 2:
                ended.append(name)
        for name in names:
            assert _do(ledger, 3, *name) == (name in live or name in ended), name
    assert np.count_nonzero(_plain(ledger.client_ids)["client_order_id"]) == len(live) + len(ended)


def _plain(table: Any) -> Any:
    return table.view(np.ndarray)

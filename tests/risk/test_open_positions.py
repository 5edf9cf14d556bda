"""An account's open positions: the near ones, the list behind them, and what all of them would make."""

from __future__ import annotations

import random

import numpy as np
import pytest

from shm.arena import new_array
from shm.division import reciprocal_of
from shm.integers import signed
from shm.jit import kernel
from tradsys.ledger.layout import OPEN_NEAR, Ledger, LedgerSize, carve
from tradsys.ledger.positions import position_row
from tradsys.risk.open_positions import keep_open
from tradsys.risk.unrealised import unrealised_of

ACCOUNTS = (1, 2)
SYMBOLS = 3 * OPEN_NEAR
MARK = 7
LARGE = 1 << 31


@kernel
def _change(ledger: Ledger, account: int, symbol: int, quantity: int, cost: int) -> int:
    row = position_row(ledger, account, symbol)
    position = ledger.positions[row]
    was_open = position.quantity != 0
    position.quantity = quantity
    position.cost = cost
    keep_open(ledger, account, signed(row), was_open)
    return unrealised_of(ledger, account)


def _new_ledger() -> Ledger:
    ledger = carve(new_array, LedgerSize(accounts_max=2, assets_max=2, symbols_max=SYMBOLS, positions=4 * SYMBOLS))
    terms = {"quote": 2, "numerator": 1, "divisor": 1, "reciprocal": reciprocal_of(1), "notional_max": 1 << 60}
    for name, value in terms.items():
        ledger.contracts.view(np.ndarray)[name] = value
    ledger.assets.view(np.ndarray)["value_numerator"] = 1
    ledger.assets.view(np.ndarray)["value_divisor"] = 1
    ledger.assets.view(np.ndarray)["value_reciprocal"] = reciprocal_of(1)
    ledger.symbols.view(np.ndarray)["mark_ticks"] = MARK
    return ledger


@pytest.mark.parametrize("seed", range(5))
def test_all_positions_that_are_not_zero_count_however_many_they_are(seed: int) -> None:
    dice = random.Random(seed)
    ledger = _new_ledger()
    held: dict[int, dict[int, tuple[int, int]]] = {account: {} for account in ACCOUNTS}
    for step in range(2_000):
        account, symbol = dice.choice(ACCOUNTS), dice.randint(1, SYMBOLS)
        closes = dice.random() < (0.3 if step // 500 % 2 == 0 else 0.8)  # fills up, and empties again
        most = dice.choice((100, 100, LARGE - 1, LARGE + 1))  # which a copy has room for, and which not
        quantity = 0 if closes else dice.choice((dice.randint(-100, 100), most, -most))
        cost = 0 if quantity == 0 else dice.randint(-1_000, 1_000)
        held[account][symbol] = (quantity, cost)
        expected = sum(MARK * quantity - cost for quantity, cost in held[account].values() if quantity != 0)
        assert _change(ledger, account, symbol, quantity, cost) == expected
    for account in ACCOUNTS:
        for symbol in range(1, SYMBOLS + 1):
            _change(ledger, account, symbol, 0, 0)
        assert not ledger.accounts[account]["open_near"]
        assert not ledger.accounts[account]["open_far"]

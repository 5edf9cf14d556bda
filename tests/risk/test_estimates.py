"""Estimates may only say what is certain: against exact sums, with limits at, just above and just below the loss."""

from __future__ import annotations

import random
from fractions import Fraction
from math import ceil, floor
from typing import Any

import pytest

from shm.arena import new_array
from shm.division import reciprocal_of_constant
from shm.integers import signed
from shm.jit import kernel
from tradsys.ledger.layout import OPEN_NEAR, Ledger, LedgerSize, carve
from tradsys.ledger.positions import position_row
from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.risk.estimates import keep_rates, loss_is_surely_below
from tradsys.risk.open_positions import first_of, keep_open
from tradsys.risk.unrealised import unrealised_of

ACCOUNT = 1


@kernel
def _open(ledger: Ledger, symbol: int, quantity: int, cost: int) -> None:
    row = position_row(ledger, signed(ACCOUNT), symbol)
    position = ledger.positions[row]
    position.quantity = quantity
    position.cost = cost
    keep_open(ledger, signed(ACCOUNT), signed(row), False)


@kernel
def _exact(ledger: Ledger) -> int:
    return unrealised_of(ledger, signed(ACCOUNT))


@kernel
def _is_sure(ledger: Ledger, realised: int, limit: int) -> bool:
    return loss_is_surely_below(ledger, signed(ACCOUNT), realised, limit)


@kernel
def _keep(ledger: Ledger, symbol: int) -> None:
    keep_rates(ledger, symbol)


def _number(dice: random.Random, bits: int) -> int:
    """Of any size up to so many bits, the small ones as often as the great ones."""
    return dice.getrandbits(dice.randint(1, bits)) + 1


def _set(row: Any, **fields: int) -> None:
    for name, value in fields.items():
        row[name] = value


def _within(amount: int) -> int:
    """As docs/risk.md has it: no amount counts as more than AMOUNT_MAX."""
    return max(-AMOUNT_MAX, min(amount, AMOUNT_MAX))


def _market(dice: random.Random, positions: int, bits: int) -> tuple[Ledger, int, Fraction]:
    """A ledger with open positions of one account; what they would make; and by how much an estimate may differ."""
    symbols = positions
    ledger = carve(new_array, LedgerSize(accounts_max=1, assets_max=symbols + 1, symbols_max=symbols))
    exact, doubt = 0, Fraction(1)
    for symbol in range(1, positions + 1):
        numerator, divisor = _number(dice, 20), _number(dice, 40)
        of_value, to_value = _number(dice, 20), _number(dice, 20)
        mark, quantity, cost = _number(dice, 30), _number(dice, bits), _number(dice, 2 * bits)
        quantity, cost = quantity * dice.choice((-1, 1)), cost * dice.choice((-1, 1))
        _set(
            ledger.assets[symbol],
            value_numerator=of_value,
            value_divisor=to_value,
            value_reciprocal=reciprocal_of_constant(to_value),
        )
        _set(
            ledger.contracts[symbol],
            base=symbols + 1,
            quote=symbol,
            numerator=numerator,
            divisor=divisor,
            reciprocal=reciprocal_of_constant(divisor),
            notional_max=AMOUNT_MAX // numerator,
        )
        ledger.symbols[symbol]["mark_ticks"] = mark
        _keep(ledger, symbol)
        _open(ledger, symbol, quantity, cost)
        product = mark * quantity * numerator
        if abs(mark * quantity) > AMOUNT_MAX // numerator:
            product = AMOUNT_MAX if quantity > 0 else -AMOUNT_MAX
        profit = _within(floor(Fraction(product, divisor)) - cost)
        exact += _within(ceil(Fraction(profit * of_value, to_value)))
        size = Fraction(abs(mark * quantity * numerator), divisor) + abs(cost)
        doubt += (1 + size / 2**38) * Fraction(of_value, to_value) + 1
    return ledger, _within(exact), doubt


@pytest.mark.parametrize("number", range(40))
def test_what_is_sure_is_so_at_every_limit_around_the_loss(seed: int, number: int) -> None:
    dice = random.Random(f"{seed} {number}")
    for _ in range(25):
        ledger, unrealised, _ = _market(dice, dice.randint(0, OPEN_NEAR), dice.choice((8, 16, 24)))
        assert _exact(ledger) == unrealised
        realised = dice.choice((0, _number(dice, 40), -_number(dice, 40)))
        loss = -(realised + unrealised)
        near = {loss + step for power in range(0, 50, 5) for step in (-(1 << power), 0, 1 << power)}
        for limit in sorted(limit for limit in near | {0, 1, 1 << 50} if 0 <= limit <= AMOUNT_MAX):
            assert not _is_sure(ledger, realised, limit) or loss < limit, (loss, limit)


@pytest.mark.parametrize("number", range(20))
def test_a_limit_that_is_well_away_is_seen_to_be(seed: int, number: int) -> None:
    dice = random.Random(f"{seed} {number}")
    ledger, unrealised, doubt = _market(dice, dice.randint(1, OPEN_NEAR), 8)
    while doubt > AMOUNT_MAX >> 41:  # amounts of which nothing is said
        ledger, unrealised, doubt = _market(dice, dice.randint(1, OPEN_NEAR), 8)
    limit = max(-unrealised, 0) + ceil(doubt)
    assert limit < AMOUNT_MAX // 8
    assert _is_sure(ledger, 0, limit)


def test_of_amounts_that_may_be_cut_off_nothing_is_said() -> None:
    ledger, _, _ = _market(random.Random(1), 1, 8)
    limit = AMOUNT_MAX // 8
    assert _is_sure(ledger, 0, limit)
    assert not _is_sure(ledger, 0, 2 * limit + 2)
    ledger.open_positions[first_of(ACCOUNT)]["cost"] = 2 * limit + 2
    assert not _is_sure(ledger, 0, limit)


def test_of_positions_that_are_not_beside_the_account_nothing_is_said() -> None:
    ledger, _, _ = _market(random.Random(2), OPEN_NEAR + 1, 8)
    assert ledger.accounts[ACCOUNT]["open_far"] != 0
    assert not _is_sure(ledger, 0, AMOUNT_MAX // 8)

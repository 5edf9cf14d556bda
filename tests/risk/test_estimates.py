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
from tradsys.risk.estimates import learn_scale, loss_is_surely_below
from tradsys.risk.open_positions import keep_open
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
def _learn(ledger: Ledger, symbol: int) -> None:
    learn_scale(ledger, symbol)


def _number(dice: random.Random, bits: int) -> int:
    """Of any size up to so many bits, the small ones as often as the great ones."""
    return dice.getrandbits(dice.randint(1, bits)) + 1


def _set(row: Any, **fields: int) -> None:
    for name, value in fields.items():
        row[name] = value


def _within(amount: int) -> int:
    """As docs/risk.md has it: no amount counts as more than AMOUNT_MAX."""
    return max(-AMOUNT_MAX, min(amount, AMOUNT_MAX))


def _market(dice: random.Random, positions: int, bits: int) -> tuple[Ledger, int, Fraction | None]:
    """A ledger with open positions of one account; what they would make; and by how much an estimate may differ.

    None where amounts are so great that nothing is said of them.
    """
    symbols = positions
    ledger = carve(new_array, LedgerSize(accounts_max=1, assets_max=symbols + 1, symbols_max=symbols))
    exact, doubt, are_sure = 0, Fraction(1), True
    for symbol in range(1, positions + 1):
        numerator, divisor = _number(dice, 20), _number(dice, 40)
        of_value, to_value = _number(dice, 20), _number(dice, 20)
        highest, sign = _number(dice, 30), dice.choice((-1, 1))
        mark, quantity, cost = dice.randint(0, highest), sign * _number(dice, bits), sign * _number(dice, 2 * bits)
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
            highest_ticks=highest,
        )
        ledger.symbols[symbol]["mark_ticks"] = mark
        _learn(ledger, symbol)
        _open(ledger, symbol, quantity, cost)
        product = mark * quantity * numerator
        if abs(mark * quantity) > AMOUNT_MAX // numerator:
            product = AMOUNT_MAX if quantity > 0 else -AMOUNT_MAX
        profit = _within(floor(Fraction(product, divisor)) - cost)
        exact += _within(ceil(Fraction(profit * of_value, to_value)))
        if abs(quantity) > ledger.symbols[symbol]["sure_lots"]:
            are_sure = False
        doubt += Fraction(abs(quantity), 2 ** int(ledger.symbols[symbol]["scale"])) + Fraction(of_value, to_value) + 2
    return ledger, _within(exact), doubt if are_sure else None


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
    while doubt is None:
        ledger, unrealised, doubt = _market(dice, dice.randint(1, OPEN_NEAR), 8)
    assert _is_sure(ledger, 0, max(-unrealised, 0) + ceil(doubt))


def _one(mark: int = 500, quantity: int = 10, cost: int = 6_000, **contract: int) -> Ledger:
    """A ledger with one position, in a symbol from 0 to 1,000 ticks whose quote asset is the unit of account."""
    ledger = carve(new_array, LedgerSize(accounts_max=1, assets_max=2, symbols_max=1))
    _set(ledger.assets[1], value_numerator=1, value_divisor=1, value_reciprocal=reciprocal_of_constant(1))
    terms = {"base": 2, "quote": 1, "numerator": 1, "divisor": 1, "notional_max": AMOUNT_MAX, "highest_ticks": 1_000}
    _set(ledger.contracts[1], **(terms | contract))
    ledger.contracts[1]["reciprocal"] = reciprocal_of_constant(int(ledger.contracts[1]["divisor"]))
    ledger.symbols[1]["mark_ticks"] = mark
    _learn(ledger, 1)
    _open(ledger, 1, quantity, cost)
    return ledger


def test_what_rounding_can_take_more_than_the_loss_is_enough() -> None:
    ledger = _one()
    assert [_is_sure(ledger, 0, limit) for limit in (1_000, 1_001, 1_002)] == [False, False, True]
    short = _one(quantity=-10, cost=-4_000)
    assert [_is_sure(short, 0, limit) for limit in (1_000, 1_002, 1_003)] == [False, False, True]


def test_what_was_realised_counts() -> None:
    ledger = _one()
    assert _is_sure(ledger, 900, 102)
    assert not _is_sure(ledger, -1, 1_002)
    assert _is_sure(_one(cost=4_998), 0, 0)


def test_of_amounts_that_may_be_cut_off_nothing_is_said() -> None:
    assert _is_sure(_one(cost=(1 << 57) - 2), 0, AMOUNT_MAX)
    assert not _is_sure(_one(cost=(1 << 57) - 1), 0, AMOUNT_MAX)
    assert not _is_sure(_one(numerator=1 << 53, notional_max=AMOUNT_MAX >> 53), 0, AMOUNT_MAX)


def test_of_a_mark_beyond_the_highest_price_nothing_is_said() -> None:
    assert not _is_sure(_one(mark=1_001), 0, AMOUNT_MAX)
    assert _is_sure(_one(mark=1_000), 0, AMOUNT_MAX)


def test_of_positions_that_are_not_beside_the_account_nothing_is_said() -> None:
    ledger, _, _ = _market(random.Random(2), OPEN_NEAR + 1, 8)
    assert ledger.accounts[ACCOUNT]["open_far"] != 0
    assert not _is_sure(ledger, 0, AMOUNT_MAX)

"""Sums that may exceed an amount, against Python's integers."""

from __future__ import annotations

import random

from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.risk.sums import PART, PART_BITS, bounded, joined, over_of, rest_of, share_of, shown, shown_with
from tradsys.risk.terms import SHARE_MAX


def _amount(dice: random.Random) -> int:
    return dice.choice((0, 1, dice.randrange(1000), dice.randrange(AMOUNT_MAX), AMOUNT_MAX - 1, AMOUNT_MAX))


def test_a_sum_of_great_amounts_is_exact_when_it_falls_again(seed: int) -> None:
    dice = random.Random(seed)
    parts = [_amount(dice) for _ in range(200)]
    rest = over = exact = 0
    for part in parts + [-part for part in parts]:
        assert shown_with(rest, over, part) == min(exact + part, AMOUNT_MAX)
        over += over_of(rest + part)
        rest = rest_of(rest + part)
        exact += part
        assert shown(rest, over) == min(exact, AMOUNT_MAX)
    assert (rest, over) == (0, 0)


def test_a_sum_in_two_parts_is_bounded_only_at_its_end(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(200):
        values = [dice.choice((1, -1)) * _amount(dice) for _ in range(dice.randrange(1, 20))]
        high = sum(value >> PART_BITS for value in values)
        low = sum(value & PART for value in values)
        assert joined(high, low) == max(min(sum(values), AMOUNT_MAX), -AMOUNT_MAX)


def test_shares_are_rounded_down_and_bounded(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(500):
        amount, part, whole = _amount(dice), dice.choice((0, 1, 9_999, SHARE_MAX)), dice.choice((100, 10_000))
        assert share_of(amount, part, whole) == min(amount * part // whole, AMOUNT_MAX)
    assert bounded(-AMOUNT_MAX - 1) == -AMOUNT_MAX

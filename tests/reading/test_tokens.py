"""What is left of a rate, counted by taking tokens from the reference's bucket until it gives none."""

from __future__ import annotations

import random

from tradsys.reading.tokens import Tokens, tokens_at
from tradsys.reference.risk.rates import TOKEN, Bucket

SECOND = 1_000_000_000


def test_tokens_flow_in_evenly() -> None:
    # Ten a second: a token flows in in 100 ms. Three were taken of five.
    assert tokens_at(0, 3 * TOKEN, 0, 10, 5) == Tokens(used=3, left=2)
    assert tokens_at(SECOND // 10 - 1, 3 * TOKEN, 0, 10, 5) == Tokens(used=3, left=2)
    assert tokens_at(SECOND // 10, 3 * TOKEN, 0, 10, 5) == Tokens(used=2, left=3)
    assert tokens_at(SECOND, 3 * TOKEN, 0, 10, 5) == Tokens(used=0, left=5)


def test_a_burst_of_nothing_is_one_and_a_rate_of_nothing_leaves_none() -> None:
    assert tokens_at(0, 0, 0, 10, 0) == Tokens(used=0, left=1)
    assert tokens_at(0, 0, 0, 0, 5) == Tokens(used=5, left=0)


def test_more_than_a_burst_may_have_been_taken_before_it_was_lowered() -> None:
    assert tokens_at(0, 9 * TOKEN, 0, 1, 4) == Tokens(used=4, left=0)


def test_before_the_last_command_nothing_has_flowed_in() -> None:
    assert tokens_at(5, 2 * TOKEN, SECOND, 1, 4) == Tokens(used=2, left=2)


def test_as_many_commands_are_left_as_the_reference_lets_pass(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(500):
        bucket = Bucket(dice.randrange(12 * TOKEN), dice.randrange(10**6))
        now_ns = bucket.last_ns + dice.randrange(3 * SECOND)
        per_second, burst = dice.choice((0, 1, 2, 7, 10**9)), dice.randrange(12)
        told = tokens_at(now_ns, bucket.taken, bucket.last_ns, per_second, burst)
        passed = 0
        while bucket.take(now_ns, per_second, burst):
            passed += 1
        assert told == Tokens(max(burst, 1) - passed, passed)

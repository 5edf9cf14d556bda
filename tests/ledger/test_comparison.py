"""The comparison of two ledgers: with itself the reference agrees, and what differs is found."""

from __future__ import annotations

import pytest

from tests.ledger.any_ledger import differences
from tests.ledger.comparison import compare
from tests.ledger.money import OUTSIDE, WORLD, open_accounts
from tradsys.ledger.terms import PostingKind
from tradsys.reasons import Reason
from tradsys.reference.ledger.ledger import Ledger


@pytest.mark.parametrize("shard_count", [1, 3])
def test_two_references_agree(seed: int, shard_count: int) -> None:
    shards = compare([Ledger(), Ledger()], seed, 1_000, shard_count)
    assert shards.decided.total() > 0


def test_a_difference_is_found_and_named() -> None:
    one, other = Ledger(), Ledger()
    for ledger in (one, other):
        open_accounts(ledger)
    assert differences(one, other, WORLD) == []
    assert one.post(PostingKind.DEPOSIT, 1, OUTSIDE, 1, 2, 600) == Reason.NONE
    assert differences(one, other, WORLD) == [
        "available of account 1 in asset 2: 600, not 0",
        "available of account 99 in asset 2: -600, not 0",
    ]

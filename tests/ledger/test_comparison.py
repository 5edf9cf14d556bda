"""The comparison of two ledgers: with itself the reference agrees, and what differs is found."""

from __future__ import annotations

from tests.book.flow import Flow
from tests.ledger.any_ledger import AnyLedger, differences
from tests.ledger.money import FUNDS, OUTSIDE, TRADED, WORLD, Postings, open_accounts
from tests.ledger.settled import SettledShards
from tradsys.ledger.terms import PostingKind
from tradsys.reasons import Reason
from tradsys.reference.ledger.ledger import Ledger


def compare(ledgers: list[AnyLedger], seed: int, commands: int, shard_count: int = 1) -> SettledShards:
    """A random flow with scarce money through all ledgers, compared after each command."""
    for ledger in ledgers:
        open_accounts(ledger)
    shards = SettledShards(ledgers, 5000, shard_count)
    flow, postings = Flow(seed, shards.venues, TRADED, live_aimed=150), Postings(seed, shards)
    postings.begin()
    for number, _ in enumerate(shards.run(flow, commands)):
        if number % 20 == 0:
            postings.next()
        shards.assert_agreed(WORLD)
    return shards


def test_two_references_agree(seed: int) -> None:
    shards = compare([Ledger(), Ledger()], seed, 1_000)
    assert shards.decided.total() > 0


def test_a_difference_is_found_and_named() -> None:
    one, other = Ledger(), Ledger()
    for ledger in (one, other):
        open_accounts(ledger)
    assert differences(one, other, WORLD) == []
    assert one.post(PostingKind.DEPOSIT, 1, OUTSIDE, 1, 2, FUNDS[2]) == Reason.NONE
    assert differences(one, other, WORLD) == [
        "available of account 1 in asset 2: 600, not 0",
        "available of account 99 in asset 2: -600, not 0",
    ]

"""Any number of ledgers under one random flow with scarce money."""

from __future__ import annotations

from collections.abc import Sequence

from tests.book.flow import Flow
from tests.ledger.any_ledger import AnyLedger
from tests.ledger.money import TRADED, WORLD, Postings, open_accounts, set_tiers
from tests.ledger.settled import SettledShards


def compare(
    ledgers: Sequence[AnyLedger],
    seed: int,
    commands: int,
    shard_count: int = 1,
    every: int = 1,
    commands_a_day: int | None = None,
) -> SettledShards:
    """A random flow with scarce money through all ledgers; decisions are compared at each command.

    All figures are compared after `every` so many: what is different once stays so. With `commands_a_day` days pass for
    the ledgers, and there are fee tiers.
    """
    for ledger in ledgers:
        open_accounts(ledger)
    shards = SettledShards(ledgers, 5000, shard_count)
    if commands_a_day is not None:
        shards.commands_a_day = commands_a_day
        for ledger in ledgers:
            set_tiers(ledger)
    flow, postings = Flow(seed, shards.venues, TRADED, live_aimed=150), Postings(seed, shards)
    postings.begin()
    for number in shards.run_agreed(flow, commands, WORLD, every):
        if number % 20 == 0:
            postings.next()
    return shards

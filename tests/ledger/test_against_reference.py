"""The kernel's ledger and the reference ledger under the same commands and events, figure for figure."""

from __future__ import annotations

import pytest

from tests.book.flow import Flow
from tests.ledger.kernel_ledger import KernelLedger
from tests.ledger.money import TRADED, WORLD, Postings, open_accounts
from tests.ledger.settled import SettledShards
from tradsys.ledger.layout import LedgerSize
from tradsys.reference.ledger.ledger import Ledger

SIZE = LedgerSize(accounts_max=100, assets_max=7, symbols_max=8, orders=5000, pending=64, positions=200)
PARTS = 20


def compare(seed: int, shard_count: int, commands: int, every: int) -> None:
    """Decisions are compared at each command, all figures `every` so many: what differs once stays different."""
    kernel = KernelLedger(SIZE._replace(shards=shard_count, postings=commands), shard_count)
    reference = Ledger()
    for ledger in (reference, kernel):
        open_accounts(ledger)
    shards = SettledShards([reference, kernel], SIZE.orders, shard_count)
    flow, postings = Flow(seed, shards.venues, TRADED, live_aimed=150), Postings(seed, shards)
    postings.begin()
    for number, _ in enumerate(shards.run(flow, commands)):
        if number % 20 == 19:
            postings.next()
        if number % every == 0:
            shards.assert_agreed(WORLD)
            assert all(kernel.total(asset) == 0 for asset in WORLD.assets)
        assert kernel.faults == 0
    shards.assert_agreed(WORLD)


@pytest.mark.parametrize(("shard_count", "commands", "every"), [(1, 4_000, 1), (1, 48_000, 10), (3, 48_000, 10)])
def test_the_kernel_does_as_the_reference(seed: int, shard_count: int, commands: int, every: int) -> None:
    compare(seed, shard_count, commands, every)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(PARTS))
def test_the_kernel_does_as_the_reference_for_long(seed: int, part: int) -> None:
    compare(seed + part, 1 + part % 4, 250_000, 50)

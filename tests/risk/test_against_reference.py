"""The kernel's ledger and the reference ledger with limits, stops and breakers, figure for figure."""

from __future__ import annotations

import pytest

from tests.ledger.kernel_ledger import SMALL, KernelLedger
from tests.risk.comparison import compare
from tradsys.reference.ledger.ledger import Ledger

REMEMBERED = 50
PARTS = 20


def kernel_as_reference(seed: int, commands: int, shard_count: int, every: int) -> None:
    size = SMALL._replace(shards=shard_count, postings=commands, recent_client_ids=REMEMBERED)
    kernel = KernelLedger(size)
    compare([Ledger(symbols_max=8, clients_remembered=REMEMBERED), kernel], seed, commands, shard_count, every=every)
    assert kernel.faults == 0


@pytest.mark.parametrize(("shard_count", "commands", "every"), [(1, 2_000, 1), (1, 15_000, 10), (3, 15_000, 10)])
def test_the_kernel_does_as_the_reference(seed: int, shard_count: int, commands: int, every: int) -> None:
    kernel_as_reference(seed, commands, shard_count, every)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(PARTS))
def test_the_kernel_does_as_the_reference_for_long(seed: int, part: int) -> None:
    kernel_as_reference(seed + part, 100_000, 1 + part % 4, 50)

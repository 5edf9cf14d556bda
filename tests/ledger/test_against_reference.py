"""The kernel's ledger and the reference ledger under the same commands and events, figure for figure."""

from __future__ import annotations

import pytest

from tests.ledger.comparison import compare
from tests.ledger.kernel_ledger import SMALL, KernelLedger
from tests.ledger.money import WORLD
from tradsys.reference.ledger.ledger import Ledger

PARTS = 20


def kernel_as_reference(seed: int, commands: int, shard_count: int, every: int, a_day: int | None = None) -> None:
    kernel = KernelLedger(SMALL._replace(shards=shard_count, postings=commands))
    compare([Ledger(), kernel], seed, commands, shard_count, every, a_day)
    assert kernel.faults == 0
    assert all(kernel.total(asset) == 0 for asset in WORLD.assets)


@pytest.mark.parametrize(("shard_count", "commands", "every"), [(1, 4_000, 1), (1, 48_000, 10), (3, 48_000, 10)])
def test_the_kernel_does_as_the_reference(seed: int, shard_count: int, commands: int, every: int) -> None:
    kernel_as_reference(seed, commands, shard_count, every)


@pytest.mark.parametrize(("commands", "commands_a_day"), [(24_000, 40), (8_000, 5), (8_000, 250)])
def test_the_kernel_does_as_the_reference_while_days_pass(seed: int, commands: int, commands_a_day: int) -> None:
    kernel_as_reference(seed, commands, 1, 10, commands_a_day)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(PARTS))
def test_the_kernel_does_as_the_reference_for_long(seed: int, part: int) -> None:
    kernel_as_reference(seed + part, 250_000, 1 + part % 4, 50)

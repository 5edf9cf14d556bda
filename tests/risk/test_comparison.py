"""The comparison of two ledgers that check: with itself the reference agrees."""

from __future__ import annotations

from tests.risk.comparison import compare
from tradsys.reference.ledger.ledger import Ledger


def test_two_references_agree(seed: int) -> None:
    ledgers = [Ledger(symbols_max=8, clients_remembered=50) for _ in range(2)]
    compare(ledgers, seed, 500, shard_count=3)

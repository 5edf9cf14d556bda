"""A shard that trades one symbol, audited when the test is over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.book.harness import Bench, open_bench
from tradsys.book.audit import audit


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Symbol 1 (1 to 1,000 ticks, reference 500) trades continuously."""
    opened = open_bench()
    yield opened
    audit(opened.shard)

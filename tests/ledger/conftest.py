from __future__ import annotations

import pytest

from tests.ledger.hall import Hall


@pytest.fixture
def hall() -> Hall:
    """A venue with symbol 1, settled: 2 of asset 2 a lot, 1 of asset 1 a tick and lot; nothing is charged."""
    return Hall()

from __future__ import annotations

import pytest

from tests.ledger.hall import Hall
from tests.ledger.kernel_ledger import KernelLedger
from tradsys.reference.ledger.ledger import Ledger


@pytest.fixture(params=[Ledger, KernelLedger])
def hall(request: pytest.FixtureRequest) -> Hall:
    """A venue with symbol 1, settled: 2 of asset 2 a lot, 1 of asset 1 a tick and lot; nothing is charged."""
    return Hall(request.param())

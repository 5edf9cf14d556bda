from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.ledger.any_ledger import AnyLedger
from tests.risk.hall import RiskHall
from tradsys.reference.ledger.ledger import Ledger


def _reference() -> AnyLedger:
    return Ledger(symbols_max=8, clients_remembered=2)


@pytest.fixture(params=[_reference])
def hall(request: pytest.FixtureRequest) -> RiskHall:
    """A venue with symbol 1, settled: 2 of asset 2 a lot, 1 of asset 1 a tick and lot; nothing is charged."""
    make: Callable[[], AnyLedger] = request.param
    return RiskHall(make())

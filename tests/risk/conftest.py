from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.ledger.any_ledger import AnyLedger
from tests.ledger.kernel_ledger import SMALL, KernelLedger
from tests.risk.hall import RiskHall
from tradsys.reference.ledger.ledger import Ledger


def _reference() -> AnyLedger:
    return Ledger(symbols_max=8, clients_remembered=2)


def _kernel() -> AnyLedger:
    return KernelLedger(SMALL._replace(recent_client_ids=2))


@pytest.fixture(params=[_reference, _kernel])
def hall(request: pytest.FixtureRequest) -> RiskHall:
    """A venue with symbol 1, settled: 2 of asset 2 a lot, 1 of asset 1 a tick and lot; nothing is charged."""
    make: Callable[[], AnyLedger] = request.param
    return RiskHall(make())

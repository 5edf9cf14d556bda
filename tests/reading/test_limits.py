"""Which limits are set where, and which of them count."""

from __future__ import annotations

from tests.ledger.kernel_ledger import SMALL, KernelLedger
from tests.risk.hall import ALICE, CAROL, GROUP, RiskHall
from tradsys.reading.limits import Standing, counting_for, counting_in, set_for
from tradsys.reading.rows import position_in, row_of
from tradsys.risk.limits import NOT_SET
from tradsys.risk.terms import Limit, Scope

POSITION, EXPOSURE, OPEN_LOTS = Limit.POSITION, Limit.EXPOSURE, Limit.OPEN_LOTS


def test_limits_are_found_where_they_are_set_and_the_most_special_one_counts() -> None:
    kernel = KernelLedger(SMALL)
    RiskHall(kernel)
    kernel.set_limit(Scope.VENUE, POSITION, 1)
    kernel.set_limit(Scope.VENUE, EXPOSURE, 2)
    kernel.set_limit(Scope.GROUP, POSITION, 3, group=GROUP)
    kernel.set_limit(Scope.ACCOUNT, POSITION, 4, account=ALICE)
    kernel.set_limit(Scope.ACCOUNT, OPEN_LOTS, 5, account=ALICE)
    kernel.set_limit(Scope.ACCOUNT_SYMBOL, POSITION, 6, account=ALICE, symbol=1)
    ledger = kernel.ledger
    assert set_for(ledger, Scope.VENUE, 0, 0, 0) == {POSITION: 1, EXPOSURE: 2}
    assert set_for(ledger, Scope.GROUP, 0, 0, GROUP) == {POSITION: 3}
    assert set_for(ledger, Scope.GROUP, 0, 0, GROUP + 1) == {}
    assert set_for(ledger, Scope.ACCOUNT, ALICE, 0, 0) == {POSITION: 4, OPEN_LOTS: 5}
    assert set_for(ledger, Scope.ACCOUNT, CAROL, 0, 0) == {}
    assert set_for(ledger, Scope.ACCOUNT_SYMBOL, ALICE, 1, 0) == {POSITION: 6}
    assert set_for(ledger, Scope.ACCOUNT_SYMBOL, ALICE, 2, 0) == {}

    whole = counting_for(ledger, row_of(ledger.accounts, ALICE))
    assert whole == {
        POSITION: Standing(4, Scope.ACCOUNT),
        OPEN_LOTS: Standing(5, Scope.ACCOUNT),
        EXPOSURE: Standing(2, Scope.VENUE),
    }
    here = counting_in(ledger, position_in(ledger, ALICE, 1), whole)
    assert here == whole | {POSITION: Standing(6, Scope.ACCOUNT_SYMBOL)}
    kernel.set_limit(Scope.ACCOUNT, POSITION, NOT_SET, account=ALICE)
    assert counting_for(ledger, row_of(ledger.accounts, ALICE))[POSITION] == Standing(3, Scope.GROUP)
    # Carol is in no group.
    assert counting_for(ledger, row_of(ledger.accounts, CAROL))[POSITION] == Standing(1, Scope.VENUE)

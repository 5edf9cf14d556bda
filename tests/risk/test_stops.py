"""Statuses, owners that are not known, kill switches, and what is not permitted."""

from __future__ import annotations

import pytest

from tests import factories
from tests.factories import amend, buy
from tests.risk.hall import ALICE, BASE, BOB, CAROL, GROUP, OUTSIDE, QUOTE, RiskHall
from tradsys.ledger.terms import AccountStatus, KycStatus, PostingKind
from tradsys.reasons import Reason
from tradsys.risk.terms import Cause, Limit, Scope, Transition


def test_a_frozen_account_does_nothing(hall: RiskHall) -> None:
    order = hall.enter(buy(400, 1))
    hall.ledger.set_status(ALICE, status=AccountStatus.FROZEN)
    refused = (buy(400, 1), amend(order, quantity_lots=2), factories.cancel(order))
    assert [hall.refusal(each) for each in refused] == [Reason.ACCOUNT_FROZEN] * 3
    hall.ledger.set_status(ALICE, status=AccountStatus.ACTIVE)
    hall.send(factories.cancel(order))


def test_a_frozen_account_moves_no_money(hall: RiskHall) -> None:
    assert hall.post(PostingKind.RESERVE, ALICE, ALICE, QUOTE, 10) == Reason.NONE
    hall.ledger.set_status(ALICE, status=AccountStatus.FROZEN)
    assert hall.post(PostingKind.RESERVE, ALICE, ALICE, QUOTE, 10) == Reason.ACCOUNT_FROZEN
    assert hall.post(PostingKind.WITHDRAW, ALICE, OUTSIDE, QUOTE, 10) == Reason.ACCOUNT_FROZEN
    assert hall.post(PostingKind.TRANSFER, ALICE, BOB, BASE, 10) == Reason.ACCOUNT_FROZEN
    assert hall.post(PostingKind.TRANSFER, ALICE, ALICE, BASE, 10) == Reason.WRONG_ACCOUNT_KIND
    assert hall.post(PostingKind.TRANSFER, ALICE, BOB, BASE, 1_000_000) == Reason.ACCOUNT_FROZEN
    assert hall.post(PostingKind.TRANSFER, BOB, ALICE, BASE, 10) == Reason.NONE
    assert hall.post(PostingKind.RELEASE, ALICE, ALICE, QUOTE, 10) == Reason.NONE
    assert hall.post(PostingKind.CORRECTION, ALICE, BOB, QUOTE, 10) == Reason.NONE
    assert hall.post(PostingKind.DEPOSIT, OUTSIDE, ALICE, QUOTE, 10) == Reason.NONE


def test_an_account_that_may_only_cancel_cancels(hall: RiskHall) -> None:
    order = hall.enter(buy(400, 1))
    hall.ledger.set_status(ALICE, status=AccountStatus.CANCEL_ONLY)
    assert hall.refusal(buy(400, 1)) == hall.refusal(amend(order, quantity_lots=1)) == Reason.ACCOUNT_CANCEL_ONLY
    hall.send(factories.cancel(order))
    assert hall.post(PostingKind.RESERVE, ALICE, ALICE, QUOTE, 10) == Reason.NONE


@pytest.mark.parametrize("kyc_status", [KycStatus.PENDING, KycStatus.REJECTED, KycStatus.EXPIRED])
def test_an_owner_must_be_known(hall: RiskHall, kyc_status: KycStatus) -> None:
    order = hall.enter(buy(400, 1))
    hall.ledger.set_status(ALICE, kyc_status=kyc_status)
    assert hall.refusal(buy(400, 1)) == hall.refusal(amend(order, quantity_lots=2)) == Reason.KYC_REQUIRED
    hall.send(factories.cancel(order))
    hall.ledger.set_status(ALICE, kyc_status=KycStatus.VERIFIED)
    hall.enter(buy(400, 1))


@pytest.mark.parametrize("scope", [Scope.ACCOUNT, Scope.GROUP, Scope.SYMBOL, Scope.VENUE])
def test_a_kill_switch_stops_its_scope(hall: RiskHall, scope: Scope) -> None:
    hall.send(factories.define_symbol(2))
    order = hall.enter(buy(400, 1))
    whom = {"account": ALICE, "group": GROUP, "symbol": 1}
    assert hall.ledger.set_kill(scope, 1, **whom) == Reason.NONE
    assert hall.refusal(buy(400, 1)) == hall.refusal(amend(order, quantity_lots=2)) == Reason.KILL_SWITCH
    hall.send(factories.cancel(order))
    # Others of the group, of no group, and another symbol.
    others = (buy(400, 1, account=BOB), buy(400, 1, account=CAROL), buy(400, 1, symbol=2))
    stopped = [any(each.reason == Reason.KILL_SWITCH for each in hall.send(other)) for other in others]
    assert (
        stopped
        == {
            Scope.ACCOUNT: [False, False, True],
            Scope.GROUP: [True, False, True],
            Scope.SYMBOL: [True, True, False],
            Scope.VENUE: [True, True, True],
        }[scope]
    )
    assert hall.ledger.set_kill(scope, 0, **whom) == Reason.NONE
    hall.enter(buy(400, 1))


def test_an_account_may_not_trade_a_symbol(hall: RiskHall) -> None:
    hall.send(factories.define_symbol(2))
    order = hall.enter(buy(400, 1))
    hall.limit(Limit.TRADING, 0, symbol=1)
    assert hall.refusal(buy(400, 1)) == hall.refusal(amend(order, quantity_lots=2)) == Reason.NOT_PERMITTED
    hall.send(factories.cancel(order))
    hall.enter(buy(400, 1, symbol=2))
    hall.limit(Limit.TRADING, 0)
    assert hall.refusal(buy(400, 1, symbol=2)) == Reason.NOT_PERMITTED
    # One symbol of all.
    hall.limit(Limit.TRADING, 1, symbol=1)
    hall.enter(buy(400, 1))


def test_nobody_knows_the_account(hall: RiskHall) -> None:
    hall.send(factories.define_symbol(2))
    refused = (buy(1, 1, account=77), buy(1, 1, account=77, symbol=2), factories.cancel(1, account=77))
    assert [hall.refusal(each) for each in refused] == [Reason.UNKNOWN_ACCOUNT] * 3


def test_the_first_check_that_fails_is_the_reason(hall: RiskHall) -> None:
    hall.limit(Limit.ORDERS_PER_SECOND, 0)
    hall.limit(Limit.ORDER_LOTS_MAX, 0)
    assert hall.refusal(buy(400, 1)) == Reason.ORDER_TOO_LARGE
    hall.breaker(Transition.TRIP, Cause.MANUAL, symbol=0)
    assert hall.refusal(buy(400, 1)) == Reason.VENUE_HALTED
    hall.limit(Limit.TRADING, 0)
    assert hall.refusal(buy(400, 1)) == Reason.NOT_PERMITTED
    hall.ledger.set_kill(Scope.VENUE, 1)
    assert hall.refusal(buy(400, 1)) == Reason.KILL_SWITCH
    hall.ledger.set_status(ALICE, kyc_status=KycStatus.PENDING)
    assert hall.refusal(buy(400, 1)) == Reason.KYC_REQUIRED
    hall.ledger.set_status(ALICE, status=AccountStatus.CANCEL_ONLY)
    assert hall.refusal(buy(400, 1)) == Reason.ACCOUNT_CANCEL_ONLY
    hall.ledger.set_status(ALICE, status=AccountStatus.FROZEN)
    assert hall.refusal(buy(400, 1)) == Reason.ACCOUNT_FROZEN
    assert hall.refusal(factories.cancel(1)) == Reason.ACCOUNT_FROZEN
    hall.ledger.set_status(ALICE, status=AccountStatus.ACTIVE)
    hall.limit(Limit.CANCELS_PER_SECOND, 0)
    assert hall.refusal(factories.cancel(1)) == Reason.CANCEL_RATE_LIMIT

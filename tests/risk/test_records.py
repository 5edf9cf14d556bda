"""What limits, statuses, kill switches and breakers may be told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import buy
from tests.risk.hall import ALICE, BOB, GROUP, RiskHall
from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.reasons import Reason
from tradsys.reference.risk.breakers import BreakerRules
from tradsys.risk.terms import Cause, Limit, Scope, Transition

BILLION = 1_000_000_000


@pytest.mark.parametrize(
    ("scope", "limit", "value", "whom"),
    [
        (Scope.NONE, Limit.POSITION, 1, {}),
        (Scope.SYMBOL, Limit.POSITION, 1, {"symbol": 1}),
        (6, Limit.POSITION, 1, {}),
        (Scope.VENUE, 21, 1, {}),
        (Scope.VENUE, 255, 1, {}),
        (Scope.VENUE, Limit.POSITION, -2, {}),
        (Scope.VENUE, Limit.POSITION, AMOUNT_MAX + 1, {}),
        (Scope.VENUE, Limit.TRADING, 2, {}),
        (Scope.VENUE, Limit.COLLAR_BPS, 1_000_001, {}),
        (Scope.VENUE, Limit.CONCENTRATION_BPS, 1_000_001, {}),
        (Scope.VENUE, Limit.LEVERAGE, 1_000_001, {}),
        (Scope.VENUE, Limit.ORDERS_PER_SECOND, BILLION + 1, {}),
        (Scope.VENUE, Limit.CANCELS_BURST, BILLION + 1, {}),
        (Scope.GROUP, Limit.POSITION, 1, {}),
        (Scope.ACCOUNT_SYMBOL, Limit.POSITION, 1, {"account": ALICE}),
        (Scope.ACCOUNT_SYMBOL, Limit.OPEN_ORDERS_TOTAL, 1, {"account": ALICE, "symbol": 1}),
        (Scope.ACCOUNT_SYMBOL, Limit.CANCELS_BURST, 1, {"account": ALICE, "symbol": 1}),
        # Before whom it names.
        (Scope.ACCOUNT, Limit.POSITION, -2, {"account": 77}),
    ],
)
def test_a_limit_has_a_scope_and_a_value(
    hall: RiskHall, scope: int, limit: int, value: int, whom: dict[str, int]
) -> None:
    assert hall.ledger.set_limit(scope, limit, value, **whom) == Reason.INVALID_LIMIT


@pytest.mark.parametrize(
    ("scope", "limit", "value", "whom"),
    [
        (Scope.VENUE, Limit.POSITION, AMOUNT_MAX, {"account": 77, "symbol": 1_000}),
        (Scope.VENUE, Limit.LEVERAGE, 1_000_000, {}),
        (Scope.GROUP, Limit.ORDERS_BURST, BILLION, {"group": GROUP}),
        (Scope.GROUP, Limit.DAILY_LOSS, -1, {"group": (1 << 32) - 1}),
        (Scope.ACCOUNT, Limit.TRADING, 0, {"account": ALICE, "symbol": 1_000}),
        (Scope.ACCOUNT_SYMBOL, Limit.CONCENTRATION_BPS, 0, {"account": ALICE, "symbol": 8}),
    ],
)
def test_what_the_scope_does_not_need_is_not_looked_at(
    hall: RiskHall, scope: Scope, limit: Limit, value: int, whom: dict[str, int]
) -> None:
    assert hall.ledger.set_limit(scope, limit, value, **whom) == Reason.NONE


def test_a_limit_names_whom_there_is(hall: RiskHall) -> None:
    def refusal(scope: Scope, **whom: int) -> Reason:
        return hall.ledger.set_limit(scope, Limit.POSITION, 1, **whom)

    assert refusal(Scope.ACCOUNT, account=77) == refusal(Scope.ACCOUNT) == Reason.UNKNOWN_ACCOUNT
    assert refusal(Scope.ACCOUNT_SYMBOL, account=77, symbol=1_000) == Reason.UNKNOWN_ACCOUNT
    assert refusal(Scope.ACCOUNT_SYMBOL, account=ALICE, symbol=1_000) == Reason.UNKNOWN_SYMBOL


def test_a_status_changes_something_to_what_there_is(hall: RiskHall) -> None:
    assert hall.ledger.set_status(77) == Reason.INVALID_STATUS
    assert hall.ledger.set_status(77, status=3) == Reason.INVALID_STATUS
    assert hall.ledger.set_status(ALICE, status=0, kyc_status=5) == Reason.INVALID_STATUS
    assert hall.ledger.set_status(77, status=0) == Reason.UNKNOWN_ACCOUNT


@pytest.mark.parametrize(
    ("scope", "on", "whom", "reason"),
    [
        (Scope.NONE, 1, {}, Reason.INVALID_KILL),
        (Scope.ACCOUNT_SYMBOL, 1, {"account": ALICE, "symbol": 1}, Reason.INVALID_KILL),
        (Scope.VENUE, 2, {}, Reason.INVALID_KILL),
        (Scope.GROUP, 1, {}, Reason.INVALID_KILL),
        (Scope.SYMBOL, 1, {}, Reason.INVALID_KILL),
        (Scope.ACCOUNT, 2, {"account": 77}, Reason.INVALID_KILL),
        (Scope.ACCOUNT, 1, {"account": 77}, Reason.UNKNOWN_ACCOUNT),
        (Scope.SYMBOL, 1, {"symbol": 1_000}, Reason.UNKNOWN_SYMBOL),
        (Scope.SYMBOL, 0, {"symbol": 8, "account": 77}, Reason.NONE),
    ],
)
def test_a_kill_switch_has_a_scope(hall: RiskHall, scope: Scope, on: int, whom: dict[str, int], reason: Reason) -> None:
    assert hall.ledger.set_kill(scope, on, **whom) == reason


@pytest.mark.parametrize(
    ("symbol", "rules", "reason"),
    [
        (1, {"price_move_bps": 1_000_001, "window_ms": 1}, Reason.INVALID_BREAKER),
        (1, {"volatility_bps": 1_000_001, "window_ms": 1}, Reason.INVALID_BREAKER),
        (1, {"volume": -1, "window_ms": 1}, Reason.INVALID_BREAKER),
        (1, {"volume": AMOUNT_MAX + 1, "window_ms": 1}, Reason.INVALID_BREAKER),
        (1, {"volume": 1}, Reason.INVALID_BREAKER),
        (1_000, {"price_move_bps": 1}, Reason.INVALID_BREAKER),
        (0, {"symbols": 1}, Reason.INVALID_BREAKER),
        (1, {"symbols": 1}, Reason.NONE),
        (0, {"price_move_bps": 1}, Reason.NONE),
        (1_000, {"volume": 1, "window_ms": 1}, Reason.UNKNOWN_SYMBOL),
        (8, {"volume": AMOUNT_MAX, "price_move_bps": 1_000_000, "window_ms": (1 << 32) - 1}, Reason.NONE),
        (1, {}, Reason.NONE),
    ],
)
def test_a_breakers_rules_make_sense(hall: RiskHall, symbol: int, rules: dict[str, Any], reason: Reason) -> None:
    assert hall.ledger.set_breaker_rules(symbol, BreakerRules(**rules)) == reason


def test_a_breaker_does_what_there_is(hall: RiskHall) -> None:
    def refusal(symbol: int, transition: int, cause: int) -> Reason:
        return hall.ledger.breaker(symbol, transition, cause, 1)

    assert refusal(1, Transition.NONE, Cause.MANUAL) == refusal(1, 4, Cause.MANUAL) == Reason.INVALID_BREAKER
    assert refusal(1, Transition.TRIP, Cause.NONE) == refusal(1_000, Transition.TRIP, 8) == Reason.INVALID_BREAKER
    assert refusal(1_000, Transition.TRIP, Cause.MANUAL) == Reason.UNKNOWN_SYMBOL


def test_a_group_is_of_whoever_is_in_it(hall: RiskHall) -> None:
    assert hall.ledger.set_limit(Scope.GROUP, Limit.POSITION, 1, group=GROUP) == Reason.NONE
    assert hall.refusal(buy(400, 2)) == hall.refusal(buy(400, 2, account=BOB)) == Reason.POSITION_LIMIT

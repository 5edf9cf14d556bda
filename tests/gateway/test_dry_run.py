"""Dry runs of orders, against what the same orders then meet."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.money import Callers, callers

BUY = {"symbol": "ACME", "side": "buy", "price": "100.00", "quantity": "3"}


async def _check(all: Callers, **changes: Any) -> Any:
    status, answer = await all.alice("POST", "/v1/orders/check", json=BUY | changes)
    assert status == 200, answer
    return answer


def _refusals(answer: Any) -> dict[str, str]:
    return {each["check"]: each["code"] for each in answer["checks"] if not each["passed"]}


async def test_an_order_that_passes_is_told_what_it_holds_and_costs() -> None:
    async with callers() as all:
        answer = await _check(all)
        assert answer["passed"]
        assert _refusals(answer) == {}
        # 300.00, and 0.1 % of that and one cent more; what it pays is 0.1 % as taker, 0.01 % as maker.
        assert answer["hold"] == [{"asset": "USD", "amount": "300.31"}]
        assert answer["fee"] == {"asset": "USD", "maker": "0.03", "taker": "0.30"}
        assert (await all.alice("GET", "/orders"))[1] == {"orders": []}
        assert await all.owned("alice") == ("1000.00", "0.00", "0.00")
        await all.alice.place(**{name: BUY[name] for name in ("side", "price", "quantity")})
        assert (await all.owned("alice"))[1] == "300.31"
        answer = await _check(all, side="sell", quantity="20")
        assert answer["hold"] == [{"asset": "SHARE", "amount": "20"}]


async def test_every_refusal_is_told() -> None:
    async with callers() as all:
        for limit, value in (("order_lots_max", 2), ("open_notional", 1), ("position", 2), ("orders_per_second", 0)):
            body = {"limit": limit, "value": value, "account": "alice"}
            assert (await all.officer("PUT", "/v1/limits", json=body))[0] == 200
        await all.officer("POST", "/v1/kill", json={"scope": "account", "account": "alice", "on": True})
        answer = await _check(all, quantity="30")
        assert not answer["passed"]
        assert _refusals(answer) == {
            "kill_switch": "kill_switch",
            "order_size": "order_too_large",
            "open_notional": "open_notional_limit",
            "position": "position_limit",
            "rate": "order_rate_limit",
            "funds": "insufficient_funds",
        }


async def test_the_refusal_of_an_account_that_is_stopped_does_not_hide_those_behind_it() -> None:
    async with callers() as all:
        for status, code in (("frozen", "account_frozen"), ("cancel_only", "account_cancel_only")):
            assert (await all.clerk("PUT", "/v1/accounts/alice/status", json={"status": status}))[0] == 200
            await all.officer("POST", "/v1/kill", json={"scope": "account", "account": "alice", "on": True})
            assert _refusals(await _check(all)) == {"status": code, "kill_switch": "kill_switch"}


LEG = {"type": "limit", "price": "110.00"}


@pytest.mark.parametrize(
    "order",
    [
        BUY,
        BUY | {"side": "sell"},
        BUY | {"side": "sell", "price": None, "type": "market", "time_in_force": "at_close"},
        BUY | {"one_cancels_other": {"type": "stop_limit", "price": "110.00", "trigger_price": "110.00"}},
        BUY | {"one_cancels_other": LEG | {"side": "sell"}},
        BUY | {"then": [LEG]},
        BUY | {"side": "sell", "then": [LEG | {"quantity": "2"}]},
        BUY | {"side": "sell", "then": [LEG, {"type": "stop_limit", "price": "50.00", "trigger_price": "50.00"}]},
    ],
    ids=repr,
)
async def test_a_dry_run_holds_what_the_order_then_holds(order: dict[str, Any]) -> None:
    async with callers() as all:
        answer = await _check(all, **order)
        hold = {each["asset"]: each["amount"] for each in answer["hold"]}
        status, placed = await all.alice("POST", "/orders", json=order)
        assert (status == 201) == answer["passed"], placed
        assert hold.get("USD", "0.00") == (await all.owned("alice"))[1]
        assert hold.get("SHARE", "0") == (await all.owned("alice", "SHARE"))[1]


async def test_an_order_that_makes_no_sense_is_refused_as_it_would_be() -> None:
    async with callers() as all:
        status, answer = await all.alice("POST", "/v1/orders/check", json=BUY | {"price": "100.001"})
        assert (status, answer["error"]["code"]) == (422, "off_tick_price")

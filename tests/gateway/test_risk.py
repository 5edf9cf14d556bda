"""Limits, kill switches, circuit breakers and alerts, from the outside."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.harness import ask, receive, socket
from tests.gateway.money import ALICE, BOB, OFFICER, callers, code

ORDER = {"symbol": "ACME", "side": "buy", "price": "100.00", "quantity": "3"}


async def test_the_most_special_limit_counts_and_its_use_is_told() -> None:
    async with callers() as all:
        for body in (
            {"limit": "open_orders", "value": "5"},
            {"limit": "open_orders", "value": 1, "account": "alice", "symbol": "ACME"},
            {"limit": "exposure", "value": "100000", "account": "alice"},
        ):
            assert (await all.officer("PUT", "/v1/limits", json=body))[0] == 200
        await all.alice.place("buy", "100.00", "3")
        assert code(await all.alice("POST", "/orders", json=ORDER)) == (409, "open_orders_limit")
        _, answer = await all.alice("GET", "/v1/limits")
        assert answer == {
            "account": "alice",
            "limits": [
                # 3 at 100.00, in hundredths
                {"limit": "exposure", "value": "100000", "scope": "account", "used": "30000", "percent": 30},
                {"limit": "open_orders", "value": "5", "scope": "venue"},
            ],
            "symbols": [
                {
                    "symbol": "ACME",
                    "limits": [
                        {"limit": "open_orders", "value": "1", "scope": "account_symbol", "used": "1", "percent": 100}
                    ],
                }
            ],
        }
        body = {"limit": "open_orders", "account": "alice", "symbol": "ACME"}
        assert (await all.clerk("PUT", "/v1/limits", json=body))[0] == 200
        await all.alice.place("buy", "100.00", "3")


async def test_a_days_loss_is_what_was_realised_and_what_stands_at_the_marks_of_now() -> None:
    async with callers() as all:
        body = {"limit": "daily_loss", "value": "100000", "account": "bob"}
        assert (await all.officer("PUT", "/v1/limits", json=body))[0] == 200
        await all.alice.place("sell", "100.00", "3")
        await all.bob.place("buy", "100.00", "3")
        await all.alice.place("buy", "90.00", "1")
        await all.bob.place("sell", "90.00", "1")
        (limit,) = (await all.bob("GET", "/v1/limits"))[1]["limits"]
        # One sold at a loss of 10.00, two more that stand at 10.00 less, and fees of 0.30 and 0.09.
        assert (limit["limit"], limit["used"]) == ("daily_loss", "3039")


async def test_shares_and_rates_are_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async with callers() as all:
        monkeypatch.setattr("gateway.rest.risk.time_ns", lambda: 1000 * len(all.harness.engine.log))
        for limit, value in (
            ("orders_per_second", "10"),
            ("orders_burst", "8"),
            ("leverage", "200"),
            ("short", "5"),
            ("concentration_bps", "7500"),
            ("exposure", "400000"),
        ):
            body = {"limit": limit, "value": value, "account": "alice"}
            assert (await all.officer("PUT", "/v1/limits", json=body))[0] == 200
        await all.alice.place("sell", "100.00", "22")
        for _ in range(2):
            await all.alice.place("sell", "100.00", "1")
        _, answer = await all.alice("GET", "/v1/limits")

        def told(views: list[dict[str, Any]]) -> dict[str, tuple[str | None, int | None, str | None]]:
            return {view["limit"]: (view.get("used"), view.get("percent"), view.get("left")) for view in views}

        assert told(answer["limits"]) == {
            "exposure": ("240000", 60, None),
            # 2,400.00 by the 1,000.00 and 20 shares at 100.00 that alice owns
            "leverage": ("80", 40, None),
            "orders_per_second": ("3", 37, "5"),
            "orders_burst": ("3", 37, "5"),
            "short": (None, None, None),
            "concentration_bps": (None, None, None),
        }
        (symbol,) = answer["symbols"]
        # 24 of 20 shares are for sale; 2,400.00 of 4,000.00
        assert told(symbol["limits"]) == {"short": ("4", 80, None), "concentration_bps": ("6000", 80, None)}


async def test_only_risk_officers_stop_trading() -> None:
    async with callers() as all:
        kill = {"scope": "venue", "on": True}
        for caller in (all.alice, all.clerk):
            assert code(await caller("POST", "/v1/kill", json=kill)) == (403, "role_required")
            assert code(await caller("POST", "/v1/breakers", json={"transition": "trip"})) == (403, "role_required")
        limit = {"limit": "position", "value": "1"}
        assert code(await all.alice("PUT", "/v1/limits", json=limit)) == (403, "role_required")


async def test_a_kill_switch_cancels_and_refuses_until_it_is_lifted() -> None:
    async with callers() as all:
        await all.alice.place("buy", "90.00", "1")
        await all.bob.place("buy", "90.00", "1")
        kill = {"scope": "account", "account": "alice", "on": True}
        assert await all.officer("POST", "/v1/kill", json=kill) == (200, {"cancelled": 1})
        assert code(await all.alice("POST", "/orders", json=ORDER)) == (403, "kill_switch")
        assert (await all.officer("GET", "/v1/kill"))[1]["accounts"] == ["alice"]
        assert len((await all.bob("GET", "/orders"))[1]["orders"]) == 1
        assert await all.officer("POST", "/v1/kill", json=kill | {"on": False}) == (200, {"cancelled": 0})
        await all.alice.place("buy", "90.00", "1")
        wrong = {"scope": "venue", "account": "alice", "on": True}
        assert code(await all.officer("POST", "/v1/kill", json=wrong)) == (400, "invalid_message")


async def test_a_breaker_is_tripped_and_reset_by_hand() -> None:
    async with callers() as all:
        path = "/v1/breakers/ACME"
        assert (await all.officer("POST", path, json={"transition": "trip"}))[0] == 200
        (breaker,) = (await all.alice("GET", "/v1/breakers"))[1]["breakers"]
        assert (breaker["symbol"], breaker["state"], breaker["cause"]) == ("ACME", "tripped", "manual")
        assert code(await all.alice("POST", "/orders", json=ORDER)) == (409, "symbol_not_open")
        assert (await all.officer("POST", path, json={"transition": "reset"}))[0] == 200
        await all.alice.place("buy", "90.00", "1")
        assert code(await all.officer("POST", "/v1/breakers/NONE", json={"transition": "trip"})) == (
            404,
            "unknown_symbol",
        )


async def test_a_refused_record_is_told() -> None:
    async with callers() as all:
        body = {"limit": "exposure", "value": "1", "account": "alice", "symbol": "ACME"}
        assert code(await all.officer("PUT", "/v1/limits", json=body)) == (422, "invalid_limit")
        body = {"limit": "exposure", "value": "-1", "account": "alice"}
        assert code(await all.officer("PUT", "/v1/limits", json=body)) == (400, "invalid_field")


async def _news(opened: Any) -> dict[str, Any]:
    message = dict(await receive(opened))
    for name in ("channel", "sequence", "timestamp_ns"):
        message.pop(name, None)
    return message


async def test_alerts_tell_everybody_what_concerns_him() -> None:
    async with (
        callers() as all,
        socket(all.harness, ALICE) as alice,
        socket(all.harness, BOB) as bob,
        socket(all.harness, OFFICER) as officer,
    ):
        for opened in (alice, bob, officer):
            assert (await ask(opened, op="subscribe", channel="alerts"))["ok"]
        kill = {"scope": "account", "account": "alice", "on": True}
        await all.officer("POST", "/v1/kill", json=kill)
        await all.officer("POST", "/v1/kill", json=kill | {"on": False})
        await all.officer("POST", "/v1/breakers/ACME", json={"transition": "trip"})
        switched = [{"event": "kill", "scope": "account", "account": "alice", "on": on} for on in (True, False)]
        halted = {"event": "breaker", "symbol": "ACME", "state": "halt"}
        for opened in (alice, officer):
            assert [await _news(opened) for _ in range(3)] == [*switched, halted]
        assert await _news(bob) == halted
        assert (await ask(bob, op="unsubscribe", channel="alerts"))["ok"]


async def test_an_alert_goes_to_its_account_and_to_risk_officers() -> None:
    async with callers() as all, socket(all.harness, ALICE) as alice, socket(all.harness, OFFICER) as officer:
        for opened in (alice, officer):
            await ask(opened, op="subscribe", channel="alerts")
        limit = {"limit": "position", "value": "10", "account": "bob"}
        await all.officer("PUT", "/v1/limits", json=limit)
        await all.alice.place("sell", "100.00", "8")
        await all.bob.place("buy", "100.00", "8")
        all.harness.log_outbox()
        assert await _news(officer) == {
            "event": "alert",
            "account": "bob",
            "symbol": "ACME",
            "limit": "position",
            "percent": 80,
            "used": "8",
            "value": "10",
        }
        await all.officer("POST", "/v1/breakers/ACME", json={"transition": "trip"})
        assert (await _news(alice))["event"] == "breaker"

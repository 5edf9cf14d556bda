"""What clients and the log are told about requests that fail."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from aiohttp import ClientSession

from gateway.edge import Edge
from gateway.failures import Sparing, as_error, tell
from tests.conftest import Logged
from tests.gateway.harness import ALICE, ask, running, socket
from tradsys.errors import error

REQUESTS = "gateway.requests"
SECRET = "the-inside-of-the-venue"


async def _get(url: str, **headers: str) -> tuple[int, str, Any]:
    async with ClientSession() as session, session.get(url, headers=headers) as response:
        return response.status, response.headers["X-Request-Id"], await response.json()


@pytest.mark.parametrize("given", ["r-1", "550e8400-e29b-41d4-a716-446655440000", "a" * 64])
async def test_a_well_formed_request_id_comes_back(given: str) -> None:
    async with running() as harness:
        assert (await _get(f"{harness.url}/symbols", **{"X-Request-Id": given}))[:2] == (200, given)


@pytest.mark.parametrize("given", ["", "with space", "a" * 65, "r<script>", "\u00e4"])
async def test_any_other_request_gets_an_id_of_its_own(given: str) -> None:
    async with running() as harness:
        ids = {(await _get(f"{harness.url}/symbols", **{"X-Request-Id": given}))[1] for _ in range(3)}
        assert len(ids) == 3
        assert given not in ids


async def test_errors_and_upgrades_carry_the_request_id_too() -> None:
    async with running() as harness, ClientSession() as session:
        headers = {"X-Request-Id": "r-2"}
        assert (await _get(f"{harness.url}/nowhere", **headers))[:2] == (404, "r-2")
        async with session.ws_connect(f"{harness.url}/ws", headers=headers) as opened:
            assert opened._response.headers["X-Request-Id"] == "r-2"


async def test_what_nobody_has_foreseen_is_logged_once_with_its_stack_and_no_client_sees_it(
    logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running() as harness:
        monkeypatch.setattr(Edge, "pump", lambda self: False)
        with monkeypatch.context() as broken:
            broken.setattr(harness.edge.state, "markets", None)
            status, request_id, answer = await _get(f"{harness.url}/symbols", **{"X-API-Key": ALICE})
        assert (status, answer["error"]["code"], answer["error"]["category"]) == (
            500,
            "internal_error",
            "infrastructure",
        )
        assert "NoneType" not in str(answer)
        (line,) = logged.lines(REQUESTS)
        assert (line["level"], line["code"], line["path"]) == ("error", "internal_error", "/symbols")
        assert line["request_id"] == request_id
        assert "NoneType" in str(line["exception"])


async def test_a_socket_survives_what_nobody_has_foreseen(logged: Logged, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as harness, socket(harness, ALICE) as opened:
        with monkeypatch.context() as broken:
            broken.setattr(harness.edge.entry, "market", lambda name: [][0])
            answer = await ask(opened, op="subscribe", channel="depth", symbol="ACME", id=7)
        assert (answer["id"], answer["error"]["code"]) == (7, "internal_error")
        (line,) = logged.lines(REQUESTS)
        assert (line["level"], line["operation"], line["account"]) == ("error", "Subscribe", "alice")
        assert line["message_id"] == 7
        assert (await ask(opened, op="ping", id=8))["ok"]


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("invalid_json", logging.DEBUG),
        ("insufficient_funds", logging.DEBUG),
        ("unauthenticated", logging.INFO),
        ("busy", logging.WARNING),
        ("journal_unavailable", logging.WARNING),
        ("bad_answer", logging.WARNING),
        ("internal_error", logging.ERROR),
    ],
)
def test_a_refusal_is_logged_at_the_level_of_its_category(
    logged: Logged, monkeypatch: pytest.MonkeyPatch, code: str, level: int
) -> None:
    monkeypatch.setattr("gateway.failures._sparing", Sparing())
    tell(error(code), path="/orders")
    (line,) = logged.lines(REQUESTS)
    assert (line["code"], line["path"], line["level"]) == (code, "/orders", logging.getLevelName(level).lower())


def test_what_a_busy_venue_refuses_is_told_once_a_second_with_a_count() -> None:
    now = 100.0
    sparing = Sparing(lambda: now)
    assert [sparing.pass_with("busy") for _ in range(4)] == [0, None, None, None]
    assert sparing.pass_with("timeout") == 0
    now += 1.0
    assert [sparing.pass_with("busy") for _ in range(2)] == [3, None]


def test_a_clients_mistakes_are_not_logged_in_production(logged: Logged) -> None:
    logged.restart("info")
    tell(error("invalid_json"))
    tell(error("not_your_order"))
    assert [line["code"] for line in logged.lines()] == ["not_your_order"]


def test_an_error_of_the_table_stays_what_it_is() -> None:
    problem = error("busy")
    assert as_error(problem) is problem
    bug = RuntimeError(SECRET)
    assert as_error(bug).code == "internal_error"
    assert as_error(bug).cause is bug
    assert SECRET not in str(as_error(bug).to_mapping())


async def test_a_request_about_an_order_names_it(logged: Logged) -> None:
    async with running() as harness:
        status, request_id, _ = await _get(f"{harness.url}/orders/12345", **{"X-API-Key": ALICE})
        assert status == 404
        (line,) = logged.lines(REQUESTS)
        assert (line["order"], line["account"], line["request_id"]) == ("12345", "alice", request_id)
        await _get(f"{harness.url}/nowhere")
        assert "order" not in logged.lines(REQUESTS)[-1], "it is another request, on whichever connection"


async def test_refusals_name_request_account_and_session(logged: Logged) -> None:
    async with running() as harness, socket(harness, ALICE) as opened:
        order = {"op": "place", "symbol": "ACME", "side": "buy", "quantity": "10", "price": "100.00"}
        assert (await ask(opened, **order, id=1))["ok"]
        assert not (await ask(opened, **order | {"symbol": "NOPE"}, id=2))["ok"]
        (line,) = logged.lines(REQUESTS)
        assert (line["code"], line["account"], line["message_id"]) == ("unknown_symbol", "alice", 2)
        assert line["session"] > 0
        assert line["request_id"]

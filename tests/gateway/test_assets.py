"""Assets and circuit breakers that are set while the venue runs."""

from __future__ import annotations

import asyncio
from typing import Any

from shm import ring
from tests.gateway.harness import until
from tests.gateway.money import callers, code
from tradsys.reading.rows import assets_of
from workers.administration import trail


async def test_an_asset_is_added_once_and_can_be_owned() -> None:
    async with callers() as all:
        added = await all.post(all.clerk, "/admin/assets", name="EUR", decimals=2, value="1.0825")
        assert (added["name"], added["value"]) == ("EUR", "1.0825")
        await all.post(all.clerk, "/v1/deposits", id=77, account="alice", asset="EUR", amount="5")
        assert await all.owned("alice", "EUR") == ("5.00", "0.00", "0.00")
        assert (await all.clerk("PUT", "/admin/assets/EUR", json={"value": "1.1"}))[0] == 200
        assert (await all.clerk("GET", "/admin/assets"))[1]["assets"][-1] == {
            "name": "EUR",
            "decimals": 2,
            "value": "1.1",
        }
        lines = list(trail.lines(all.harness.directory))
        assert [(line.act, line.target, line.sequence is not None) for line in lines] == [
            ("asset.add", "EUR", True),
            ("deposit", "alice", True),
            ("asset.value", "EUR", True),
        ]
        assert (lines[2].before, lines[2].after) == ("1.0825", "1.1")
        refused: list[tuple[dict[str, Any], tuple[int, str]]] = [
            ({"name": "EUR"}, (409, "asset_exists")),
            ({"name": "no name"}, (400, "invalid_field")),
            ({"name": "GBP", "decimals": 30}, (400, "wrong_type")),
            ({"name": "GBP", "value": "much"}, (400, "invalid_decimal")),
        ]
        for body, refusal in refused:
            assert code(await all.clerk("POST", "/admin/assets", json=body)) == refusal, body
        assert code(await all.clerk("PUT", "/admin/assets/GBP", json={"value": "1"})) == (404, "unknown_asset")
        for method, path in (("GET", "/admin/assets"), ("POST", "/admin/assets"), ("PUT", "/admin/assets/EUR")):
            assert code(await all.officer(method, path, json={})) == (403, "role_required")


async def test_who_takes_an_assets_number_first_makes_the_other_look_again() -> None:
    async with callers() as all:
        engine = all.harness.engine
        engine.paused = True
        # Both are sent with the number 3 before either is sequenced: one is refused, and asks for 4.
        both = [asyncio.ensure_future(all.clerk("POST", "/admin/assets", json={"name": name})) for name in ("X", "Y")]
        gateway = all.harness.memory.gateways[0]
        await until(lambda: int(gateway.header[ring.TAIL]) - int(gateway.header[ring.HEAD]) == 2)
        engine.paused = False
        assert [status for status, _ in await asyncio.gather(*both)] == [201, 201]
        assert [asset.id for asset in assets_of(all.harness.memory.ledger) if asset.name in ("X", "Y")] == [3, 4]


async def test_the_ledger_has_room_for_so_many_assets() -> None:
    async with callers() as all:
        for number in range(13):
            await all.post(all.clerk, "/admin/assets", name=f"A{number}")
        assert code(await all.clerk("POST", "/admin/assets", json={"name": "ONEMORE"})) == (503, "ledger_full")


async def test_a_breakers_rules_are_set_and_what_is_left_out_is_off() -> None:
    async with callers() as all:
        rules = {"symbol": "ACME", "price_move_bps": 500, "window_ms": 60_000, "halt_ms": 1_000}
        for caller in (all.clerk, all.officer):
            assert (await caller("PUT", "/v1/breakers", json=rules))[0] == 200
        (shown,) = (await all.alice("GET", "/v1/breakers"))[1]["breakers"]
        assert (shown["symbol"], shown["rules"]["price_move_bps"], shown["rules"]["halt_ms"]) == ("ACME", 500, 1_000)
        assert (await all.officer("PUT", "/v1/breakers", json={"symbols": 2, "window_ms": 1_000}))[0] == 200
        assert [each["symbol"] for each in (await all.alice("GET", "/v1/breakers"))[1]["breakers"]] == [None, "ACME"]
        assert (await all.officer("PUT", "/v1/breakers", json={"symbol": "ACME"}))[0] == 200
        assert [each["symbol"] for each in (await all.alice("GET", "/v1/breakers"))[1]["breakers"]] == [None]
        last = list(trail.lines(all.harness.directory))[-1]
        assert (last.act, last.target, last.before["price_move_bps"], last.after["price_move_bps"]) == (
            "breaker.set",
            "ACME",
            500,
            0,
        )
        without_window = {"symbol": "ACME", "volume": 5}
        assert code(await all.officer("PUT", "/v1/breakers", json=without_window)) == (422, "invalid_breaker")
        assert code(await all.officer("PUT", "/v1/breakers", json={"symbol": "NONE"})) == (404, "unknown_symbol")
        assert code(await all.alice("PUT", "/v1/breakers", json=rules)) == (403, "role_required")

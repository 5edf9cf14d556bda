"""Symbols, accounts and market states that administrators add and change while the venue runs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from shm import ring
from tests.gateway.harness import until
from tests.gateway.money import ALICE, CLERK, callers, code, settled
from tradsys.configuration import load
from tradsys.errors import error
from workers.administration import trail

NEW: dict[str, Any] = {
    "name": "NEWCO",
    "tick_size": "0.05",
    "lot_size": "1",
    "lowest_price": "0.05",
    "highest_price": "99.95",
    "reference_price": "10.00",
    "base": "SHARE",
    "quote": "USD",
    "rules": {"collar_bps": 1000, "orders_max": 2},
}


async def test_a_symbol_is_added_and_trades_at_once() -> None:
    async with callers() as all:
        added = await all.post(all.clerk, "/admin/symbols", **NEW)
        assert (added["number"], added["state"], added["fee_account"]) == (2, "continuous", "fees")
        order = {"symbol": "NEWCO", "side": "buy", "price": "10.00", "quantity": "3"}
        assert (await all.alice("POST", "/orders", json=order))[0] == 201
        assert code(await all.alice("POST", "/orders", json=order | {"price": "99.00"})) == (409, "price_collar")
        assert (await all.owned("alice"))[1].startswith("30.0")  # with room for the fee
        shown = (await all.clerk("GET", "/admin/symbols"))[1]["symbols"]
        assert [symbol["name"] for symbol in shown] == ["ACME", "NEWCO"]
        assert shown[1]["rules"]["orders_max"] == 2


async def test_a_symbol_that_does_not_fit_changes_nothing() -> None:
    async with callers() as all:
        records = len(all.harness.engine.log)
        wrong: list[tuple[dict[str, Any], tuple[int, str]]] = [
            ({"name": "ACME"}, (409, "symbol_exists")),
            ({"name": "no name"}, (400, "invalid_field")),
            ({"base": "GOLD"}, (400, "invalid_field")),
            ({"highest_price": "99.99"}, (400, "invalid_field")),
            ({"highest_price": "90000000.00"}, (400, "invalid_field")),
            ({"tick_size": 5}, (400, "wrong_type")),
            ({"colour": "red"}, (400, "unknown_field")),
        ]
        for change, refusal in wrong:
            assert code(await all.clerk("POST", "/admin/symbols", json=NEW | change)) == refusal
        assert len(all.harness.engine.log) == records


async def test_market_states_and_rules_are_changed() -> None:
    async with callers() as all:
        assert (await all.clerk("PUT", "/admin/symbols/ACME/state", json={"state": "halt"}))[0] == 200
        order = {"symbol": "ACME", "side": "buy", "price": "100.00", "quantity": "1"}
        assert code(await all.alice("POST", "/orders", json=order)) == (409, "symbol_not_open")
        body = {"state": "continuous", "reference_price": "90.00"}
        assert (await all.clerk("PUT", "/admin/symbols/ACME/state", json=body))[0] == 200
        assert (await all.clerk("PUT", "/admin/symbols/ACME/rules", json={"collar_bps": 100}))[0] == 200
        assert code(await all.alice("POST", "/orders", json=order)) == (409, "price_collar")
        _, told = await all.clerk("PUT", "/admin/state", json={"state": "closed"})
        assert [symbol["symbol"] for symbol in told["symbols"]] == ["ACME"]
        assert (await all.alice("GET", "/symbols"))[1]["symbols"][0]["state"] == "closed"
        assert code(await all.clerk("PUT", "/admin/symbols/NONE/state", json=body)) == (404, "unknown_symbol")
        assert code(await all.clerk("PUT", "/admin/symbols/ACME/state", json={"state": "open"})) == (
            400,
            "invalid_field",
        )


async def test_an_account_is_opened_once_and_can_be_paid() -> None:
    async with callers() as all:
        opened = await all.post(all.clerk, "/admin/accounts", name="dora", group=4, fee_class=1)
        assert (opened["number"], opened["kind"], opened["group"], opened["fee_class"]) == (7, "client", 4, 1)
        await all.post(all.clerk, "/v1/deposits", id=77, account="dora", asset="USD", amount="5")
        assert await all.owned("dora") == ("5.00", "0.00", "0.00")
        assert code(await all.clerk("POST", "/admin/accounts", json={"name": "dora"})) == (409, "account_exists")
        assert code(await all.clerk("POST", "/admin/accounts", json={"name": "no name"})) == (400, "invalid_field")
        listed = (await all.clerk("GET", "/admin/accounts"))[1]["accounts"]
        assert [account["name"] for account in listed if account["roles"] == ["administrator"]] == ["clerk"]
        assert (await all.clerk("GET", "/admin/accounts/dora"))[1]["status"] == "active"
        assert code(await all.clerk("GET", "/admin/accounts/nobody")) == (404, "unknown_account")


async def test_only_administrators_may() -> None:
    async with callers() as all:
        for method, path in (
            ("GET", "/admin/symbols"),
            ("POST", "/admin/symbols"),
            ("PUT", "/admin/symbols/ACME/state"),
            ("PUT", "/admin/symbols/ACME/rules"),
            ("PUT", "/admin/state"),
            ("GET", "/admin/accounts"),
            ("GET", "/admin/accounts/alice"),
            ("POST", "/admin/accounts"),
            ("PUT", "/admin/fee_tiers"),
            ("GET", "/admin/export"),
            ("POST", "/admin/import"),
            ("GET", "/admin/trail"),
            ("GET", "/admin/calendars"),
        ):
            for other in (all.alice, all.officer):
                assert code(await other(method, path, json={})) == (403, "role_required"), path


async def test_who_takes_a_number_first_makes_the_other_look_again() -> None:
    async with callers() as all:
        engine = all.harness.engine
        engine.paused = True
        # Both are sent with the number 7 before either is sequenced: one is refused, and asks for 8.
        both = [asyncio.ensure_future(all.clerk("POST", "/admin/accounts", json={"name": name})) for name in "xy"]
        gateway = all.harness.memory.gateways[0]
        await until(lambda: int(gateway.header[ring.TAIL]) - int(gateway.header[ring.HEAD]) == 2)
        engine.paused = False
        answers = await asyncio.gather(*both)
        assert sorted(answer["number"] for _, answer in answers) == [7, 8]


async def test_every_act_is_in_the_trail_with_its_place_in_the_log() -> None:
    async with callers() as all:
        await all.post(all.clerk, "/admin/accounts", name="dora")
        await all.officer("PUT", "/v1/limits", json={"limit": "open_orders", "value": 5})
        await all.officer("PUT", "/v1/limits", json={"limit": "open_orders", "value": 6})
        await all.clerk("PUT", "/admin/fee_tiers", json={"tier": 3, "volume": "5"})
        await all.clerk("PUT", "/admin/symbols/ACME/state", json={"state": "halt"})
        directory = all.harness.directory
        lines = list(trail.lines(directory))
        assert [(line.act, line.target, line.result) for line in lines] == [
            ("account.open", "dora", "done"),
            ("limit.set", "open_orders of the venue", "done"),
            ("limit.set", "open_orders of the venue", "done"),
            ("fee_tier.set", "3", "invalid_fees"),
            ("symbol.state", "ACME", "done"),
        ]
        assert (lines[2].before, lines[2].after) == (5, 6)
        assert lines[4].before == {"state": "continuous"}
        assert lines[0].by.account == "clerk"
        assert lines[0].by.address == "127.0.0.1"
        assert lines[0].by.key.startswith("sha256:")
        log = all.harness.engine.log
        kinds = [int(log[line.sequence - 1]["kind"][0]) for line in lines if line.sequence is not None]
        assert kinds == [9, 19, 19, 10]
        assert trail.check(directory).fault == ""
        text = (directory / trail.FILE).read_text()
        assert CLERK not in text
        assert ALICE not in text


async def test_an_export_is_a_configuration_of_the_same_venue(tmp_path: Path) -> None:
    async with callers() as all:
        await all.post(all.clerk, "/admin/symbols", **NEW)
        await all.officer(
            "PUT", "/v1/limits", json={"limit": "position", "value": 9, "account": "bob", "symbol": "ACME"}
        )
        _, told = await all.clerk("GET", "/admin/export")
        file = tmp_path / "export.yaml"
        file.write_text(told["yaml"])
        again = load("testing", file, {})
        assert [symbol.name for symbol in again.symbols] == ["ACME", "NEWCO"]
        assert again.symbols[1].rules.collar_bps == 1000
        assert [(account.name, account.kind) for account in again.accounts][-2:] == [
            ("fees", "fee"),
            ("world", "outside"),
        ]
        assert [(limit.limit, limit.account, limit.symbol, limit.value) for limit in again.limits] == [
            ("position", "bob", "ACME", 9)
        ]
        assert [(asset.name, asset.value) for asset in again.assets] == [("USD", "1"), ("SHARE", "100")]
        assert again.fees[0].taker_rate == 1000
        assert "key" not in told["yaml"]


async def test_an_act_that_cannot_be_written_down_is_not_passed_over() -> None:
    async with callers() as all:
        (all.harness.directory / trail.FILE).write_text("no trail\n")
        body = {"limit": "open_orders", "value": 5}
        assert code(await all.officer("PUT", "/v1/limits", json=body)) == (500, "trail_unwritable")


async def test_an_import_changes_what_differs_or_nothing() -> None:
    async with callers() as all:
        _, told = await all.clerk("GET", "/admin/export")
        text = told["yaml"].replace("limits: []", "limits:\n- {limit: open_orders, value: 3}")
        assert text != told["yaml"]
        _, dry = await all.clerk("POST", "/admin/import", json={"yaml": text, "dry_run": True})
        assert (dry["done"], [change["path"] for change in dry["changes"]]) == (
            False,
            ["limits[open_orders of the venue]"],
        )
        status, done = await all.clerk("POST", "/admin/import", json={"yaml": text})
        assert (status, done) == (200, dry | {"done": True})
        assert (await all.alice("GET", "/v1/limits"))[1]["limits"][0]["value"] == "3"
        assert (await all.clerk("POST", "/admin/import", json={"yaml": text}))[1]["changes"] == []
        other = {"yaml": "accounts: [{name: alice, kind: house}, {name: zoe}]"}
        status, refused = await all.clerk("POST", "/admin/import", json=other)
        assert (status, refused["error"]["code"]) == (409, "import_refused")
        assert refused["error"]["details"]["refused"][0]["path"] == "accounts[alice].kind"
        shown = (await all.clerk("POST", "/admin/import", json=other | {"dry_run": True}))[1]
        assert shown["refused"] == refused["error"]["details"]["refused"]
        assert code(await all.clerk("GET", "/admin/accounts/zoe")) == (404, "unknown_account")
        for wrong in ("accounts: [", "accounts: [{nam: x}]", "gateway: {port: 1}"):
            assert code(await all.clerk("POST", "/admin/import", json={"yaml": wrong})) == (400, "invalid_field")


async def test_the_trail_can_be_followed() -> None:
    async with callers() as all:
        for name in ("x", "y", "z"):
            await all.post(all.clerk, "/admin/accounts", name=name)
        assert [line["target"] for line in (await all.clerk("GET", "/admin/trail"))[1]["lines"]] == ["x", "y", "z"]
        _, told = await all.clerk("GET", "/admin/trail?after=1&limit=1")
        assert [(line["number"], line["target"]) for line in told["lines"]] == [(2, "y")]
        assert code(await all.clerk("GET", "/admin/trail?after=x")) == (400, "invalid_field")


async def test_the_days_to_come_are_shown() -> None:
    phases = '[{at: "09:00", state: continuous}, {at: "17:00", state: closed}]'
    every_day = "weekdays: [mon, tue, wed, thu, fri, sat, sun]"
    entry = f"[{{name: all, time_zone: Asia/Tokyo, {every_day}, phases: {phases}}}]"
    async with callers(settled(TRADSYS__CALENDARS=entry)) as all:
        ((told,),) = (await all.clerk("GET", "/admin/calendars?days=2"))[1].values()
        assert (told["symbols"], told["time_zone"], len(told["next"])) == (["ACME"], "Asia/Tokyo", 4)
        assert {(phase["at"][11:], phase["local"][15:]) for phase in told["next"]} == {
            ("00:00:00+00:00", "09:00:00"),
            ("08:00:00+00:00", "17:00:00"),
        }


async def test_one_symbol_that_cannot_be_halted_does_not_keep_the_others_from_it() -> None:
    async with callers() as all:
        await all.post(all.clerk, "/admin/symbols", **NEW)
        sent = all.harness.edge.entry.send

        def refuse_the_first(record: Any, reply: Any) -> None:
            if record["symbol"][0] == 1:
                raise error("busy")
            sent(record, reply)

        all.harness.edge.entry.send = refuse_the_first  # type: ignore[method-assign]
        _, told = await all.clerk("PUT", "/admin/state", json={"state": "halt"})
        assert told["symbols"][0] == {"symbol": "ACME", "error": "busy"}
        assert set(told["symbols"][1]) == {"symbol", "sequence"}
        states = {
            symbol["name"]: symbol["state"] for symbol in (await all.clerk("GET", "/admin/symbols"))[1]["symbols"]
        }
        assert states == {"ACME": "continuous", "NEWCO": "halt"}

"""Money over REST: amounts reckoned by hand from docs/ledger.md."""

from __future__ import annotations

import pytest

from tests.gateway.harness import ask, socket
from tests.gateway.money import ALICE, callers, code


async def test_a_trade_moves_money_to_the_unit() -> None:
    async with callers() as all:
        await all.alice.place("sell", "100.00", "4")
        assert await all.owned("alice", "SHARE") == ("16", "4", "0")
        await all.bob.place("buy", "100.00", "3")
        # 300.00, of which the taker pays 0.1 % and the maker 0.01 %.
        assert await all.owned("bob") == ("699.70", "0.00", "0.00")
        assert await all.owned("bob", "SHARE") == ("23", "0", "0")
        assert await all.owned("alice") == ("1299.97", "0.00", "0.00")
        assert await all.owned("alice", "SHARE") == ("16", "1", "0")
        assert await all.owned("fees") == ("0.33", "0.00", "0.00")
        assert await all.owned("world") == ("-2000.00", "0.00", "0.00")


async def test_positions_tell_cost_and_what_closing_them_made() -> None:
    async with callers() as all:
        await all.alice.place("sell", "100.00", "3")
        await all.bob.place("buy", "100.00", "3")
        await all.bob.place("sell", "110.00", "1")
        await all.alice.place("buy", "110.00", "1")
        await all.alice.place("sell", "120.00", "1")
        _, answer = await all.bob("GET", "/v1/positions")
        assert answer == {
            "account": "bob",
            "positions": [
                {
                    "symbol": "ACME",
                    "quantity": "2",
                    "asset": "USD",
                    "average_cost": "100.000000",
                    "cost": "200.00",
                    "realised": "10.00",
                    "fees": "0.32",  # 0.30 as taker of 300.00, 0.02 as maker of 110.00
                    "turnover": "410.00",
                    "open_orders": 0,
                    "open_buy": "0",
                    "open_sell": "0",
                }
            ],
        }
        _, answer = await all.clerk("GET", "/v1/positions?account=alice")
        (position,) = answer["positions"]
        assert (position["quantity"], position["open_orders"], position["open_sell"]) == ("-2", 1, "1")


async def test_an_order_that_cannot_be_paid_is_refused() -> None:
    async with callers() as all:
        body = {"symbol": "ACME", "side": "buy", "price": "100.00", "quantity": "10"}
        assert code(await all.alice("POST", "/orders", json=body)) == (409, "insufficient_funds")
        assert await all.owned("alice") == ("1000.00", "0.00", "0.00")


async def test_deposits_are_made_once() -> None:
    async with callers() as all:
        for _ in range(2):
            answer = await all.post(all.clerk, "/v1/deposits", id="7", account="bob", asset="USD", amount="0.50")
            assert answer["id"] == "7"
        assert await all.owned("bob") == ("1000.50", "0.00", "0.00")


async def test_a_withdrawal_is_reserved_and_then_settled_or_cancelled() -> None:
    async with callers() as all:
        for id, amount in (("1", "100.00"), ("2", "50.00")):
            await all.post(all.clerk, "/v1/withdrawals", id=id, account="bob", asset="USD", amount=amount)
        assert await all.owned("bob") == ("850.00", "150.00", "150.00")
        settled = await all.post(all.clerk, "/v1/withdrawals/1/settle")
        assert settled == {"id": "1", "account": "bob", "asset": "USD", "amount": "100.00", "status": "settled"}
        assert await all.post(all.clerk, "/v1/withdrawals/1/settle") == settled
        assert code(await all.clerk("POST", "/v1/withdrawals/1/cancel")) == (409, "withdrawal_ended")
        await all.post(all.clerk, "/v1/withdrawals/2/cancel")
        assert await all.owned("bob") == ("900.00", "0.00", "0.00")
        assert code(await all.clerk("POST", "/v1/withdrawals/3/settle")) == (404, "unknown_withdrawal")
        _, own = await all.bob("GET", "/v1/withdrawals")
        assert [withdrawal["status"] for withdrawal in own["withdrawals"]] == ["settled", "cancelled"]
        assert (await all.alice("GET", "/v1/withdrawals"))[1] == {"withdrawals": []}
        assert len((await all.clerk("GET", "/v1/withdrawals"))[1]["withdrawals"]) == 2


async def test_a_withdrawal_that_a_frozen_account_held_up_can_still_end() -> None:
    async with callers() as all:
        await all.post(all.clerk, "/v1/withdrawals", id="1", account="bob", asset="USD", amount="1.00")
        for status, expected in (("frozen", (403, "account_frozen")), ("active", None)):
            assert (await all.clerk("PUT", "/v1/accounts/bob/status", json={"status": status}))[0] == 200
            answer = await all.clerk("POST", "/v1/withdrawals/1/settle")
            assert answer[0] == 200 if expected is None else code(answer) == expected
        assert await all.owned("bob") == ("999.00", "0.00", "0.00")


async def test_transfers_have_ids_of_their_own_account() -> None:
    async with callers() as all:
        for caller, other in ((all.alice, "bob"), (all.bob, "alice"), (all.alice, "bob")):
            await all.post(caller, "/v1/transfers", id=9, account=other, asset="SHARE", amount="5")
        assert await all.owned("alice", "SHARE") == ("20", "0", "0")
        body = {"id": 10, "account": "bob", "asset": "SHARE", "amount": "21"}
        assert code(await all.alice("POST", "/v1/transfers", json=body)) == (409, "insufficient_funds")
        # A trader's ids take none away from the administrators.
        await all.post(all.clerk, "/v1/deposits", id=9, account="alice", asset="SHARE", amount="1")
        assert await all.owned("alice", "SHARE") == ("21", "0", "0")


async def test_a_correction_may_take_more_than_there_is() -> None:
    async with callers() as all:
        body = {"id": 1, "from": "alice", "to": "fees", "asset": "USD", "amount": "1000.01"}
        await all.post(all.clerk, "/v1/corrections", **body)
        assert await all.owned("alice") == ("-0.01", "0.00", "0.00")
        assert await all.owned("fees") == ("1000.01", "0.00", "0.00")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"amount": "1.001"}, (422, "off_unit_amount")),
        ({"amount": "0"}, (422, "invalid_posting")),
        ({"amount": "1e3"}, (400, "invalid_decimal")),
        ({"amount": 1.5}, (400, "wrong_type")),
        ({"amount": "99999999999999999999"}, (409, "amount_too_large")),
        ({"asset": "EUR"}, (404, "unknown_asset")),
        ({"account": "eve"}, (404, "unknown_account")),
        ({"account": "world"}, (409, "wrong_account_kind")),
        ({"id": "0"}, (400, "invalid_field")),
        ({"id": str(1 << 61)}, (400, "invalid_field")),
        ({"note": "x"}, (400, "unknown_field")),
    ],
)
async def test_a_posting_with_a_mistake_is_told(change: dict[str, object], expected: tuple[int, str]) -> None:
    async with callers() as all:
        body = {"id": "1", "account": "bob", "asset": "USD", "amount": "1.00"} | change
        assert code(await all.clerk("POST", "/v1/deposits", json=body)) == expected
        assert await all.owned("bob") == ("1000.00", "0.00", "0.00")


async def test_only_an_administrator_moves_the_money_of_others() -> None:
    async with callers() as all:
        body = {"id": "1", "account": "alice", "asset": "USD", "amount": "1.00"}
        for caller in (all.alice, all.officer):
            for path in ("/v1/deposits", "/v1/withdrawals"):
                assert code(await caller("POST", path, json=body)) == (403, "role_required")
            assert code(await caller("PUT", "/v1/accounts/bob/status", json={})) == (403, "role_required")
        assert code(await all.alice("GET", "/v1/balances?account=bob")) == (403, "role_required")
        assert (await all.officer("GET", "/v1/balances?account=bob"))[0] == 200
        assert (await all.alice("GET", "/v1/balances"))[1]["account"] == "alice"


async def test_fees_can_be_changed_for_orders_from_then_on() -> None:
    async with callers() as all:
        status, _ = await all.clerk("PUT", "/v1/fees", json={"symbol": "ACME", "taker_rate": 2000})
        assert status == 200
        _, answer = await all.alice("GET", "/v1/fees")
        assert [(row["symbol"], row["taker_rate"]) for row in answer["schedules"]] == [(None, 1000), ("ACME", 2000)]
        await all.alice.place("sell", "100.00", "1")
        await all.bob.place("buy", "100.00", "1")
        assert await all.owned("fees") == ("0.20", "0.00", "0.00")


async def test_money_over_a_websocket() -> None:
    async with callers() as all, socket(all.harness, ALICE) as alice, socket(all.harness) as nobody:
        moved = await ask(alice, op="transfer", id=1, transfer_id="7", account="bob", asset="SHARE", amount="5")
        assert moved["ok"], moved
        order = {"symbol": "ACME", "side": "sell", "quantity": "16", "price": "100.00"}
        checked = await ask(alice, op="check", id=2, **order)
        assert not checked["result"]["passed"]
        traded = await ask(alice, op="place", id=3, **order | {"quantity": "15"})
        assert traded["ok"], traded
        answer = await ask(alice, op="balances", id=4)
        assert answer["id"] == 4
        assert {"asset": "SHARE", "available": "0", "held": "15", "reserved": "0"} in answer["result"]["balances"]
        (position,) = (await ask(alice, op="positions"))["result"]["positions"]
        assert (position["open_orders"], position["open_sell"]) == (1, "15")
        for operation in ("balances", "positions"):
            assert (await ask(nobody, op=operation))["error"]["code"] == "unauthenticated"

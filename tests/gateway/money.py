"""A venue in which ACME is settled in dollars, and callers with money, with roles, and without."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession

from tests.gateway.harness import Harness, running
from tests.gateway.test_rest import Caller
from tradsys.configuration import Configuration, load

ALICE, BOB, CLERK, OFFICER = "alice-key", "bob-key", "clerk-key", "officer-key"

_ENVIRON = {
    "TRADSYS__ASSETS": '[{name: USD, decimals: 2, value: "1"}, {name: SHARE, decimals: 0, value: "100"}]',
    "TRADSYS__SYMBOLS": (
        '[{name: ACME, base: SHARE, quote: USD, tick_size: "0.01", lot_size: "1", lowest_price: "0.01",'
        ' highest_price: "999.99", reference_price: "100.00"}]'
    ),
    "TRADSYS__FEES": "[{maker_rate: 100, taker_rate: 1000}]",
    "TRADSYS__ACCOUNTS": (
        "[{name: alice, keys: [alice-key], deposits: &money"
        ' [{asset: USD, amount: "1000.00"}, {asset: SHARE, amount: "20"}]},'
        " {name: bob, keys: [bob-key], deposits: *money},"
        " {name: clerk, keys: [clerk-key], roles: [administrator]},"
        " {name: officer, keys: [officer-key], roles: [risk_officer]},"
        " {name: fees, kind: fee}, {name: world, kind: outside}]"
    ),
}


def settled(**environ: str) -> Configuration:
    """The configuration, with further variables."""
    return load("testing", environ=_ENVIRON | environ)


class Callers:
    """Requests of everybody, and what they own."""

    def __init__(self, session: ClientSession, harness: Harness) -> None:
        self.harness = harness
        keys = (ALICE, BOB, CLERK, OFFICER)
        self.alice, self.bob, self.clerk, self.officer = (Caller(session, harness.url, key) for key in keys)

    async def owned(self, account: str, asset: str = "USD") -> tuple[str, str, str]:
        """What an account has available, held and reserved of an asset."""
        status, answer = await self.clerk("GET", f"/v1/balances?account={account}")
        assert status == 200, answer
        (row,) = [row for row in answer["balances"] if row["asset"] == asset]
        return row["available"], row["held"], row["reserved"]

    async def post(self, caller: Caller, path: str, **body: Any) -> Any:
        """A POST that must be carried out."""
        status, answer = await caller("POST", path, json=body)
        assert status in (200, 201), answer
        return answer


@asynccontextmanager
async def callers(settings: Configuration | None = None) -> AsyncIterator[Callers]:
    """A running venue and everybody who calls it."""
    async with running(settings or settled()) as harness, ClientSession() as session:
        yield Callers(session, harness)


def code(result: tuple[int, Any]) -> tuple[int, str]:
    """Status and code of an answer that must be an error."""
    status, answer = result
    return status, answer["error"]["code"]

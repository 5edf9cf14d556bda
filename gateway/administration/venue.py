"""Symbols, their market states, accounts and fee tiers over REST, for administrators."""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from aiohttp import web
from msgspec import to_builtins

from gateway.administration import messages as bodies
from gateway.administration.acts import Intent, actor_of
from gateway.auth import Caller
from gateway.messages import decode, whole_number
from gateway.rest.answers import administrator, answer, count, query
from gateway.results import Recorded
from gateway.service import Service
from tradsys.configuration import InvalidConfigurationError
from tradsys.configuration.sections import AccountEntry
from tradsys.errors import TradingError, error
from tradsys.records import MarketState
from tradsys.symbols import Symbol
from workers.administration import trail
from workers.administration.access import roles_view, with_roles
from workers.administration.calendar_file import calendars_view, setting
from workers.administration.defining import (
    account_record,
    records_of_symbol,
    state_record,
    symbol_record,
    with_symbol,
)
from workers.administration.exporting import as_yaml, exported, rules_entry, symbol_entry
from workers.administration.granting import check_granted, granting_roles
from workers.administration.importing import plan, steps
from workers.ledger_definitions import tier_record
from workers.statement import account_named, accounts

_LINES_DEFAULT, _LINES_MAX = 100, 10_000
_AT_ONCE = 64
"""Commands that wait for their answers: the ring is for orders too."""
_ID_MAX = (1 << 63) - 1


class VenueAdministration:
    """Handlers of /admin/symbols, /admin/accounts and what belongs to them."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._acts = service.administration

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Register the handlers."""
        router.add_get("/admin/symbols", self.symbols, allow_head=False)
        router.add_post("/admin/symbols", self.add_symbol)
        router.add_put("/admin/symbols/{name}/rules", self.set_rules)
        router.add_put("/admin/symbols/{name}/state", self.set_state)
        router.add_put("/admin/state", self.set_all_states)
        router.add_get("/admin/accounts", self.accounts, allow_head=False)
        router.add_get("/admin/accounts/{name}", self.account, allow_head=False)
        router.add_post("/admin/accounts", self.add_account)
        router.add_put("/admin/fee_tiers", self.set_tier)
        router.add_get("/admin/export", self.export, allow_head=False)
        router.add_post("/admin/import", self.import_)
        router.add_get("/admin/trail", self.trail, allow_head=False)

    async def symbols(self, request: web.Request) -> web.Response:
        """GET /admin/symbols: every symbol as the configuration would have it, and its market state."""
        administrator(self._service, request)
        query(request)
        return answer({"symbols": [self._symbol_view(symbol) for symbol in self._acts.known().symbols.values()]})

    async def add_symbol(self, request: web.Request) -> web.Response:
        """POST /admin/symbols: define a symbol with its rules and what it trades; what it says, and where it stands."""
        by = administrator(self._service, request)
        entry = decode(bodies.symbols, await request.read())
        memory = self._acts.memory
        wanted = await asyncio.to_thread(with_symbol, memory, self._acts.configuration, entry)
        intent = Intent(actor_of(by, request), "symbol.add", entry.name, after=to_builtins(entry))
        recorded = await self._acts.define(intent, lambda: symbol_record(memory, entry))
        for following in records_of_symbol(memory, self._acts.known(), wanted, entry.name):
            intent = Intent(actor_of(by, request), "symbol.complete", entry.name, after=following.what)
            recorded = await self._acts.send(intent, following.record)
        return answer(self._symbol_view(self._market_symbol(entry.name)) | {"sequence": recorded.sequence}, 201)

    async def set_rules(self, request: web.Request) -> web.Response:
        """PUT /admin/symbols/{name}/rules: the trading rules from now on; those that are left out are off."""
        by = administrator(self._service, request)
        rules = decode(bodies.rules, await request.read())
        symbol = self._market_symbol(request.match_info["name"])
        before = rules_entry(self._service.state.markets[symbol.id].rules)
        intent = Intent(actor_of(by, request), "symbol.rules", symbol.name, to_builtins(before), to_builtins(rules))
        return answer(await self._acts.send(intent, rules.rules().command(symbol.id)))

    async def set_state(self, request: web.Request) -> web.Response:
        """PUT /admin/symbols/{name}/state: open, halt, resume, an auction, close."""
        by = administrator(self._service, request)
        body = decode(bodies.states, await request.read())
        symbol = self._market_symbol(request.match_info["name"])
        return answer(await self._set_state(by, request, symbol, body.state, body.reference_price))

    async def set_all_states(self, request: web.Request) -> web.Response:
        """PUT /admin/state: the same for every symbol; of each its place in the log, or the code of its error."""
        by = administrator(self._service, request)
        body = decode(bodies.all_states, await request.read())
        turns = asyncio.Semaphore(_AT_ONCE)

        async def change(symbol: Symbol) -> dict[str, str]:
            async with turns:
                try:
                    recorded = await self._set_state(by, request, symbol, body.state)
                except TradingError as problem:  # the others are not to wait for this one
                    return {"symbol": symbol.name, "error": problem.code}
            return {"symbol": symbol.name, "sequence": recorded.sequence}

        symbols = [market.symbol for market in self._service.state.markets.values()]
        return answer({"symbols": await asyncio.gather(*map(change, symbols))})

    async def accounts(self, request: web.Request) -> web.Response:
        """GET /admin/accounts: what each account is, and its roles."""
        administrator(self._service, request)
        query(request)
        found = await asyncio.to_thread(accounts, self._acts.memory)
        return answer({"accounts": [self._account_view(view) for view in found]})

    async def account(self, request: web.Request) -> web.Response:
        """GET /admin/accounts/{name}: one of them."""
        administrator(self._service, request)
        return answer(self._account_view(self._found(request.match_info["name"])))

    async def add_account(self, request: web.Request) -> web.Response:
        """POST /admin/accounts: open an account."""
        by = administrator(self._service, request)
        body = decode(bodies.accounts, await request.read())
        entry = AccountEntry(body.name, group=body.group, kind=body.kind, fee_class=body.fee_class)
        intent = Intent(actor_of(by, request), "account.open", entry.name, after=to_builtins(body))
        recorded = await self._acts.define(intent, lambda: account_record(self._acts.memory, entry))
        return answer(self._account_view(self._found(entry.name)) | {"sequence": recorded.sequence}, 201)

    async def set_tier(self, request: web.Request) -> web.Response:
        """PUT /admin/fee_tiers: from which volume on a tier applies."""
        by = administrator(self._service, request)
        entry = decode(bodies.tiers, await request.read())
        intent = Intent(actor_of(by, request), "fee_tier.set", str(entry.tier), after=to_builtins(entry))
        return answer(await self._acts.send(intent, tier_record(entry).record))

    async def export(self, request: web.Request) -> web.Response:
        """GET /admin/export: what the venue has defined, as {"yaml": a configuration file}."""
        administrator(self._service, request)
        query(request)
        return answer(
            {"yaml": await asyncio.to_thread(lambda: as_yaml(exported(self._acts.memory, self._acts.counting())))}
        )

    async def import_(self, request: web.Request) -> web.Response:
        """POST /admin/import: add what is missing and change what differs, all of it or nothing."""
        by = administrator(self._service, request)
        body = decode(bodies.imports, await request.read())
        memory = self._acts.memory
        try:
            made = await asyncio.to_thread(lambda: plan(memory, self._acts.counting(), body.yaml, "the file"))
        except InvalidConfigurationError as problem:
            mistakes = [str(mistake) for mistake in problem.mistakes]
            raise error("invalid_field", "; ".join(mistakes), field="yaml", mistakes=mistakes) from None
        told = made.told(body.dry_run)
        check_granted(by.roles, made.granted)
        if body.dry_run:
            return answer(told)
        if made.refused:
            raise error("import_refused", refused=told["refused"])
        for step in steps(memory, made):
            await self._acts.define(Intent(actor_of(by, request), step.act, step.target, after=step.after), step.record)
        configuration = self._acts.configuration
        for name, roles in made.roles.items():
            change = granting_roles(by.roles, configuration, name, partial(with_roles, account=name, roles=roles))
            intent = Intent(actor_of(by, request), "account.roles", name, after=roles)
            await self._acts.change(intent, self._acts.access, change, roles_view(name, configuration))
        if made.calendars:
            names = [entry.name for entry in made.calendars]
            setting_all = setting(made.calendars, configuration.calendars, list(self._acts.known().symbols))
            intent = Intent(actor_of(by, request), "calendar.set", ", ".join(names), after=to_builtins(made.calendars))
            view = calendars_view(names, configuration.calendars)
            await self._acts.change(intent, self._acts.calendars, setting_all, view)
        return answer(told)

    async def trail(self, request: web.Request) -> web.Response:
        """GET /admin/trail[?after=&limit=]: what was done, oldest first, from the line after this number on."""
        administrator(self._service, request)
        given = query(request, "after", "limit")
        most = count(given.get("limit"), "limit", _LINES_DEFAULT, _LINES_MAX)
        after = whole_number(given.get("after", "0"), "after", 0, _ID_MAX)
        found = await asyncio.to_thread(_lines, self._acts.directory, after, most)
        return answer({"lines": found})

    async def _set_state(
        self, by: Caller, request: web.Request, symbol: Symbol, state: str, reference_price: str | None = None
    ) -> Recorded:
        record = state_record(symbol, MarketState[state.upper()], reference_price)
        after: dict[str, str] = {"state": state}
        if reference_price is not None:
            after["reference_price"] = reference_price
        before = {"state": self._service.state.markets[symbol.id].state_name}
        intent = Intent(actor_of(by, request), "symbol.state", symbol.name, before, after)
        return await self._acts.send(intent, record)

    def _market_symbol(self, name: str) -> Symbol:
        return self._service.entry.market(name).symbol

    def _symbol_view(self, symbol: Symbol) -> dict[str, Any]:
        entry: dict[str, Any] = to_builtins(symbol_entry(self._acts.memory, symbol))
        market = self._service.state.markets.get(symbol.id)
        return {"number": symbol.id} | entry | {"state": "" if market is None else market.state_name}

    def _account_view(self, view: Any) -> dict[str, Any]:
        shown: dict[str, Any] = to_builtins(view)
        return shown | {"roles": roles_view(view.name, self._acts.configuration)(self._acts.access.read())}

    def _found(self, name: str) -> Any:
        self._service.accounts.named(name)  # tells who is asked for, in the words of the table
        return account_named(self._acts.memory, name)


def _lines(directory: Path, after: int, most: int) -> list[trail.Line]:
    return list(islice((line for line in trail.lines(directory) if line.number > after), most))

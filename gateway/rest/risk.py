"""Limits, kill switches and circuit breakers over REST."""

from __future__ import annotations

from time import time_ns
from typing import Any

from aiohttp import web
from msgspec import to_builtins

from gateway import ledger_messages, messages
from gateway.administration.acts import Intent, actor_of
from gateway.auth import ADMINISTRATOR, RISK_OFFICER, Caller, require
from gateway.rest.answers import answer, caller
from gateway.rest.balances import asked_account
from gateway.risk_views import breaker_views, kill_view, limit_views
from gateway.service import Service
from tradsys.errors import ValidationError
from tradsys.ledger.terms import AMOUNT_MAX
from tradsys.reading.limits import set_for
from tradsys.records import Kind, details
from tradsys.risk.limits import NOT_SET
from tradsys.risk.terms import Limit, Scope, Transition
from workers.administration.defining import breaker_record
from workers.administration.exporting import breaker_entry
from workers.ledger_definitions import rules_record


class Risk:
    """Handlers of what risk officers decide, and of what it means for an account."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Register the handlers."""
        router.add_get("/v1/limits", self.limits, allow_head=False)
        router.add_put("/v1/limits", self.set_limit)
        router.add_get("/v1/kill", self.switches, allow_head=False)
        router.add_post("/v1/kill", self.kill)
        router.add_get("/v1/breakers", self.breakers, allow_head=False)
        router.add_put("/v1/breakers", self.set_breaker)
        router.add_post("/v1/breakers", self.move_breaker)
        router.add_post("/v1/breakers/{symbol}", self.move_breaker)

    async def limits(self, request: web.Request) -> web.Response:
        """GET /v1/limits[?account=]: every limit that applies, where it is set, and its use."""
        account = asked_account(self._service, request)
        await self._service.ledger.settled()
        views = limit_views(self._service.ledger, self._service.state.markets, account.id, time_ns())
        return answer({"account": account.name} | views)

    async def set_limit(self, request: web.Request) -> web.Response:
        """PUT /v1/limits: a limit, or without a value none."""
        by = self._require(request, ADMINISTRATOR, RISK_OFFICER)
        body = messages.decode(ledger_messages.limits, await request.read())
        if body.group and (body.account or body.symbol):
            raise ValidationError("invalid_message", "a group's limit has neither account nor symbol", field="group")
        if body.symbol and not body.account:
            raise ValidationError("missing_field", "a symbol's limit is one of an account in it", field="account")
        scope = Scope.GROUP if body.group else Scope.VENUE
        if body.account:
            scope = Scope.ACCOUNT_SYMBOL if body.symbol else Scope.ACCOUNT
        limit, target = Limit[body.limit.upper()], self._target(body)
        amount = NOT_SET if body.value is None else messages.whole_number(body.value, "value", 0, AMOUNT_MAX)
        before = set_for(self._service.ledger.ledger, scope, **target).get(limit)
        what = f"{body.limit} of {_whose(body)}"
        after = None if body.value is None else amount
        intent = Intent(actor_of(by, request), "limit.set", what, before, after)
        record = details(Kind.LIMIT, scope=scope, limit=limit, amount=amount, **target)
        return answer(await self._service.administration.send(intent, record))

    async def switches(self, request: web.Request) -> web.Response:
        """GET /v1/kill: the kill switches that are on."""
        self._require(request, RISK_OFFICER, ADMINISTRATOR)
        await self._service.ledger.settled()
        return answer(kill_view(self._service.ledger, self._service.state.markets, self._service.accounts.name_of))

    async def kill(self, request: web.Request) -> web.Response:
        """POST /v1/kill: put a switch on, which cancels the orders of its scope, or lift it."""
        by = self._require(request, RISK_OFFICER)
        body = messages.decode(ledger_messages.kills, await request.read())
        for field in ("account", "symbol", "group"):
            if bool(getattr(body, field)) != (body.scope == field):
                raise ValidationError("invalid_message", f"{field} goes with the scope {field}", field=field)
        target = self._target(body)
        record = details(Kind.KILL, scope=Scope[body.scope.upper()], on=int(body.on), **target)
        intent = Intent(actor_of(by, request), "kill.on" if body.on else "kill.off", _whose(body))
        recorded = await self._service.administration.send(intent, record)
        return answer({"cancelled": recorded.cancelled})

    async def breakers(self, request: web.Request) -> web.Response:
        """GET /v1/breakers: every circuit breaker and its state."""
        caller(self._service, request)
        await self._service.ledger.settled()
        return answer({"breakers": breaker_views(self._service.ledger, self._service.state.markets)})

    async def set_breaker(self, request: web.Request) -> web.Response:
        """PUT /v1/breakers: when a symbol's trips, without a symbol the venue's; what is left out is off."""
        by = self._require(request, ADMINISTRATOR, RISK_OFFICER)
        entry = messages.decode(ledger_messages.breaker_rules, await request.read())
        number = self._service.entry.market(entry.symbol).symbol.id if entry.symbol else 0
        before = breaker_entry(self._service.ledger.ledger, number, entry.symbol)
        whose = entry.symbol or "the venue"
        intent = Intent(actor_of(by, request), "breaker.set", whose, to_builtins(before), to_builtins(entry))
        record = rules_record(self._service.administration.known(), entry).record
        return answer(await self._service.administration.send(intent, record))

    async def move_breaker(self, request: web.Request) -> web.Response:
        """POST /v1/breakers/{symbol}: trip or reset it by hand; without a symbol, the venue's."""
        by = self._require(request, RISK_OFFICER)
        body = messages.decode(ledger_messages.breakers, await request.read())
        name = request.match_info.get("symbol")
        symbol = 0 if name is None else self._service.entry.market(name).symbol.id
        record = breaker_record(symbol, Transition[body.transition.upper()], by.account.id)
        intent = Intent(actor_of(by, request), f"breaker.{body.transition}", name or "the venue")
        await self._service.administration.send(intent, record)
        return answer({"symbol": name, "transition": body.transition})

    def _target(self, body: ledger_messages.LimitBody | ledger_messages.KillBody) -> dict[str, Any]:
        service = self._service
        return {
            "account": service.accounts.named(body.account).id if body.account else 0,
            "symbol": service.entry.market(body.symbol).symbol.id if body.symbol else 0,
            "group": body.group,
        }

    def _require(self, request: web.Request, *roles: str) -> Caller:
        by = caller(self._service, request)
        require(by, *roles)
        return by


def _whose(body: ledger_messages.LimitBody | ledger_messages.KillBody) -> str:
    if body.group:
        return f"group {body.group}"
    return " in ".join(name for name in (body.account, body.symbol) if name) or "the venue"

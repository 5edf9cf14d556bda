"""Money over REST: what accounts own and have traded, and postings that move it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from aiohttp import web
from msgspec import to_builtins
from msgspec.json import Decoder

from gateway import ledger_messages, messages
from gateway.administration.acts import Intent, actor_of
from gateway.auth import ADMINISTRATOR, RISK_OFFICER, require
from gateway.ledger_messages import PostingBody
from gateway.ledger_views import balance_views, fee_views, position_views, withdrawal_view
from gateway.outcome import outcome
from gateway.rest.answers import administrator, answer, caller, query
from gateway.results import Recorded
from gateway.service import Service
from gateway.withdrawals import CANCELLED, SETTLED, Withdrawal
from tradsys.errors import error
from tradsys.ledger.terms import AccountStatus, KycStatus, StatusChange
from tradsys.records import Kind, details
from tradsys.symbols import Account

_Posting = TypeVar("_Posting", PostingBody, ledger_messages.CorrectionBody)


class Balances:
    """Handlers of what has to do with money."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._postings = service.postings

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Register the handlers."""
        router.add_get("/v1/balances", self.balances, allow_head=False)
        router.add_get("/v1/positions", self.positions, allow_head=False)
        router.add_get("/v1/fees", self.fees, allow_head=False)
        router.add_put("/v1/fees", self.set_fees)
        router.add_post("/v1/deposits", self.deposit)
        router.add_post("/v1/transfers", self.transfer)
        router.add_post("/v1/corrections", self.correct)
        router.add_get("/v1/withdrawals", self.withdrawals, allow_head=False)
        router.add_post("/v1/withdrawals", self.reserve)
        router.add_post("/v1/withdrawals/{id}/settle", self.settle)
        router.add_post("/v1/withdrawals/{id}/cancel", self.cancel)
        router.add_put("/v1/accounts/{name}/status", self.set_status)

    async def balances(self, request: web.Request) -> web.Response:
        """GET /v1/balances[?account=]: available, held and reserved of each asset."""
        account = asked_account(self._service, request)
        await self._service.ledger.settled()
        return answer({"account": account.name, "balances": balance_views(self._service.ledger, account.id)})

    async def positions(self, request: web.Request) -> web.Response:
        """GET /v1/positions[?account=]: what has been traded in each symbol."""
        account = asked_account(self._service, request)
        await self._service.ledger.settled()
        views = position_views(self._service.ledger, self._service.state.markets, account.id)
        return answer({"account": account.name, "positions": views})

    async def fees(self, request: web.Request) -> web.Response:
        """GET /v1/fees[?account=]: the schedules of the account's class."""
        account = asked_account(self._service, request)
        await self._service.ledger.settled()
        views = fee_views(self._service.ledger, self._service.state.markets, account.id)
        return answer({"account": account.name} | views)

    async def set_fees(self, request: web.Request) -> web.Response:
        """PUT /v1/fees: a schedule, for orders from now on."""
        by = administrator(self._service, request)
        body = messages.decode(ledger_messages.fees, await request.read())
        symbol = self._service.entry.market(body.symbol).symbol.id if body.symbol else 0
        record = details(
            Kind.FEES,
            symbol=symbol,
            fee_class=body.fee_class,
            tier=body.tier,
            maker_rate=body.maker_rate,
            taker_rate=body.taker_rate,
            minimum=body.minimum,
        )
        intent = Intent(actor_of(by, request), "fees.set", body.symbol or "all symbols", after=to_builtins(body))
        return answer(await self._service.administration.send(intent, record))

    async def deposit(self, request: web.Request) -> web.Response:
        """POST /v1/deposits: from outside to an account."""
        return await self._post(request, "deposit", ledger_messages.postings, self._postings.deposit)

    async def reserve(self, request: web.Request) -> web.Response:
        """POST /v1/withdrawals: what is to be withdrawn is held."""
        return await self._post(request, "withdrawal.reserve", ledger_messages.postings, self._postings.reserve)

    async def transfer(self, request: web.Request) -> web.Response:
        """POST /v1/transfers: from the own account to another."""
        account = caller(self._service, request).account
        body = messages.decode(ledger_messages.postings, await request.read())
        record = self._postings.transfer(account, body)
        return _posted(body, await outcome(partial(self._service.entry.send, record)))

    async def correct(self, request: web.Request) -> web.Response:
        """POST /v1/corrections: from any account to any other."""
        return await self._post(request, "correction", ledger_messages.corrections, self._postings.correct)

    async def withdrawals(self, request: web.Request) -> web.Response:
        """GET /v1/withdrawals[?account=]: an administrator's question without an account is for those of all."""
        by = caller(self._service, request)
        name = query(request, "account").get("account")
        number = by.account.id
        if ADMINISTRATOR in by.roles:
            number = 0 if name is None else self._service.accounts.named(name).id
        elif name not in (None, by.account.name):
            require(by, ADMINISTRATOR)
        found = self._service.state.withdrawals.of_account(number)
        return answer({"withdrawals": [self._view(withdrawal) for withdrawal in found]})

    async def settle(self, request: web.Request) -> web.Response:
        """POST /v1/withdrawals/{id}/settle: it has left the venue."""
        return await self._end(request, SETTLED)

    async def cancel(self, request: web.Request) -> web.Response:
        """POST /v1/withdrawals/{id}/cancel: it is available again."""
        return await self._end(request, CANCELLED)

    async def set_status(self, request: web.Request) -> web.Response:
        """PUT /v1/accounts/{name}/status: what the account may do, whether its owner is known, what fees it pays."""
        by = administrator(self._service, request)
        body = messages.decode(ledger_messages.statuses, await request.read())
        changes = 0
        fields: dict[str, Any] = {}
        if body.status is not None:
            changes |= StatusChange.STATUS
            fields["status"] = AccountStatus[body.status.upper()].value
        if body.kyc_status is not None:
            changes |= StatusChange.KYC_STATUS
            fields["kyc_status"] = KycStatus[body.kyc_status.upper()].value
        if body.fee_class is not None:
            changes |= StatusChange.FEE_CLASS
            fields["fee_class"] = body.fee_class
        account = self._service.accounts.named(request.match_info["name"])
        record = details(Kind.ACCOUNT_STATUS, account=account.id, changes=int(changes), **fields)
        given = {name: value for name, value in to_builtins(body).items() if value is not None}
        intent = Intent(actor_of(by, request), "account.status", account.name, after=given)
        return answer(await self._service.administration.send(intent, record))

    async def _end(self, request: web.Request, status: str) -> web.Response:
        by = administrator(self._service, request)
        withdrawal = self._postings.withdrawal(request.match_info["id"])
        if withdrawal.status != status:
            intent = Intent(
                actor_of(by, request), f"withdrawal.{status}", str(withdrawal.id), withdrawal.status, status
            )
            end = partial(self._postings.end, withdrawal, settle=status == SETTLED)
            await self._service.administration.carry_out(intent, end)
        if withdrawal.status != status:  # somebody else's was first
            raise error("withdrawal_ended", f"the withdrawal is {withdrawal.status}", status=withdrawal.status)
        return answer(self._view(withdrawal))

    def _view(self, withdrawal: Withdrawal) -> dict[str, str]:
        name = self._service.accounts.name_of(withdrawal.account)
        return withdrawal_view(withdrawal, name, self._service.ledger.asset_of(withdrawal.asset))

    async def _post(
        self, request: web.Request, act: str, bodies: Decoder[_Posting], record: Callable[[_Posting], Any]
    ) -> web.Response:
        """A posting that only an administrator may make."""
        by = administrator(self._service, request)
        body = messages.decode(bodies, await request.read())
        target = body.account if isinstance(body, PostingBody) else body.target
        intent = Intent(actor_of(by, request), act, target, after=to_builtins(body))
        return _posted(body, await self._service.administration.carry_out(intent, partial(record, body)))


def asked_account(service: Service, request: web.Request) -> Account:
    """The account that a question is about: the own, or with a role for that any. Raises TradingError."""
    by = caller(service, request)
    name = query(request, "account").get("account")
    if name is None or name == by.account.name:
        return by.account
    require(by, ADMINISTRATOR, RISK_OFFICER)
    return service.accounts.named(name)


def _posted(body: PostingBody | ledger_messages.CorrectionBody, recorded: Recorded) -> web.Response:
    return answer({"id": str(body.id), "sequence": recorded.sequence}, 201)

"""Money over REST: what accounts own and have traded, and postings that move it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from aiohttp import web

from gateway import ledger_messages, messages
from gateway.auth import ADMINISTRATOR, RISK_OFFICER, require
from gateway.entry import Reply
from gateway.ledger_messages import PostingBody
from gateway.ledger_views import balance_views, fee_views, position_views, withdrawal_view
from gateway.rest.answers import answer, caller, outcome, query
from gateway.service import Service
from gateway.withdrawals import CANCELLED, SETTLED, Withdrawal
from tradsys.errors import error
from tradsys.ledger.terms import AccountStatus, KycStatus, StatusChange
from tradsys.records import Kind
from tradsys.symbols import Account


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
        self._require_administrator(request)
        body = messages.decode(ledger_messages.fees, await request.read())
        symbol = self._service.entry.market(body.symbol).symbol.id if body.symbol else 0
        send = partial(
            self._service.entry.record,
            Kind.FEES,
            symbol=symbol,
            fee_class=body.fee_class,
            tier=body.tier,
            maker_rate=body.maker_rate,
            taker_rate=body.taker_rate,
            minimum=body.minimum,
        )
        return answer(await outcome(send))

    async def deposit(self, request: web.Request) -> web.Response:
        """POST /v1/deposits: from outside to an account."""
        self._require_administrator(request)
        body = messages.decode(ledger_messages.postings, await request.read())
        return await _posted(body, partial(self._postings.deposit, body))

    async def reserve(self, request: web.Request) -> web.Response:
        """POST /v1/withdrawals: what is to be withdrawn is held."""
        self._require_administrator(request)
        body = messages.decode(ledger_messages.postings, await request.read())
        return await _posted(body, partial(self._postings.reserve, body))

    async def transfer(self, request: web.Request) -> web.Response:
        """POST /v1/transfers: from the own account to another."""
        account = caller(self._service, request)
        body = messages.decode(ledger_messages.postings, await request.read())
        return await _posted(body, partial(self._postings.transfer, account, body))

    async def correct(self, request: web.Request) -> web.Response:
        """POST /v1/corrections: from any account to any other."""
        self._require_administrator(request)
        body = messages.decode(ledger_messages.corrections, await request.read())
        return await _posted(body, partial(self._postings.correct, body))

    async def withdrawals(self, request: web.Request) -> web.Response:
        """GET /v1/withdrawals[?account=]: an administrator's question without an account is for those of all."""
        account = caller(self._service, request)
        name = query(request, "account").get("account")
        number = account.id
        if ADMINISTRATOR in self._service.authenticator.roles_of(account):
            number = 0 if name is None else self._service.accounts.named(name).id
        elif name not in (None, account.name):
            require(self._service.authenticator, account, ADMINISTRATOR)
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
        self._require_administrator(request)
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
        send = partial(
            self._service.entry.record, Kind.ACCOUNT_STATUS, account=account.id, changes=int(changes), **fields
        )
        return answer(await outcome(send))

    async def _end(self, request: web.Request, status: str) -> web.Response:
        self._require_administrator(request)
        withdrawal = self._postings.withdrawal(request.match_info["id"])
        if withdrawal.status != status:
            await outcome(partial(self._postings.end, withdrawal, settle=status == SETTLED))
        if withdrawal.status != status:  # somebody else's was first
            raise error("withdrawal_ended", f"the withdrawal is {withdrawal.status}", status=withdrawal.status)
        return answer(self._view(withdrawal))

    def _view(self, withdrawal: Withdrawal) -> dict[str, str]:
        name = self._service.accounts.name_of(withdrawal.account)
        return withdrawal_view(withdrawal, name, self._service.ledger.asset_of(withdrawal.asset))

    def _require_administrator(self, request: web.Request) -> None:
        require(self._service.authenticator, caller(self._service, request), ADMINISTRATOR)


def asked_account(service: Service, request: web.Request) -> Account:
    """The account that a question is about: the own, or with a role for that any. Raises TradingError."""
    account = caller(service, request)
    name = query(request, "account").get("account")
    if name is None or name == account.name:
        return account
    require(service.authenticator, account, ADMINISTRATOR, RISK_OFFICER)
    return service.accounts.named(name)


async def _posted(body: PostingBody | ledger_messages.CorrectionBody, send: Callable[[Reply], None]) -> web.Response:
    recorded: Any = await outcome(send)
    return answer({"id": str(body.id), "sequence": recorded.sequence}, 201)

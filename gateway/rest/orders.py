"""Orders over REST: place, amend, cancel, cancel all, look up."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from gateway import messages
from gateway.orders import Order
from gateway.outcome import outcome
from gateway.rest.answers import account_of, answer, choice, query
from gateway.results import SIDES, order_view
from gateway.service import Service


class Orders:
    """Handlers of /orders and /orders/{order_id}."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Register the handlers."""
        router.add_post("/orders", self.place)
        router.add_post("/v1/orders/check", self.check)
        router.add_get("/orders", self.find, allow_head=False)
        router.add_delete("/orders", self.cancel_many)
        router.add_patch("/orders/{order_id}", self.amend)
        router.add_get("/orders/{order_id}", self.get, allow_head=False)
        router.add_delete("/orders/{order_id}", self.cancel)

    async def place(self, request: web.Request) -> web.Response:
        """POST /orders: 201 and the order as the core has left it."""
        account = account_of(self._service, request)
        message = messages.decode(messages.place_bodies, await request.read())
        return answer(await outcome(partial(self._service.entry.place, account, message)), 201)

    async def check(self, request: web.Request) -> web.Response:
        """POST /v1/orders/check: what each check would say, what the order would hold and cost. Places nothing."""
        account = account_of(self._service, request)
        message = messages.decode(messages.place_bodies, await request.read())
        await self._service.ledger.settled()
        return answer(self._service.check_order(account, message))

    async def amend(self, request: web.Request) -> web.Response:
        """PATCH /orders/{order_id}: the order after the change."""
        account = account_of(self._service, request)
        message = messages.decode(messages.amend_bodies, await request.read())
        order = self._service.entry.find_open(account, request.match_info["order_id"], None)
        return answer(await outcome(partial(self._service.entry.amend, order, message)))

    async def cancel(self, request: web.Request) -> web.Response:
        """DELETE /orders/{order_id}: the cancelled order."""
        account = account_of(self._service, request)
        order = self._service.entry.find_open(account, request.match_info["order_id"], None)
        return answer(await outcome(partial(self._service.entry.cancel, order)))

    async def cancel_many(self, request: web.Request) -> web.Response:
        """DELETE /orders[?symbol=][&side=]: all of the account's orders; DELETE /orders?client_order_id=: that one."""
        account = account_of(self._service, request)
        parameters = query(request, "symbol", "side", "client_order_id")
        client_order_id = parameters.get("client_order_id")
        if client_order_id is not None:
            order = self._service.entry.find_open(account, None, client_order_id)
            return answer(await outcome(partial(self._service.entry.cancel, order)))
        side = choice(parameters.get("side"), "side", SIDES)
        return answer(
            await outcome(partial(self._service.entry.cancel_all, account, parameters.get("symbol"), side=side))
        )

    async def get(self, request: web.Request) -> web.Response:
        """GET /orders/{order_id}: open, or among the last that ended."""
        account = account_of(self._service, request)
        return self._found(self._service.entry.find(account, request.match_info["order_id"], None))

    async def find(self, request: web.Request) -> web.Response:
        """GET /orders[?symbol=]: the open orders; GET /orders?client_order_id=: the last of that id, for certain."""
        account = account_of(self._service, request)
        parameters = query(request, "symbol", "client_order_id")
        client_order_id = parameters.get("client_order_id")
        if client_order_id is not None:
            await self._service.under_way.heard()
            return self._found(self._service.entry.find(account, None, client_order_id))
        return answer({"orders": self._service.open_orders(account, parameters.get("symbol"))})

    def _found(self, order: Order) -> web.Response:
        return answer(order_view(order, self._service.state.markets[order.symbol]))

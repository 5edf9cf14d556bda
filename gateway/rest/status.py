"""The venue's health, and a short help at the root."""

from __future__ import annotations

from aiohttp import web

from gateway import health
from gateway.auth import ADMINISTRATOR
from gateway.rest.answers import KEY_HEADER, answer, caller
from gateway.service import Service

_HELP = {
    "venue": "TradSys",
    "documentation": "docs/api.md",
    "keys": "send your key in the header X-API-Key",
    "rest": [
        "POST /orders",
        "GET /orders",
        "DELETE /orders",
        "GET /orders/{order_id}",
        "PATCH /orders/{order_id}",
        "DELETE /orders/{order_id}",
        "POST /v1/orders/check",
        "GET /v1/balances",
        "GET /v1/positions",
        "GET /v1/fees",
        "GET /v1/limits",
        "GET /v1/withdrawals",
        "POST /v1/transfers",
        "GET /v1/breakers",
        "GET /symbols",
        "GET /depth/{symbol}",
        "GET /trades/{symbol}",
        "GET /health",
        "GET /health/live",
        "GET /health/ready",
    ],
    "websocket": "/ws",
}


class Status:
    """Handlers of / and /health."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Register the handlers."""
        router.add_get("/", self.help)
        router.add_get("/health", self.health)
        router.add_get("/health/live", self.live)
        router.add_get("/health/ready", self.ready)

    async def help(self, request: web.Request) -> web.Response:
        """GET /: what there is."""
        return answer(_HELP)

    async def live(self, request: web.Request) -> web.Response:
        """GET /health/live: that this gateway answers. Who gets no answer may start it anew."""
        return answer({"live": True})

    async def ready(self, request: web.Request) -> web.Response:
        """GET /health/ready: 200 when the venue takes orders, 503 when it does not, and why."""
        details = self._service.health()
        return answer({"ready": details.ready, "reasons": details.reasons}, 200 if details.ready else 503)

    async def health(self, request: web.Request) -> web.Response:
        """GET /health: the same statuses; what everybody may know, and more for administrators."""
        details = self._service.health()
        told = details if self._is_administrator(request) else health.public(details)
        return answer(told, 200 if details.ready else 503)

    def _is_administrator(self, request: web.Request) -> bool:
        if KEY_HEADER not in request.headers:
            return False
        return ADMINISTRATOR in caller(self._service, request).roles

"""The venue's health, and a short help at the root."""

from __future__ import annotations

from aiohttp import web

from gateway.rest.answers import answer
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

    async def help(self, request: web.Request) -> web.Response:
        """GET /: what there is."""
        return answer(_HELP)

    async def health(self, request: web.Request) -> web.Response:
        """GET /health: 200 when the venue takes orders, 503 when it does not; the same body."""
        health = self._service.health()
        return answer(health, 200 if health.ready else 503)

"""The HTTP application: routes, and errors as JSON whatever went wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from gateway import results
from gateway.rest.answers import json_response
from gateway.rest.balances import Balances
from gateway.rest.market_data import MarketData
from gateway.rest.orders import Orders
from gateway.rest.risk import Risk
from gateway.rest.status import Status
from gateway.service import Service
from gateway.websocket.endpoint import Endpoint
from tradsys.errors import TradingError, error
from tradsys.logging import logger

_log = logger("gateway.rest")

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_CODES = {404: "not_found", 405: "method_not_allowed", 413: "frame_too_large"}


def application(service: Service) -> web.Application:
    """The app that serves `service`, with its WebSocket closed down first when it stops."""
    app = web.Application(middlewares=[_errors_as_json], client_max_size=service.frame_bytes_max)
    endpoint = Endpoint(service)
    Orders(service).add_routes(app.router)
    Balances(service).add_routes(app.router)
    MarketData(service).add_routes(app.router)
    Risk(service).add_routes(app.router)
    Status(service).add_routes(app.router)
    app.router.add_get("/ws", endpoint.serve)
    app.on_shutdown.append(endpoint.close_all)
    return app


@web.middleware
async def _errors_as_json(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except TradingError as problem:
        return error_response(problem)
    except web.HTTPException as problem:
        if problem.status < 400:
            raise
        code = _CODES.get(problem.status)
        response = error_response(error("invalid_message", problem.reason) if code is None else error(code))
        if "Allow" in problem.headers:
            response.headers["Allow"] = problem.headers["Allow"]
        return response
    except Exception:
        _log.exception("request failed", method=request.method, path=request.path)
        return error_response(error("internal_error"))


def error_response(problem: TradingError) -> web.Response:
    """The answer that tells an error."""
    return json_response(results.error_body(problem), problem.status)

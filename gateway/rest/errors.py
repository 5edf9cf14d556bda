"""Around every request: its id, and an answer in JSON whatever goes wrong."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web
from structlog.contextvars import bind_contextvars, clear_contextvars

from gateway import results
from gateway.failures import as_error, tell
from gateway.rest.answers import json_response
from tradsys.errors import TradingError, error

REQUEST_ID_HEADER = "X-Request-Id"
REQUEST_ID = web.RequestKey("request_id", str)
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_CODES = {404: "not_found", 405: "method_not_allowed", 413: "frame_too_large"}
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def named_requests(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Give each request an id, the client's own if it is well formed: in its log lines and in its answer."""
    given = request.headers.get(REQUEST_ID_HEADER, "")
    request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    clear_contextvars()  # a connection's requests follow each other in one task
    bind_contextvars(request_id=request_id)
    request[REQUEST_ID] = request_id
    if (order := request.match_info.get("order_id")) is not None:
        bind_contextvars(order=order)
    response = await handler(request)
    if not response.prepared:  # a WebSocket has said it at its upgrade
        response.headers[REQUEST_ID_HEADER] = request_id
    return response


@web.middleware
async def errors_as_json(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Convert what is raised, log it once, and answer it."""
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        if refusal.status < 400:
            raise
        response = _refused(request, _error_of(refusal))
        if "Allow" in refusal.headers:
            response.headers["Allow"] = refusal.headers["Allow"]
        return response
    except Exception as problem:
        return _refused(request, as_error(problem))


def _refused(request: web.Request, problem: TradingError) -> web.Response:
    tell(problem, method=request.method, path=request.path)
    return json_response(results.error_body(problem), problem.status)


def _error_of(refusal: web.HTTPException) -> TradingError:
    """aiohttp's own refusals in the words of the table."""
    code = _CODES.get(refusal.status)
    return error("invalid_message", refusal.reason) if code is None else error(code)

"""JSON answers, and what is common to reading requests."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from structlog.contextvars import bind_contextvars

from gateway import results
from gateway.auth import ADMINISTRATOR, Caller, require
from gateway.service import Service
from tradsys.errors import ValidationError

KEY_HEADER = "X-API-Key"
ACCOUNT_HEADER = "X-Account"
"""Which of a user's accounts a request is for."""


def json_response(body: bytes, status: int = 200) -> web.Response:
    """An answer whose body is JSON already."""
    return web.Response(body=body, status=status, content_type="application/json")


def answer(result: Any, status: int = 200) -> web.Response:
    """An answer of anything that encodes to JSON."""
    return json_response(results.encode(result), status)


def caller(service: Service, request: web.Request) -> Caller:
    """Who asks, and for which account; the log's lines name them from here on. Raises TradingError."""
    found = service.authenticator.caller_of(request.headers.get(KEY_HEADER), request.headers.get(ACCOUNT_HEADER))
    bind_contextvars(account=found.account.name)
    if found.user:
        bind_contextvars(user=found.user)
    return found


def administrator(service: Service, request: web.Request) -> Caller:
    """The administrator who asks. Raises TradingError."""
    found = caller(service, request)
    require(found, ADMINISTRATOR)
    return found


def account_of(service: Service, request: web.Request) -> int:
    """The account's number. Raises TradingError."""
    return caller(service, request).account.id


def query(request: web.Request, *names: str) -> dict[str, str]:
    """The query parameters, each of which must be among `names`. Raises ValidationError."""
    for name in request.query:
        if name not in names:
            known = ", ".join(names) or "none"
            raise ValidationError("unknown_field", f"{name} is no parameter here; known: {known}", field=name)
    return dict(request.query)


def count(text: str | None, field: str, default: int, most: int) -> int:
    """A number of rows from 1 to `most`. Raises ValidationError."""
    if text is None:
        return min(default, most)
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or not 1 <= int(text) <= most:
        raise ValidationError("invalid_field", f"{field} is a whole number from 1 to {most}", field=field)
    return int(text)


def choice(text: str | None, field: str, choices: tuple[str, ...]) -> str | None:
    """One of the choices, None when there is nothing. Raises ValidationError."""
    if text is not None and text not in choices:
        sentence = f"{field} cannot be {text!r}; it is one of {', '.join(choices)}"
        raise ValidationError("invalid_field", sentence, field=field)
    return text

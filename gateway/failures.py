"""What becomes of a request that fails: one error for the client, and one line in the log at the right level."""

from __future__ import annotations

import logging
from typing import Any

from tradsys.errors import Category, TradingError, error
from tradsys.logging import logger

_NAME = "gateway.requests"
_BUG = 500
_LEVELS = {
    Category.SECURITY: logging.INFO,
    Category.PERFORMANCE: logging.WARNING,
    Category.INFRASTRUCTURE: logging.WARNING,
    Category.EXTERNAL_SERVICE: logging.WARNING,
    Category.CONFIGURATION: logging.ERROR,
}
"""Of all others, which are the client's own affair: debug."""

_log = logger(_NAME)
_standard = logging.getLogger(_NAME)
"""The same logger, which knows its level in a few tens of nanoseconds: refusals come as fast as orders."""


def as_error(problem: Exception) -> TradingError:
    """What a client is told: what nobody has foreseen is an `internal_error`."""
    return problem if isinstance(problem, TradingError) else error("internal_error", cause=problem)


def tell(problem: TradingError, **where: Any) -> None:
    """Log a refusal with what is known of the request besides the context; with its stack when it is our fault."""
    level = _LEVELS.get(problem.category, logging.DEBUG)
    if problem.status == _BUG:
        _log.error("request failed", code=problem.code, exc_info=problem, **where)
    elif _standard.isEnabledFor(level):
        _log.log(level, "request refused", code=problem.code, why=problem.message, **where)

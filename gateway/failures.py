"""What becomes of a request that fails: one error for the client, and one line in the log at the right level."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
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

_QUIET_SECONDS = 1.0

_log = logger(_NAME)
_standard = logging.getLogger(_NAME)
"""The same logger, which knows its level in a few tens of nanoseconds: refusals come as fast as orders."""


class Sparing:
    """Lets one line of each code pass in a second: what a busy venue refuses comes as fast as orders do."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._clock = clock
        self._since: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def pass_with(self, code: str) -> int | None:
        """How many have been left out since the last one that passed, when this one may pass; else None."""
        now = self._clock()
        if now - self._since.get(code, -_QUIET_SECONDS) < _QUIET_SECONDS:
            self._left_out[code] = self._left_out.get(code, 0) + 1
            return None
        self._since[code] = now
        return self._left_out.pop(code, 0)


_sparing = Sparing()


def as_error(problem: Exception) -> TradingError:
    """What a client is told: what nobody has foreseen is an `internal_error`."""
    return problem if isinstance(problem, TradingError) else error("internal_error", cause=problem)


def tell(problem: TradingError, **where: Any) -> None:
    """Log a refusal with what is known of the request besides the context; with its stack when it is our fault."""
    level = _LEVELS.get(problem.category, logging.DEBUG)
    if problem.status == _BUG:
        _log.error("request failed", code=problem.code, exc_info=problem, **where)
        return
    if not _standard.isEnabledFor(level):
        return
    if level == logging.WARNING:
        left_out = _sparing.pass_with(problem.code)
        if left_out is None:
            return
        where["left_out"] = left_out
    _log.log(level, "request refused", code=problem.code, why=problem.message, **where)

"""Exceptions that nobody catches, in the log instead of on stderr."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import TracebackType

import structlog


def log_crashes(log: structlog.stdlib.BoundLogger, code_of: Callable[[BaseException], str | None]) -> None:
    """From now on an exception that nobody catches, in whichever thread, is logged as what the process says last."""

    def crashed(kind: type[BaseException], problem: BaseException | None, traceback: TracebackType | None) -> None:
        if problem is None or issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, problem or kind(), traceback)
            return
        log.critical(
            "the process fails",
            code=code_of(problem) or "internal_error",
            error=f"{kind.__name__}: {problem}",
            exc_info=(kind, problem, traceback),
        )

    sys.excepthook = crashed
    threading.excepthook = lambda told: crashed(told.exc_type, told.exc_value, told.exc_traceback)

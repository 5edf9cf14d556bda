"""How the venue's processes log."""

from __future__ import annotations

from structlog.stdlib import BoundLogger

from tradsys import logging
from tradsys.configuration.sections import Logging
from workers.codes import code_of


def begin(settings: Logging, process: str) -> None:
    """Let this process log under its name, as the venue does, and also what nobody catches."""
    logging.configure(settings.level, settings.format, process=process)
    logging.log_crashes(logging.logger(process), code_of)


def tell_failure(log: BoundLogger, event: str, problem: Exception) -> None:
    """Log why a process ends: with its code, or with its stack when nobody has foreseen it."""
    code = code_of(problem)
    stack = {} if code else {"exc_info": problem}
    log.critical(event, code=code or "internal_error", error=f"{type(problem).__name__}: {problem}", **stack)

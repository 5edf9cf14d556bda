"""Structured logging to stderr: JSON lines or readable text, with bound context. Nothing on the hot path logs."""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

import structlog

_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def configure(level: str = "info", format: str = "auto", stream: TextIO | None = None) -> None:
    """Send every log line of this process, also those of libraries, to `stream` (stderr).

    `format` is "json", "console", or "auto": console on a terminal, JSON elsewhere. Raises ValueError for others.
    """
    stream = sys.stderr if stream is None else stream
    if format not in ("auto", "console", "json"):
        raise ValueError(f"a log format is auto, console or json, not {format!r}")
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"{level!r} is no log level")
    terminal = stream.isatty()
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(format, terminal)],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(number)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def logger(name: str, **bound: Any) -> structlog.stdlib.BoundLogger:
    """A logger whose lines carry `name` and the values bound here."""
    return structlog.stdlib.get_logger(name, **bound)


def _renderers(format: str, terminal: bool) -> list[structlog.typing.Processor]:
    if format == "console" or (format == "auto" and terminal):
        return [structlog.dev.ConsoleRenderer(colors=terminal)]
    return [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]

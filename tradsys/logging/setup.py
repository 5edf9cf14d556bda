"""Where log lines go and what they look like."""

from __future__ import annotations

import atexit
import logging
import os
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import structlog

from tradsys.logging.journald import JournalHandler, leads_to_journal
from tradsys.logging.redaction import redact
from tradsys.logging.repetition import Repetitions, tell

CONSOLE, JSON, JOURNALD = "console", "json", "journald"
FORMATS = (CONSOLE, JSON, JOURNALD)
_AUTO = "auto"

_repetitions = Repetitions(tell)
_process: str | None = None
_for_machines = False


def chosen_format(format: str, stream: TextIO, environ: Mapping[str, str] = os.environ) -> str:
    """What "auto" stands for: the journal's protocol under systemd, text on a terminal, JSON elsewhere.

    Raises ValueError for what is no format.
    """
    if format not in (_AUTO, *FORMATS):
        raise ValueError(f"a log format is {_AUTO}, {', '.join(FORMATS)}, not {format!r}")
    if format != _AUTO:
        return format
    if leads_to_journal(stream, environ):
        return JOURNALD
    return CONSOLE if stream.isatty() else JSON


def is_for_machines() -> bool:
    """Whether this process logs for programs, and not for somebody who only reads through a pipe."""
    return _for_machines


def configure(
    level: str = "info", format: str = _AUTO, stream: TextIO | None = None, *, process: str | None = None
) -> None:
    """Send every log line of this process, also those of libraries, to `stream` (stderr) or the journal.

    Each line carries the pid and the name `process`, which is kept when this is called again without. Raises ValueError
    for a level or format that is none.
    """
    global _for_machines, _process, _repetitions
    stream = sys.stderr if stream is None else stream
    chosen = chosen_format(format, stream)
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"{level!r} is no log level")
    _repetitions.end_all()
    _repetitions = Repetitions(tell)
    _process = process or _process
    _for_machines = format == JSON or chosen == JOURNALD
    shared = _shared(_process)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.contextvars.merge_contextvars, *shared],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *_renderers(chosen, _has_colours(stream)),
        ],
    )
    handler = JournalHandler(stream) if chosen == JOURNALD else logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    handler.addFilter(_repetitions.filter)
    root = logging.getLogger()
    for before in root.handlers:
        if isinstance(before, JournalHandler):
            before.close()
    root.handlers = [handler]
    root.setLevel(number)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            _repetitions.processor,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def logger(name: str, **bound: Any) -> structlog.stdlib.BoundLogger:
    """A logger whose lines carry `name` and the values bound here."""
    return structlog.stdlib.get_logger(name, **bound)


def tell_repetitions() -> None:
    """Tell how often lines were repeated, where that is due. For loops that run all the time."""
    _repetitions.end_old()


@atexit.register
def _tell_all() -> None:
    logging.raiseExceptions = False  # a stream may be closed by now
    _repetitions.end_all()


def _shared(process: str | None) -> list[structlog.typing.Processor]:
    def name_process(_logger: Any, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        if process is not None:
            line.setdefault("process", process)
        line.setdefault("pid", os.getpid())
        return line

    return [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        name_process,
    ]


def _renderers(format: str, colours: bool) -> list[structlog.typing.Processor]:
    # Tracebacks without the values of variables: those are where secrets are.
    if format == JSON:
        tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        return [structlog.processors.ExceptionRenderer(tracebacks), redact, structlog.processors.JSONRenderer()]
    as_text = structlog.processors.format_exc_info
    if format == JOURNALD:
        return [as_text, redact, structlog.processors.JSONRenderer()]
    plain = structlog.dev.plain_traceback
    return [as_text, redact, structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain)]


def _has_colours(stream: TextIO) -> bool:
    """On a terminal, or where the terminal is at the end of a pipe (see no-color.org, force-color.org)."""
    return not os.environ.get("NO_COLOR") and (stream.isatty() or bool(os.environ.get("FORCE_COLOR")))

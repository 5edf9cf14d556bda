"""What repeats itself is counted instead of told again: a warning once in an interval, and of lines alike only a few.

Bounded in memory: so many kinds of lines, and of each so many different ones, are remembered.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import structlog

INTERVAL_SECONDS = 10.0
ALIKE_MAX = 20
KINDS_MAX = 512
_COUNTED = "repeated"
"""The field of a line that tells a count. Such a line is never counted itself."""


class Kind(NamedTuple):
    """What makes lines alike."""

    logger: str
    level: int
    event: str
    code: str
    worker: str


class _Interval:
    """Lines of one kind since `begun`."""

    def __init__(self, begun: float) -> None:
        self.begun = begun
        self.lines: set[int] = set()
        """Hashes of those that were told."""
        self.told = 0
        self.left_out = 0


class Repetitions:
    """Decides which lines are told, and tells by `tell(kind, count, seconds)` how many were not. Safe in threads.

    `clock` gives seconds.
    """

    def __init__(self, tell: Callable[[Kind, int, float], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._tell = tell
        self._clock = clock
        self._intervals: dict[Kind, _Interval] = {}
        """The oldest first."""
        self._lock = threading.RLock()  # to tell is to log, which comes by here again

    def admits(self, kind: Kind, fields: Mapping[str, Any]) -> bool:
        """Whether a line is to be told. Below info everything is, and what tells a count."""
        if kind.level < logging.INFO or _COUNTED in fields:
            return True
        line = hash(tuple(sorted((name, _text(name, value)) for name, value in fields.items())))
        with self._lock:
            self.end_old()
            interval = self._intervals.get(kind)
            if interval is None:
                if len(self._intervals) >= KINDS_MAX:
                    self._end(next(iter(self._intervals)))
                interval = self._intervals[kind] = _Interval(self._clock())
            # The same information once more is news: the venue is ready again.
            is_known = kind.level >= logging.WARNING and line in interval.lines
            if is_known or interval.told >= ALIKE_MAX:
                interval.left_out += 1
                return False
            interval.lines.add(line)
            interval.told += 1
            return True

    def end_old(self) -> None:
        """Tell the counts of the intervals that are over. To be called from time to time."""
        with self._lock:
            now = self._clock()
            while self._intervals:
                kind, interval = next(iter(self._intervals.items()))
                if now - interval.begun < INTERVAL_SECONDS:
                    return
                self._end(kind)

    def end_all(self) -> None:
        """Tell every count: the process ends."""
        with self._lock:
            while self._intervals:
                self._end(next(iter(self._intervals)))

    def _end(self, kind: Kind) -> None:
        interval = self._intervals.pop(kind)
        if interval.left_out:
            self._tell(kind, interval.left_out, self._clock() - interval.begun)

    def processor(self, logger: Any, method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        """For structlog: drop a line that is not to be told."""
        if not self.admits(_kind(logger.name, _LEVELS.get(method, logging.INFO), line), line):
            raise structlog.DropEvent
        return line

    def filter(self, record: logging.LogRecord) -> bool:
        """For handlers: the lines of libraries. Structlog's own have come by the processor."""
        if isinstance(record.msg, dict):
            return True
        return self.admits(_kind(record.name, record.levelno, {"event": record.msg}), {"arguments": record.args})


_LEVELS = {name.lower(): number for name, number in logging.getLevelNamesMapping().items()} | {
    "exception": logging.ERROR,
    "warn": logging.WARNING,
}


def _text(name: str, value: Any) -> str:
    return repr(sys.exc_info()[1] if name == "exc_info" and value is True else value)


def _kind(logger: str, level: int, line: Mapping[str, Any]) -> Kind:
    return Kind(logger, level, str(line.get("event")), str(line.get("code", "")), str(line.get("worker", "")))


def tell(kind: Kind, count: int, seconds: float) -> None:
    """Log how many lines like the last one of this kind were left out."""
    named = {name: value for name, value in (("code", kind.code), ("worker", kind.worker)) if value}
    log = structlog.stdlib.get_logger(kind.logger)
    log.log(kind.level, f"{kind.event} … and {count} more in {seconds:.0f} s", **{_COUNTED: count}, **named)

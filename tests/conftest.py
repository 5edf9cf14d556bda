"""Fixtures for every test: the seed of the run, venue names that prove that nothing is left behind, and the log."""

from __future__ import annotations

import io
import json
import logging
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import structlog

from shm.arena import Arena, sizeof
from shm.segment import Segment
from tradsys.logging import configure, setup

# A shared machine is too noisy for hypothesis's own deadlines; pytest-timeout stops what hangs.
hypothesis.settings.register_profile("tradsys", deadline=None, print_blob=True)
hypothesis.settings.load_profile("tradsys")

_SHARED_MEMORY = Path("/dev/shm")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed once, before any worker process starts and inherits it."""
    chosen = os.environ.setdefault("TRADSYS_SEED", str(secrets.randbelow(1 << 32)))
    if getattr(config.option, "hypothesis_seed", None) is None:
        config.option.hypothesis_seed = chosen


def pytest_report_header() -> str:
    return f"TRADSYS_SEED={os.environ['TRADSYS_SEED']}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if terminalreporter.stats.get("failed"):
        terminalreporter.write_line(f"random tests: repeat with TRADSYS_SEED={os.environ['TRADSYS_SEED']}")


@pytest.fixture
def seed() -> int:
    """The seed of random tests, from TRADSYS_SEED or chosen anew; shown when a test fails."""
    return int(os.environ["TRADSYS_SEED"])


class Logged:
    """What is logged from now on, as JSON."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        self.restart("debug")

    def restart(self, level: str) -> None:
        """Forget what there is, and take lines from this level on."""
        self._stream = io.StringIO()
        configure(level, "json", self._stream)

    def lines(self, logger: str = "") -> list[dict[str, Any]]:
        """The lines, oldest first; of one logger and those below it."""
        found = [json.loads(line) for line in self._stream.getvalue().splitlines()]
        return [line for line in found if f"{line['logger']}.".startswith(f"{logger}." if logger else "")]


@pytest.fixture
def logged() -> Iterator[Logged]:
    """Collects this process's log lines; afterwards logging is as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    setup._process = None
    yield Logged()
    setup._process = None
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def venue_name() -> Iterator[str]:
    """A name that no other venue or test has; afterwards no shared memory of that name may be left."""
    name = f"test-{os.getpid()}-{secrets.token_hex(4)}"
    yield name
    left = sorted(path.name for path in _SHARED_MEMORY.glob(f"*{name}*"))
    for segment in left:
        (_SHARED_MEMORY / segment).unlink(missing_ok=True)
    assert not left, f"left in {_SHARED_MEMORY}: {', '.join(left)}"


@pytest.fixture
def make_segment(venue_name: str) -> Iterator[Callable[[str, Callable[[Arena], object]], Segment]]:
    """Makes a segment just large enough for a layout; all are gone after the test."""
    with ExitStack() as cleanup:

        def make(part: str, layout: Callable[[Arena], object]) -> Segment:
            segment = Segment.create(f"/tradsys-{venue_name}-{part}", sizeof(layout), "test")
            cleanup.callback(segment.unlink)
            cleanup.callback(segment.close)
            return segment

        yield make

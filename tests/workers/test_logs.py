"""What a process of the venue says when it fails, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import Logged
from tradsys.errors import error
from tradsys.logging import logger
from workers import logs
from workers.journal import JournalError
from workers.supervision import said

PROGRAM = """
import threading
from tradsys.configuration.sections import Logging
from workers import logs
logs.begin(Logging(level="info", format="{format}"), "engine")
{body}
"""


def said_by(body: str, format: str = "json") -> list[str]:
    """The lines that the program writes to stderr. It imports no kernels, so this is quick."""
    program = PROGRAM.format(format=format, body=body)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == ""
    return done.stderr.splitlines()


def only_line(body: str) -> dict[str, Any]:
    (line,) = said_by(body)
    told: dict[str, Any] = json.loads(line)
    return told


def test_what_nobody_catches_is_one_line_of_the_log() -> None:
    told = only_line("password = 'hunter2'; raise RuntimeError(f'{password=}')")
    assert (told["event"], told["level"], told["process"]) == ("the process fails", "critical", "engine")
    assert (told["code"], told["error"]) == ("internal_error", "RuntimeError: password=[redacted]")
    assert told["exception"][0]["exc_type"] == "RuntimeError"
    assert "hunter2" not in json.dumps(told)


def test_an_error_for_people_has_its_code_also_when_nobody_catches_it() -> None:
    assert only_line("from tradsys.errors import error; raise error('busy')")["code"] == "busy"
    assert only_line("open('/nowhere/file')")["code"] == "host_refused"


def test_a_thread_that_fails_is_told_too() -> None:
    body = "thread = threading.Thread(target=lambda: [][1]); thread.start(); thread.join()"
    assert only_line(body)["error"] == "IndexError: list index out of range"


def test_on_a_console_it_is_text() -> None:
    lines = said_by("raise RuntimeError('broken')", "console")
    assert "the process fails" in lines[0]
    assert lines[-1] == "RuntimeError: broken"


def test_counts_that_are_due_are_told_before_the_end() -> None:
    body = "from tradsys.logging import logger\nfor _ in range(5): logger('x').warning('again')"
    first, last = (json.loads(line) for line in said_by(body))
    assert (first["event"], last["repeated"]) == ("again", 4)


@pytest.mark.parametrize(
    ("problem", "code", "has_stack"),
    [
        (JournalError("damaged at offset 4096"), "journal_damaged", False),
        (error("busy"), "busy", False),
        (RuntimeError("a bug"), "internal_error", True),
    ],
)
def test_a_failure_has_a_code_or_a_stack(logged: Logged, problem: Exception, code: str, has_stack: bool) -> None:
    logs.tell_failure(logger("x"), "the worker fails", problem)
    (line,) = logged.lines()
    assert (line["level"], line["code"], "exception" in line) == ("critical", code, has_stack)
    assert line["error"] == f"{type(problem).__name__}: {problem}"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            '{"event": "the worker fails", "error": "JournalError: damaged", "pid": 7}',
            "the worker fails: JournalError: damaged",
        ),
        ('{"event": "took a snapshot", "sequence": 7}', "took a snapshot"),
        ("Killed", "Killed"),
        ("[1, 2]", "[1, 2]"),
    ],
)
def test_a_start_that_fails_quotes_the_last_line_in_words(line: str, told: str) -> None:
    child: Any = SimpleNamespace(last_line=line, returncode=1)
    assert said(child) == f"; it said last: {told}"

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import threading
from typing import Any

import pytest
import structlog

from tests.conftest import Logged
from tradsys.logging import chosen_format, configure, logger


@pytest.fixture(autouse=True)
def restored(logged: Logged) -> None:
    """Afterwards logging is as it was."""


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_lines_carry_bound_values_context_level_and_time() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    structlog.contextvars.bind_contextvars(request=7)
    logger("gateway", worker="gateway-0").info("started", port=8080)
    (line,) = _lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line.pop("pid") == os.getpid()
    assert line == {
        "event": "started",
        "level": "info",
        "logger": "gateway",
        "worker": "gateway-0",
        "port": 8080,
        "request": 7,
    }


def test_lines_of_libraries_come_out_in_the_same_form() -> None:
    stream = io.StringIO()
    configure("warning", "json", stream)
    logging.getLogger("aiohttp.access").warning("slow %s", "client")
    (line,) = _lines(stream)
    assert (line["event"], line["logger"], line["level"]) == ("slow client", "aiohttp.access", "warning")


def test_lines_below_the_level_are_left_out() -> None:
    stream = io.StringIO()
    configure("warning", "json", stream)
    logger("x").info("quiet")
    logging.getLogger("y").info("quiet")
    assert stream.getvalue() == ""


def test_an_exception_is_data_in_json_and_text_on_a_console() -> None:
    for form in ("json", "console"):
        stream = io.StringIO()
        configure("info", form, stream)
        try:
            raise RuntimeError("broken")
        except RuntimeError:
            logger("x").exception("failed")
        assert "RuntimeError" in stream.getvalue()
        assert (len(stream.getvalue().splitlines()) == 1) is (form == "json")


def test_auto_is_json_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    configure("info", "auto", stream)
    logger("x").info("hello")
    assert _lines(stream)[0]["event"] == "hello"


@pytest.mark.parametrize(("level", "form"), [("loud", "json"), ("info", "xml")])
def test_an_unknown_level_or_format_is_refused(level: str, form: str) -> None:
    with pytest.raises(ValueError, match=r"loud|xml"):
        configure(level, form)


def test_every_line_names_its_process() -> None:
    stream = io.StringIO()
    configure("info", "json", stream, process="gateway-0")
    logger("x").info("ours")
    logging.getLogger("y").warning("a library's")
    assert [(line["process"], line["pid"]) for line in _lines(stream)] == [("gateway-0", os.getpid())] * 2


async def test_context_belongs_to_a_task_and_to_those_that_it_starts(logged: Logged) -> None:
    async def inner() -> None:
        logger("x").info("inner")

    async def outer(request_id: str) -> None:
        structlog.contextvars.bind_contextvars(request_id=request_id)
        await asyncio.create_task(inner())

    await asyncio.gather(asyncio.create_task(outer("a")), asyncio.create_task(outer("b")))
    logger("x").info("outside")
    assert [line.get("request_id") for line in logged.lines("x")] == ["a", "b", None]


def test_a_thread_begins_without_context(logged: Logged) -> None:
    structlog.contextvars.bind_contextvars(request_id="a")
    thread = threading.Thread(target=lambda: logger("x").info("there"))
    thread.start()
    thread.join()
    assert "request_id" not in logged.lines()[0]


def test_secrets_and_variables_of_tracebacks_are_not_logged() -> None:
    for form in ("json", "console"):
        stream = io.StringIO()
        configure("info", form, stream)
        variable = "hunter2-hunter2"
        try:
            raise RuntimeError(f"password={variable}")
        except RuntimeError:
            logger("x").exception("failed for alice@example.com", api_key=variable, settings={"token": variable})
        logging.getLogger("library").warning("Authorization: Bearer %s", variable)
        assert "hunter2" not in stream.getvalue()
        assert "alice@" not in stream.getvalue()
        assert "RuntimeError" in stream.getvalue()


@pytest.mark.parametrize("format", ["json", "console", "journald"])
def test_a_format_that_is_named_is_taken(format: str) -> None:
    assert chosen_format(format, io.StringIO(), {}) == format


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    def written(**variables: str) -> str:
        for name in ("NO_COLOR", "FORCE_COLOR"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        stream = io.StringIO()
        configure("info", "console", stream)
        logger("x").info("hello")
        return stream.getvalue()

    assert "\x1b[" not in written()
    assert "\x1b[" in written(FORCE_COLOR="1")
    assert "\x1b[" not in written(FORCE_COLOR="1", NO_COLOR="1")

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from tradsys.logging import configure, logger


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_lines_carry_bound_values_context_level_and_time() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    structlog.contextvars.bind_contextvars(request=7)
    logger("gateway", worker="gateway-0").info("started", port=8080)
    (line,) = _lines(stream)
    assert line.pop("timestamp").endswith("Z")
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

"""What both clients share: the venue's error answers as exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradsys.errors import TradingError, error, kind


def exception_of(problem: Mapping[str, Any]) -> TradingError:
    """The exception that an error answer stands for; one of a newer venue's codes is a `bad_answer`."""
    code = str(problem.get("code", "bad_answer"))
    try:
        known = kind(code)
    except KeyError:
        return error("bad_answer", f"{code}: {problem.get('message', '')}")
    return known(code, problem.get("message"), field=problem.get("field"), details=problem.get("details"))


def without_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that were given."""
    return {name: value for name, value in fields.items() if value is not None}

"""What both clients share: the venue's error answers as exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradsys.errors import TradingError, entry


def exception_of(problem: Mapping[str, Any]) -> TradingError:
    """The exception that an error answer stands for; one of a newer venue's codes is an `internal_error` of ours."""
    code = str(problem.get("code", "internal_error"))
    try:
        kind = entry(code).kind
    except KeyError:
        return entry("internal_error").kind("internal_error", f"{code}: {problem.get('message', '')}")
    return kind(code, problem.get("message"), field=problem.get("field"), details=problem.get("details"))


def without_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that were given."""
    return {name: value for name, value in fields.items() if value is not None}

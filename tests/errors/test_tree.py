from __future__ import annotations

import time

import pytest
from structlog.contextvars import bound_contextvars

from tradsys.errors import (
    BusinessRuleError,
    Category,
    ConfigurationError,
    ExternalServiceError,
    InfrastructureError,
    OrderEndedError,
    PerformanceError,
    SecurityError,
    TradingError,
    ValidationError,
    entries,
    error,
    kind,
)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("invalid_json", ValidationError),
        ("insufficient_funds", BusinessRuleError),
        ("journal_unavailable", InfrastructureError),
        ("bad_answer", ExternalServiceError),
        ("unauthenticated", SecurityError),
        ("role_required", SecurityError),
        ("not_your_order", SecurityError),
        ("busy", PerformanceError),
        ("too_slow", PerformanceError),
        ("timeout", PerformanceError),
        ("invalid_configuration", ConfigurationError),
        ("self_trade", OrderEndedError),
    ],
)
def test_an_error_is_of_its_categorys_class(code: str, expected: type[TradingError]) -> None:
    assert type(error(code)) is expected
    assert issubclass(expected, TradingError)


def test_every_category_has_a_class_and_every_class_a_code() -> None:
    assert {row.category for row in entries()} == set(Category)
    assert len({kind(row.code) for row in entries()}) == len(Category)


def test_an_error_tells_its_client_code_category_field_and_details() -> None:
    raised = error("unknown_symbol", "there is no symbol 'X'", field="symbol", known=3)
    assert raised.status == 404
    assert raised.to_mapping() == {
        "code": "unknown_symbol",
        "category": "business_rule",
        "message": "there is no symbol 'X'",
        "field": "symbol",
        "details": {"known": 3},
    }


def test_an_error_without_a_message_says_its_sentence() -> None:
    assert error("invalid_json").to_mapping() == {
        "code": "invalid_json",
        "category": "validation",
        "message": "The message is not valid JSON.",
    }


def test_an_error_knows_its_cause_when_it_was_made_and_in_which_context_and_tells_no_client() -> None:
    before_ns = time.time_ns()
    with bound_contextvars(request_id="r-1"):
        try:
            try:
                raise OSError("the disk is on fire")
            except OSError as problem:
                raise error("internal_error", cause=problem) from problem
        except TradingError as problem:
            raised = problem
    assert isinstance(raised.cause, OSError)
    assert raised.context == {"request_id": "r-1"}
    assert before_ns <= raised.timestamp_ns <= time.time_ns()
    assert "the disk is on fire" in raised.stack
    assert "test_tree.py" in raised.stack
    assert set(raised.to_mapping()) == {"code", "category", "message"}


def test_a_cause_can_be_given_without_raising() -> None:
    problem = ValueError("x")
    assert error("internal_error", cause=problem).cause is problem


def test_an_unknown_code_is_a_programming_error() -> None:
    for make in (error, kind):
        with pytest.raises(KeyError):
            make("no_such_code")

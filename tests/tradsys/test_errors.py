from __future__ import annotations

import re
from pathlib import Path

import pytest

from tradsys.errors import (
    BusinessRuleError,
    ConfigurationError,
    TradingError,
    ValidationError,
    documentation,
    entries,
    entry,
    error,
    from_reason,
)
from tradsys.reasons import Reason

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.NONE])
def test_every_reason_has_exactly_one_entry_with_its_own_name(reason: Reason) -> None:
    assert [row.code for row in entries() if row.reason is reason] == [reason.name.lower()]
    assert from_reason(int(reason)).reason is reason


def test_codes_are_unique_stable_words_and_sentences_end() -> None:
    codes = [row.code for row in entries()]
    assert len(codes) == len(set(codes))
    for row in entries():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", row.code)
        assert row.sentence.endswith(".")
        assert 200 <= row.status < 600


def test_a_number_that_is_no_reason_is_an_internal_error() -> None:
    assert from_reason(0).code == from_reason(255).code == "internal_error"


def test_an_unknown_code_is_a_programming_error() -> None:
    with pytest.raises(KeyError):
        entry("no_such_code")


def test_an_error_has_the_kind_of_its_entry_and_tells_field_and_details() -> None:
    raised = error("unknown_symbol", "there is no symbol 'X'", field="symbol", known=3)
    assert isinstance(raised, BusinessRuleError)
    assert raised.status == 404
    assert raised.to_mapping() == {
        "code": "unknown_symbol",
        "message": "there is no symbol 'X'",
        "field": "symbol",
        "details": {"known": 3},
    }


def test_an_error_without_a_message_says_its_sentence() -> None:
    raised = error("invalid_json")
    assert isinstance(raised, ValidationError)
    assert raised.to_mapping() == {"code": "invalid_json", "message": "The message is not valid JSON."}


def test_the_tree_has_one_root() -> None:
    assert all(issubclass(row.kind, TradingError) for row in entries())
    assert issubclass(ConfigurationError, TradingError)


def test_the_documentation_is_current() -> None:
    written = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert written == documentation(), "run: python -m tradsys.errors > docs/errors.md"

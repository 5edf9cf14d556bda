from __future__ import annotations

import re
from pathlib import Path

import pytest

from tradsys.errors import Category, entries, entry, from_reason
from tradsys.errors.documentation import documentation
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


def test_every_code_has_a_test_that_names_it() -> None:
    """By its word, or the core's by its reason; what this folder says of the table does not count."""
    paths = [path for path in (ROOT / "tests").rglob("*.py") if not path.is_relative_to(ROOT / "tests" / "errors")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    named = {name.lower() for name in re.findall(r"\bReason\.([A-Z_]+)", text)}
    named.update(re.findall(r'"([a-z_]+)"', text), re.findall(r"\berror\[([a-z_]+)\]", text))
    assert [row.code for row in entries() if row.code not in named] == []


def test_every_code_stands_on_the_page_with_its_category() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    for row in entries():
        assert page.count(f"| `{row.code}` | {row.category} |") == 1
    for category in Category:
        assert f"| `{category}` |" in page


def test_the_documentation_is_current() -> None:
    written = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert written == documentation(), "run: python -m tradsys.errors > docs/errors.md"

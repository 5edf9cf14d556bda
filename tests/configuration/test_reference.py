"""The page of all settings is that of the types and of base.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest

from tradsys.configuration import Configuration
from tradsys.configuration.reference import BEGIN, END, reference, written

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"


def test_the_page_of_settings_is_current() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == written(page), "python -m tradsys.configuration.reference docs/configuration.md"


def test_every_section_is_there_and_every_setting_says_what_it_means() -> None:
    tables = reference()
    sections = [name for name in Configuration.__struct_fields__ if name not in ("version", "environment")]
    assert [line.removeprefix("### ") for line in tables.splitlines() if line.startswith("### ")] == sections
    assert not [line for line in tables.splitlines() if "|  | at once" in line and "`" not in line.split("|")[1]]
    assert "|  | restart |" not in tables, "a setting of base.yaml has no comment"


def test_a_page_without_a_place_for_the_tables_is_refused() -> None:
    with pytest.raises(ValueError, match="has no <!-- settings -->"):
        written("nothing here")
    assert written(f"a {BEGIN} old {END} b").startswith(f"a {BEGIN}\n\n### topology")

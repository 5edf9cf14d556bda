"""The language of conditions: what it says, and what it cannot."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tradsys.configuration.constraints import Host, broken_constraints
from tradsys.configuration.expressions import Expression, filled
from tradsys.configuration.sections import Configuration

FIELDS: dict[str, Any] = {"a": SimpleNamespace(b=6, text="x"), "many": [1, 2, 3]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a.b", 6),
        ("a.b + 2 * 3 - 1", 11),
        ("a.b // 4 * 4 + a.b % 4", 6),
        ("a.b < 7 and a.text == 'x'", True),
        ("a.b > 7 or not a.text != 'x'", True),
        ("a.b >= 7 or a.b <= 5", False),
        ("a.text in ('x', 'y') and a.b not in (1, 2)", True),
        ("count(many)", 3),
        ("is_power_of_two(a.b) or is_power_of_two(power_below(a.b))", True),
        ("power_below(a.b)", 4),
    ],
)
def test_conditions_are_read_as_python_reads_them(text: str, value: object) -> None:
    assert Expression(text).value(FIELDS) == value


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "a.b.__class__()",
        "count(many, key=a)",
        "open('x')",
        "many[0]",
        "[x for x in many]",
        "lambda: 1",
        "2 ** 9 ** 9",
        "a.b if a.b else 1",
        "1 < a.b < 7",
        "a :=",
        "f'{a}'",
    ],
)
def test_a_condition_cannot_say_anything_else(text: str) -> None:
    with pytest.raises(ValueError, match=r"cannot say|is no expression"):
        Expression(text)


def test_it_tells_which_settings_it_reads() -> None:
    assert Expression("a.b + count(many) > c").names == {("a", "b"), ("many",), ("c",)}


def test_sentences_have_figures_in_them() -> None:
    assert filled("set it to {a.b // 2}, of {count(many)}", FIELDS) == "set it to 3, of 3"


@pytest.mark.parametrize(
    ("cores", "kind", "broken"), [(1, "auto", 1), (2, "auto", 0), (8, "auto", 1), (8, "compact", 0)]
)
def test_spinning_needs_cores(cores: int, kind: Any, broken: int) -> None:
    topology = Configuration().topology
    spinning = {"idle": "spin", "kind": kind, "shards": 7}
    configuration = Configuration(topology=type(topology)(**spinning))
    assert len(list(broken_constraints(configuration, Host(cores)))) == broken

"""Whatever stands in a file: it is a configuration, or mistakes are told; nothing else happens."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.inspect import StructType, type_info

from tradsys.configuration import Configuration, InvalidConfigurationError, Mistake, load
from tradsys.configuration.changes import changes, effective
from tradsys.configuration.secrets import sealed

_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 70), 1 << 70),
    st.sampled_from([0, 1, 2, 64, 1000, 1024, 65_536, 1 << 20]),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["", "auto", "sharded", "spin", "drop", "ACME", "USD", "alice", "1.00", "0.01", "-5", "1e999", "NaN"]
    ),
    st.sampled_from(["exposure", "order_lots_min", "trading", "outside", "fee", "secret:", "secret:../x", "sha256:"]),
)


def _described(kind: Any) -> st.SearchStrategy[Any]:
    """Values that are often of this type, and often not."""
    if isinstance(kind, StructType):
        names = {field.name: _described(field.type) for field in kind.fields}
        fitting: st.SearchStrategy[Any] = st.fixed_dictionaries({}, optional=names)
    elif hasattr(kind, "item_type"):
        fitting = st.lists(_described(kind.item_type), max_size=3)
    elif hasattr(kind, "values"):
        fitting = st.sampled_from(list(kind.values))
    elif getattr(kind, "ge", None) is not None:
        fitting = st.integers(kind.ge, kind.le)
    else:
        fitting = _LEAVES
    return st.one_of(fitting, fitting, fitting, _LEAVES, st.dictionaries(st.text(max_size=5), _LEAVES, max_size=2))


ANY_FILE = st.one_of(_described(type_info(Configuration)), _LEAVES, st.lists(_LEAVES))


@settings(max_examples=100)
@example({"monitoring": {"thresholds": {"lost": {"enter": None}, "read_only": "high"}}})
@given(content=ANY_FILE)
def test_any_values_are_a_configuration_or_mistakes(content: Any) -> None:
    _check(yaml.safe_dump(content, allow_unicode=True).encode("utf-8", "surrogatepass"))


@settings(max_examples=100)
@given(text=st.one_of(st.binary(max_size=60), st.text("{}[]:-,&*!|>'\"#%@`?\n\t ab1", max_size=60).map(str.encode)))
def test_any_bytes_are_a_configuration_or_mistakes(text: bytes) -> None:
    _check(text)


def _check(text: bytes) -> None:
    mistakes, configuration = _loaded(text)
    if configuration is None:
        assert mistakes
        assert all(mistake.problem and mistake.remedy for mistake in mistakes)
        return
    plain = load("testing", environ={})
    assert changes(configuration, configuration) == []
    counting = effective(plain, configuration)
    assert {change.when for change in changes(counting, configuration)} <= {"restart"}
    assert msgspec.json.decode(msgspec.json.encode(sealed(configuration)), type=Configuration) == sealed(configuration)


def _loaded(text: bytes) -> tuple[list[Mistake], Configuration | None]:
    with TemporaryDirectory() as folder:
        file = Path(folder, "any.yaml")
        file.write_bytes(text)
        try:
            return [], load("testing", file, {})
        except InvalidConfigurationError as error:
            return error.mistakes, None

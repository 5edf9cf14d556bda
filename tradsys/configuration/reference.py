"""The tables of docs/configuration.md, made of the types and of what config/base.yaml says beside each key.

`python -m tradsys.configuration.reference docs/configuration.md` writes them into the page.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec.inspect import Field, ListType, StructType, type_info

from tradsys.configuration.changes import when
from tradsys.configuration.conversion import described
from tradsys.configuration.sections import Configuration
from tradsys.configuration.sources import directory

BEGIN, END = "<!-- settings -->", "<!-- end of settings -->"

_LINE = re.compile(r"( *)(\w+):[^#]*(?:# (.*))?")
_COUNTS = {"live": "at once", "core": "at once", "restart": "restart", "never": "never"}


def reference() -> str:
    """Every section and every kind of entry, in the order of the types."""
    kind = type_info(Configuration)
    assert isinstance(kind, StructType), "the configuration is a struct"
    said = _said()
    sections = [_section(field, said) for field in kind.fields if isinstance(field.type, StructType)]
    lists = [_list(field, said) for field in kind.fields if isinstance(field.type, ListType)]
    return "\n".join([*sections, *lists])


def written(page: str) -> str:
    """The page with the tables of now. Raises ValueError when it has no place for them."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{reference()}\n{END}{after}"


def _said() -> dict[str, str]:
    """By path what base.yaml says beside each key."""
    said: dict[str, str] = {}
    around: list[str] = []
    for line in (directory() / "base.yaml").read_text(encoding="utf-8").splitlines():
        found = _LINE.fullmatch(line)
        if found is not None:
            around = [*around[: len(found[1]) // 2], found[2]]
            said[".".join(around)] = found[3] or ""
    return said


def _section(field: Field, said: dict[str, str]) -> str:
    rows = _rows(field.name, (), field.type, said)
    head = f"### {field.name}\n\n{_sentence(said[field.name])}"
    return "\n".join(
        [head, "", "| Key | Values | Default | Meaning | Counts |", "| --- | --- | --- | --- | --- |", *rows, ""]
    )


def _rows(section: str, path: tuple[str, ...], kind: Any, said: dict[str, str]) -> Iterator[str]:
    for field in kind.fields:
        here = (*path, field.name)
        if isinstance(field.type, StructType) and all(
            not isinstance(inner.type, StructType) for inner in field.type.fields
        ):
            values = ", ".join(inner.name for inner in field.type.fields)
            default = _json(field)
        elif isinstance(field.type, StructType):
            yield from _rows(section, here, field.type, said)
            continue
        else:
            values, default = described(field.type), _json(field)
        meaning = said[".".join((section, *here))]
        yield f"| `{'.'.join(here)}` | {values} | `{default}` | {meaning} | {_COUNTS[when(section, here[0])]} |"


def _list(field: Field, said: dict[str, str]) -> str:
    assert isinstance(field.type, ListType), "entries are in lists"
    kind: Any = field.type.item_type
    head = f"### {field.name}\n\nA list: {_sentence(said[field.name])}"
    rows = []
    for inner in kind.fields:
        if isinstance(inner.type, StructType):
            counts = _COUNTS[when(field.name, inner.name)]
            rows += [
                f"| `{inner.name}.{each.name}` | {described(each.type)} | `{_json(each)}` | {counts} |"
                for each in inner.type.fields
            ]
            continue
        values = described(inner.type)
        default = "" if inner.required else f"`{_json(inner)}`"
        rows.append(f"| `{inner.name}` | {values} | {default} | {_COUNTS[when(field.name, inner.name)]} |")
    return "\n".join([head, "", "| Key | Values | Default | Counts |", "| --- | --- | --- | --- |", *rows, ""])


def _json(field: Field) -> str:
    """The default."""
    value = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    return msgspec.json.encode(value).decode()


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(written(page.read_text(encoding="utf-8")), encoding="utf-8")

"""Conversion of raw values to typed sections that goes on after a mistake, so that all are found at once."""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import yaml
from msgspec.inspect import BoolType, IntType, ListType, LiteralType, StrType, StructType, Type, type_info

from tradsys.configuration.mistakes import Mistake, Path, shown
from tradsys.configuration.sources import Layers, VariableText

_Section = TypeVar("_Section", bound=msgspec.Struct)


def convert(section: type[_Section], layers: Layers) -> tuple[_Section, list[Mistake]]:
    """The typed section and its mistakes; a wrong value is replaced by its default or a blank."""
    converter = _Converter(layers)
    value = converter.struct(type_info(section), layers.values, ())
    return value, converter.mistakes


class _Converter:
    def __init__(self, layers: Layers) -> None:
        self.mistakes: list[Mistake] = []
        self._layers = layers

    def struct(self, kind: Any, raw: Any, path: Path) -> Any:
        if not isinstance(raw, dict):
            self._wrong(path, raw, f"must be a section with {_listed(kind)}", "write its keys below it, indented")
            return kind.cls(**{field.name: _blank(field.type) for field in kind.fields if field.required})
        names = [field.name for field in kind.fields]
        for key in raw:
            if key not in names:
                close = difflib.get_close_matches(str(key), names, 1)
                remedy = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(names)}"
                self._wrong((*path, str(key)), raw[key], "unknown key", remedy)
        values = {}
        for field in kind.fields:
            here = (*path, field.name)
            if field.name in raw:
                values[field.name] = self._value(field.type, raw[field.name], here, _default(field))
            elif field.required:
                self._wrong(here, None, "is missing", f"set it to {_described(field.type)}")
                values[field.name] = _blank(field.type)
        return kind.cls(**values)

    def _value(self, kind: Type, raw: Any, path: Path, default: Any) -> Any:
        if isinstance(raw, VariableText):
            raw = self._variable(kind, raw, path)
        if isinstance(kind, StructType):
            return self.struct(kind, raw, path)
        if isinstance(kind, ListType):
            if isinstance(raw, list):
                return [self._value(kind.item_type, item, (*path, i), None) for i, item in enumerate(raw)]
            self._wrong(path, raw, f"must be {_described(kind)}", "write one '- ...' line for each, or []")
            return []
        try:
            return msgspec.convert(raw, _python_type(kind))
        except msgspec.ValidationError:
            if isinstance(kind, StrType) and isinstance(raw, int | float):
                remedy = "put it in quotes"
            else:
                remedy = "correct it" if default is None else f"set it to {default!r}, for example"
            self._wrong(path, raw, f"must be {_described(kind)}", remedy)
            return _blank(kind) if default is None else default

    def _variable(self, kind: Type, raw: VariableText, path: Path) -> Any:
        if isinstance(kind, StrType | LiteralType):
            return str(raw)
        try:
            return yaml.safe_load(raw)
        except yaml.YAMLError:
            return str(raw)

    def _wrong(self, path: Path, raw: Any, problem: str, remedy: str) -> None:
        value = "" if raw is None else shown(path, raw)
        self.mistakes.append(Mistake(path, value, problem, remedy, self._layers.source_of(path)))


def _python_type(kind: Type) -> Any:
    """The annotation that msgspec converts to, rebuilt from its description."""
    if isinstance(kind, IntType):
        return Annotated[int, msgspec.Meta(ge=kind.ge, le=kind.le)]
    if isinstance(kind, LiteralType):
        return Literal[tuple(kind.values)]
    return {BoolType: bool, StrType: str}[type(kind)]


def _described(kind: Type) -> str:
    if isinstance(kind, IntType):
        return f"a whole number from {kind.ge} to {kind.le}"
    if isinstance(kind, LiteralType):
        return "one of " + ", ".join(str(value) for value in kind.values)
    if isinstance(kind, BoolType):
        return "true or false"
    if isinstance(kind, StrType):
        return "a text in quotes"
    return "a list" if isinstance(kind, ListType) else "a section"


def _listed(kind: Any) -> str:
    return ", ".join(field.name for field in kind.fields)


def _default(field: Any) -> Any:
    return None if field.default is msgspec.NODEFAULT else field.default


def _blank(kind: Type) -> Any:
    return [] if isinstance(kind, ListType) else ""

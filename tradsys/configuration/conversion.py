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
    root = type_info(section)
    assert isinstance(root, StructType), "a section is a struct"
    converter = _Converter(root, layers)
    value = converter.struct(root, layers.values, ())
    return value, converter.mistakes


class _Converter:
    def __init__(self, section: StructType, layers: Layers) -> None:
        self.mistakes: list[Mistake] = []
        self._layers = layers
        self._sections = {
            field.name: [inner.name for inner in field.type.fields]
            for field in section.fields
            if isinstance(field.type, StructType)
        }

    def struct(self, kind: Any, raw: Any, path: Path) -> Any:
        if not isinstance(raw, dict):
            self._wrong(path, raw, f"must be a section with {_listed(kind)}", "write its keys below it, indented")
            return kind.cls(**{field.name: _blank(field.type) for field in kind.fields if field.required})
        names = [field.name for field in kind.fields]
        for key in raw:
            if key not in names:
                self._wrong((*path, str(key)), raw[key], "unknown key", self._nearest(str(key), names))
        values = {}
        for field in kind.fields:
            here = (*path, field.name)
            if field.name in raw:
                values[field.name] = self._value(field.type, raw[field.name], here, _default(field))
            elif field.required:
                self._wrong(here, None, "is missing", f"set it to {described(field.type)}")
                values[field.name] = _blank(field.type)
        return kind.cls(**values)

    def _nearest(self, key: str, names: list[str]) -> str:
        """What may have been meant by a key that is none of these names."""
        close = difflib.get_close_matches(key.lower(), names, 1)
        if close:
            return f"did you mean {close[0]!r}?"
        elsewhere = [f"{section}.{key}" for section, keys in self._sections.items() if key in keys]
        if elsewhere:
            return f"did you mean {' or '.join(elsewhere)}?"
        return f"known are {', '.join(names)}"

    def _value(self, kind: Type, raw: Any, path: Path, default: Any) -> Any:
        if isinstance(raw, VariableText):
            raw = self._variable(kind, raw, path)
        if isinstance(kind, StructType):
            return self.struct(kind, raw, path)
        if isinstance(kind, ListType):
            if isinstance(raw, list):
                return [self._value(kind.item_type, item, (*path, i), None) for i, item in enumerate(raw)]
            self._wrong(path, raw, f"must be {described(kind)}", "write one '- ...' line for each, or []")
            return []
        try:
            return msgspec.convert(raw, _python_type(kind))
        except msgspec.ValidationError:
            self._wrong(path, raw, f"must be {described(kind)}", _remedy(kind, raw, default))
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


def _remedy(kind: Type, raw: Any, default: Any) -> str:
    if isinstance(kind, StrType) and isinstance(raw, int | float):
        return "put it in quotes"
    if isinstance(kind, LiteralType):
        close = difflib.get_close_matches(str(raw).lower(), [str(value) for value in kind.values], 1)
        if close:
            return f"did you mean {close[0]!r}?"
    if isinstance(kind, IntType) and isinstance(raw, int) and not isinstance(raw, bool):
        nearest = kind.le if kind.le is not None and raw > kind.le else kind.ge
        return f"set it to {nearest}, which is the nearest"
    if isinstance(kind, BoolType) and isinstance(raw, str) and raw.lower() in {"true", "false"}:
        return "write it without quotes"
    return "correct it" if default is None else f"set it to {default!r}, for example"


def _python_type(kind: Type) -> Any:
    """The annotation that msgspec converts to, rebuilt from its description."""
    if isinstance(kind, IntType):
        return Annotated[int, msgspec.Meta(ge=kind.ge, le=kind.le)]
    if isinstance(kind, LiteralType):
        return Literal[tuple(kind.values)]
    return {BoolType: bool, StrType: str}[type(kind)]


def described(kind: Type) -> str:
    """What a value of this type must be, in words."""
    if isinstance(kind, IntType):
        return f"a whole number from {kind.ge} {'on' if kind.le is None else f'to {kind.le}'}"
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
    """Something of this type in the place of a value that is wrong or missing, so that rules can be judged."""
    if isinstance(kind, IntType):
        return kind.ge or 0
    if isinstance(kind, LiteralType):
        return kind.values[0]
    return [] if isinstance(kind, ListType) else ""

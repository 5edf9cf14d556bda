"""Every setting as it counts, with where it came from, and without secrets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tradsys.configuration.changes import given
from tradsys.configuration.mistakes import HIDDEN, dotted
from tradsys.configuration.mistakes import Path as Place
from tradsys.configuration.origin import Read
from tradsys.configuration.secrets import FINGERPRINT, REFERENCE
from tradsys.configuration.sections import AccountEntry
from tradsys.configuration.sources import Layers


class Setting(msgspec.Struct, frozen=True):
    """A setting, or an entry of a list without what it does not say; `source`: a file or a variable."""

    path: str
    value: Any
    source: str


def settings(read: Read) -> Iterator[Setting]:
    """All of them, in the order of the sections."""
    yield from _of_struct(read.configuration, (), read.layers)


def _of_struct(values: msgspec.Struct, path: Place, layers: Layers) -> Iterator[Setting]:
    for field in values.__struct_fields__:
        value, here = getattr(values, field), (*path, field)
        if isinstance(value, msgspec.Struct):
            yield from _of_struct(value, here, layers)
        elif isinstance(value, list):
            if not value:
                yield Setting(dotted(here), [], layers.source_of(here))
            for number, entry in enumerate(value):
                yield Setting(dotted((*here, number)), _entry(entry, number, layers), layers.source_of(here))
        else:
            yield Setting(dotted(here), value, layers.source_of(here))


def _entry(entry: msgspec.Struct, number: int, layers: Layers) -> dict[str, Any]:
    said = given(entry)
    if isinstance(entry, AccountEntry) and entry.keys:
        said["keys"] = [_shown(key) for key in layers.values["accounts"][number]["keys"]]
    plain: dict[str, Any] = msgspec.to_builtins(said)
    return plain


def _shown(key: str) -> str:
    """A key as it was written, unless it was written out."""
    return key if key.startswith((REFERENCE, FINGERPRINT)) else HIDDEN


def source_name(source: str, folder: Path) -> str:
    """A source for people: files of `folder`, the one of base.yaml, by their names in it."""
    return str(Path(source).relative_to(folder)) if source.startswith(f"{folder}/") else source

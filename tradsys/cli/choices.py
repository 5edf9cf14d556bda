"""Options whose values are the members of an enumeration, by their words."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

import typer

from tradsys.words import word

Member = TypeVar("Member", bound=Enum)


def choices(kind: type[Enum]) -> str:
    """All words, as the help shows them; NONE is no choice."""
    return "[" + "|".join(word(member) for member in kind if member.name != "NONE") + "]"


def reader(kind: type[Member]) -> Callable[[str | Member], Member]:
    """Reads a word; an underscore is as good as a hyphen. What is read already stays."""

    def read(written: str | Member) -> Member:
        if isinstance(written, kind):
            return written
        try:
            return kind[str(written).upper().replace("-", "_")]
        except KeyError:
            raise typer.BadParameter(f"{written!r} is none of {choices(kind)}") from None

    return read

"""A file that says a part of a configuration: what people change a running venue by."""

from __future__ import annotations

from collections.abc import Collection

from tradsys.configuration import Configuration
from tradsys.configuration.conversion import convert
from tradsys.configuration.mistakes import Mistake
from tradsys.configuration.sources import Layers, read_alone

_ALWAYS = frozenset({"version", "environment"})
"""What every file may say."""


def read_sections(
    text: str, source: str, sections: Collection[str], problem: str, remedy: str
) -> tuple[Configuration, Layers, list[Mistake]]:
    """What a file says alone, typed and as it is written, and the mistakes in it.

    `problem` and `remedy` are those of a section that is none of `sections`. Rules across settings are not looked at.
    """
    assert set(sections) <= set(Configuration.__struct_fields__), "sections of a configuration"
    assert _ALWAYS.isdisjoint(sections), "what every file may say is no section of its own"
    layers, mistakes = read_alone(text, source)
    said, wrong = convert(Configuration, layers)
    strange = [section for section in layers.values if section not in sections and section not in _ALWAYS]
    return said, layers, mistakes + wrong + [Mistake((each,), "", problem, remedy, source) for each in strange]

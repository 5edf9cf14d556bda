"""Rules across settings, from config/validation/constraints.yaml: a condition, a sentence and a remedy each.

What has to be worked out first (prices, amounts, names) is judged in rules.py and money_rules.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import yaml

from tradsys.configuration.expressions import Expression, filled
from tradsys.configuration.mistakes import Path
from tradsys.configuration.sections import Configuration
from tradsys.configuration.sources import directory

FILE = "constraints.yaml"


class Constraint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must hold. `tells` is the setting that a mistake is told of, such as rings.log.

    With `each`, a list of the configuration, it must hold for each `entry` of it, and `tells` is a key of the entry, or
    empty. Sentence and remedy may have {expressions} in them.
    """

    id: str
    tells: str
    holds: str
    problem: str
    remedy: str
    each: str = ""


class Host(NamedTuple):
    """What conditions may ask about the machine."""

    cores: int


class Broken(NamedTuple):
    """A constraint that does not hold: `reads` are the settings that it looked at."""

    path: Path
    value: Any
    problem: str
    remedy: str
    reads: list[Path]


def this_host() -> Host:
    """The machine, as far as this process may use it."""
    return Host(len(os.sched_getaffinity(0)))


@lru_cache(1)
def constraints() -> tuple[Constraint, ...]:
    """All of them, in the order of the file."""
    content = yaml.safe_load((directory() / "validation" / FILE).read_text(encoding="utf-8"))
    return msgspec.convert(content, tuple[Constraint, ...])


def broken_constraints(configuration: Configuration, host: Host) -> Iterator[Broken]:
    """Every constraint that does not hold, for every entry for which it does not."""
    fields = {name: getattr(configuration, name) for name in configuration.__struct_fields__} | {"host": host}
    for constraint in constraints():
        condition = Expression(constraint.holds)
        if not constraint.each:
            if not condition.value(fields):
                path: Path = tuple(constraint.tells.split("."))
                yield _broken(constraint, path, constraint.tells, fields, [*condition.names])
            continue
        for number, entry in enumerate(fields[constraint.each]):
            here = fields | {"entry": entry}
            if not condition.value(here):
                path = (constraint.each, number)
                told = f"entry.{constraint.tells}" if constraint.tells else ""
                reads = [(*path, *name[1:]) if name[0] == "entry" else name for name in condition.names]
                yield _broken(constraint, (*path, *told.split(".")[1:]), told, here, reads)


def _broken(constraint: Constraint, path: Path, told: str, fields: dict[str, Any], reads: list[Any]) -> Broken:
    value = Expression(told).value(fields) if told else None
    return Broken(path, value, filled(constraint.problem, fields), filled(constraint.remedy, fields), reads)

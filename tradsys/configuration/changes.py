"""What differs between two configurations, path by path, and what has to happen for it to count in a running venue."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from tradsys.configuration.mistakes import HIDDEN
from tradsys.configuration.money import LimitEntry
from tradsys.configuration.secrets import sealed
from tradsys.configuration.sections import Configuration

When = Literal["live", "core", "restart", "never"]
"""live: at once. core: at once, through the log. restart: with the venue's next start. never: the log's word stays."""


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """One difference. Values are JSON, "" where there is none; entries of lists are named, not numbered.

    `variable`: which environment variable of a running venue says the value before, and goes on doing so.
    """

    path: str
    before: str
    after: str
    when: When
    variable: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.before or 'not there'} -> {self.after or 'not there'}"


_LIVE = frozenset(
    {
        "logging.level",
        "topology.standby_patience_ms",
        "gateway.depth_levels_max",
        "monitoring.thresholds",
        "accounts.keys",
        "accounts.roles",
    }
)
_LIVE_SECTIONS = frozenset({"snapshots", "security", "calendars"})
_NEVER = frozenset(
    {
        "accounts.group",
        "accounts.kind",
        "assets.decimals",
        "symbols.tick_size",
        "symbols.lot_size",
        "symbols.lowest_price",
        "symbols.highest_price",
        "symbols.reference_price",
        "symbols.fee_account",
    }
)
_GIVEN_ONCE = frozenset({"symbols.base", "symbols.quote"})
"""Taken where there was nothing."""
LISTS: dict[str, Callable[[Any], str]] = {
    "symbols": lambda entry: str(entry.name),
    "accounts": lambda entry: str(entry.name),
    "assets": lambda entry: str(entry.name),
    "fees": lambda entry: f"{entry.symbol or 'all'}, class {entry.fee_class}, tier {entry.tier}",
    "fee_tiers": lambda entry: str(entry.tier),
    "limits": lambda entry: f"{entry.limit} of {_whose(entry)}",
    "breakers": lambda entry: entry.symbol or "the venue",
    "calendars": lambda entry: str(entry.name),
}
"""By list how an entry is known."""
_REMOVABLE = frozenset({"limits", "breakers"})


def when(section: str, field: str) -> When:
    """When a change of a setting counts."""
    name = f"{section}.{field}"
    if name in _LIVE or section in _LIVE_SECTIONS:
        return "live"
    if name in _NEVER:
        return "never"
    return "core" if section in LISTS else "restart"


def known_as(section: str, entry: Any) -> str:
    """What an entry of a list is known as: no two of a list are known as the same."""
    return LISTS[section](entry)


def named(section: str, entries: Sequence[Any]) -> dict[str, Any]:
    """The entries of a list by what they are known as."""
    return {known_as(section, entry): entry for entry in entries}


def changes(before: Configuration, after: Configuration) -> list[Change]:
    """Every difference, in the order of the sections."""
    old, new = sealed(before), sealed(after)
    found: list[Change] = []
    for section in Configuration.__struct_fields__:
        was, is_now = getattr(old, section), getattr(new, section)
        if section in LISTS:
            found += _of_list(section, named(section, was), named(section, is_now))
        elif isinstance(was, msgspec.Struct):
            found += _of_struct(section, section, was, is_now)
        elif was != is_now:
            found.append(Change(section, _text(was), _text(is_now), "restart"))
    return found


def held(found: Sequence[Change], variables: Mapping[str, str]) -> list[Change]:
    """The changes, with the variables of a venue that runs, by path: no file changes what those say."""

    def of(path: str) -> str:
        # A list is given whole by one variable.
        return variables.get(path) or variables.get(path.partition("[")[0], "")

    return [replace(change, variable=of(change.path)) for change in found]


def effective(running: Configuration, wanted: Configuration) -> Configuration:
    """What counts in a venue that runs with one configuration and is told another: all but what needs a restart."""
    parts: dict[str, Any] = {}
    for section in Configuration.__struct_fields__:
        is_now, wish = getattr(running, section), getattr(wanted, section)
        if section in LISTS:
            parts[section] = wish
        elif isinstance(is_now, msgspec.Struct):
            live = {field: getattr(wish, field) for field in is_now.__struct_fields__ if when(section, field) == "live"}
            parts[section] = replace(is_now, **live)
    return replace(running, **parts)


def _of_struct(
    section: str, path: str, before: msgspec.Struct, after: msgspec.Struct, around: str = ""
) -> Iterator[Change]:
    """`around`: the setting of the section that these are a part of."""
    for field in before.__struct_fields__:
        was, is_now = getattr(before, field), getattr(after, field)
        if isinstance(was, msgspec.Struct):
            yield from _of_struct(section, f"{path}.{field}", was, is_now, around or field)
        elif was != is_now:
            counts = when(section, around or field)
            if f"{section}.{field}" in _GIVEN_ONCE and was:
                counts = "never"
            hidden = field == "keys"
            texts = (HIDDEN, HIDDEN) if hidden else (_text(was), _text(is_now))
            yield Change(f"{path}.{field}", *texts, counts)


def _of_list(section: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Change]:
    for name, was in before.items():
        path = f"{section}[{name}]"
        if name in after:
            yield from _of_struct(section, path, was, after[name])
            continue
        if section == "accounts" and was.keys:
            yield Change(f"{path}.keys", HIDDEN, "", "live")
        counts: When = "live" if section in _LIVE_SECTIONS else "core" if section in _REMOVABLE else "never"
        yield Change(path, _text(given(was)), "", counts)
    for name, entry in after.items():
        if name not in before:
            counts = "live" if section in _LIVE_SECTIONS else "core"
            yield Change(f"{section}[{name}]", "", _text(given(entry)), counts)


def _whose(entry: LimitEntry) -> str:
    if entry.group:
        return f"group {entry.group}"
    return f"{entry.account or 'the venue'}{f' in {entry.symbol}' if entry.symbol else ''}"


def given(entry: msgspec.Struct) -> dict[str, Any]:
    """What an entry says beyond its defaults, without keys."""
    said = {}
    for field in msgspec.structs.fields(entry):
        default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
        value = getattr(entry, field.name)
        if value != default and field.name != "keys":
            said[field.name] = value
    return said


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()

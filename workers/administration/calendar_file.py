"""Calendars that were set while the venue ran, in a file of the data directory, beside those of the configuration.

One that was set stands in the place of the configuration's of the same name, and before all others where they name the
same symbols.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from tradsys.configuration.calendars import CalendarEntry, calendar_rules
from tradsys.configuration.mistakes import Mistake, shown
from tradsys.errors import InfrastructureError, OperatingError, ValidationError, error
from workers.administration.kept import KeptFile

FILE = "calendars-set.json"
_VERSION = 1


class SetCalendars(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it; `removed` are names of the configuration's that do not count. `version` is of the format."""

    version: int = _VERSION
    calendars: list[CalendarEntry] = []
    removed: list[str] = []

    def over(self, configured: list[CalendarEntry]) -> list[CalendarEntry]:
        """All that count, with those of the configuration."""
        taken = {symbol for entry in self.calendars for symbol in entry.symbols}
        has_others = any(not entry.symbols for entry in self.calendars)
        counting = []
        for entry in self.unnamed(configured):
            left = [symbol for symbol in entry.symbols if symbol not in taken]
            if left or not (entry.symbols or has_others):
                counting.append(replace(entry, symbols=left))
        counting += self.calendars
        assert len({entry.name for entry in counting}) == len(counting), "of each name one calendar counts"
        assert sum(not entry.symbols for entry in counting) <= 1, "one calendar at most is for all others"
        return counting

    def unnamed(self, configured: list[CalendarEntry]) -> list[CalendarEntry]:
        """Those of the configuration that were neither replaced nor removed."""
        named = {entry.name for entry in self.calendars} | set(self.removed)
        return [entry for entry in configured if entry.name not in named]


Change = Callable[[SetCalendars], SetCalendars]


class CalendarsError(OperatingError, InfrastructureError):
    """The file of calendars cannot be read; the message says why."""

    CODE = "calendars_unreadable"


class CalendarFile(KeptFile[SetCalendars]):
    """The file of one data directory."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory / FILE, SetCalendars, CalendarsError)

    def read(self) -> SetCalendars:
        """What it says now: calendars of which timetables can be made. Raises CalendarsError."""
        content = super().read()
        mistakes = _mistakes(content.calendars, [symbol for entry in content.calendars for symbol in entry.symbols])
        if mistakes:
            raise CalendarsError(f"{self.path} cannot be used: {'; '.join(mistakes)}")
        assert content.over([]) == content.calendars, "all that was set counts, each under a name of its own"
        return content


class _Symbol(NamedTuple):
    name: str


class _Judged(NamedTuple):
    calendars: list[CalendarEntry]
    symbols: list[_Symbol]


def setting(entries: list[CalendarEntry], configured: list[CalendarEntry], symbols: list[str]) -> Change:
    """Calendars more, or others of their names, if they fit those that there are. `symbols`: all of the venue."""

    def change(now: SetCalendars) -> SetCalendars:
        names = {entry.name for entry in entries}
        assert names, "something is set"
        others = [other for other in now.over(configured) if other.name not in names]
        _check([*others, *entries], symbols)
        assert len(names) == len(entries), "of each name one calendar is set"
        left = [other for other in now.calendars if other.name not in names]
        after = replace(now, calendars=[*left, *entries], removed=[name for name in now.removed if name not in names])
        counting = after.over(configured)
        assert all(entry in counting for entry in entries), "what is set counts as it was set"
        return after

    return change


def removing(name: str, configured: list[CalendarEntry]) -> Change:
    """The calendar does not count any more, whoever has it. Raises BusinessRuleError."""

    def change(now: SetCalendars) -> SetCalendars:
        calendar_named(now.over(configured), name)
        is_configured = any(entry.name == name for entry in configured)
        after = replace(
            now,
            calendars=[other for other in now.calendars if other.name != name],
            removed=[*now.removed, name] if is_configured else now.removed,
        )
        assert name not in {entry.name for entry in after.over(configured)}, "what is removed does not count"
        return after

    return change


def resetting(name: str, configured: list[CalendarEntry], symbols: list[str]) -> Change:
    """What was done to a calendar is forgotten: the configuration's word counts. Raises TradingError."""

    def change(now: SetCalendars) -> SetCalendars:
        calendars = [other for other in now.calendars if other.name != name]
        removed = [other for other in now.removed if other != name]
        if (calendars, removed) == (now.calendars, now.removed):
            raise error("unknown_calendar", f"no calendar {name!r} was set or removed while the venue ran")
        after = replace(now, calendars=calendars, removed=removed)
        counting = [entry.name for entry in after.unnamed(configured)]
        assert counting.count(name) == sum(entry.name == name for entry in configured), "the configuration's counts"
        assert len(counting) >= len(now.unnamed(configured)), "none of the configuration's goes when one comes back"
        _check([*after.unnamed(configured), *after.calendars], symbols)
        return after

    return change


def calendar_named(counting: list[CalendarEntry], name: str) -> CalendarEntry:
    """The calendar of that name among those that count. Raises BusinessRuleError."""
    for entry in counting:
        if entry.name == name:
            return entry
    known = ", ".join(sorted(entry.name for entry in counting))
    raise error("unknown_calendar", f"there is no calendar {name!r}; known: {known or 'none'}")


def with_holiday(name: str, day: str, configured: list[CalendarEntry], symbols: list[str]) -> Change:
    """The calendar with one holiday more. Raises TradingError."""

    def change(now: SetCalendars) -> SetCalendars:
        entry = calendar_named(now.over(configured), name)
        return setting([replace(entry, holidays=sorted([*entry.holidays, day]))], configured, symbols)(now)

    return change


def without_holiday(name: str, day: str, configured: list[CalendarEntry], symbols: list[str]) -> Change:
    """The calendar with one holiday less. Raises TradingError."""

    def change(now: SetCalendars) -> SetCalendars:
        entry = calendar_named(now.over(configured), name)
        if day not in entry.holidays:
            raise ValidationError("invalid_field", f"{day} is no holiday of {name}", field="date")
        left = [other for other in entry.holidays if other != day]
        assert len(left) == len(entry.holidays) - 1, "a holiday is listed once"
        return setting([replace(entry, holidays=left)], configured, symbols)(now)

    return change


def calendars_view(names: list[str], configured: list[CalendarEntry]) -> Callable[[SetCalendars], Any]:
    """Of the calendars that count those of these names, as JSON."""
    return lambda now: msgspec.to_builtins([entry for entry in now.over(configured) if entry.name in names])


def _check(calendars: list[CalendarEntry], symbols: list[str]) -> None:
    """Raise ValidationError with every mistake."""
    mistakes = _mistakes(calendars, symbols)
    if mistakes:
        raise ValidationError("invalid_field", "; ".join(mistakes), field="calendars")


def _mistakes(calendars: list[CalendarEntry], symbols: list[str]) -> list[str]:
    """What calendar_rules() says of them, each by its name."""
    told = []
    for path, value, problem, remedy in calendar_rules(_Judged(calendars, [_Symbol(name) for name in symbols])):
        section, number, *rest = path
        assert section == "calendars", "a rule of calendars says of which it is"
        assert 0 <= int(number) < len(calendars), "one of those that are judged"
        assert rest, "and which of its settings"
        place = (calendars[int(number)].name, *rest)
        told.append(str(Mistake(place, shown(path, value), problem, remedy, "")))
    return told

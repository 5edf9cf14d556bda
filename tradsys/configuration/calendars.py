"""The calendars of the configuration: trading days, and the market states of their phases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, time, tzinfo
from difflib import get_close_matches
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from msgspec import Struct, field

from tradsys.configuration.mistakes import Path
from tradsys.records import MarketState
from tradsys.timetable import Phases, Timetable

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
State = Literal["pre_open", "opening_auction", "continuous", "halt", "closing_auction", "closed", "frozen"]

_WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_Broken = tuple[Path, Any, str, str]


class PhaseEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A phase begins at a local time, "09:00" or "09:00:30", with this market state."""

    at: str
    state: State


class HalfDayEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A trading day, whatever its weekday, with phases of its own."""

    date: str
    phases: list[PhaseEntry]


class CalendarEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """When the symbols of a group open and close. Without `symbols` it is for all that no other calendar names."""

    name: str
    phases: list[PhaseEntry]
    time_zone: str = "UTC"
    symbols: list[str] = []
    weekdays: list[Weekday] = field(default_factory=lambda: ["mon", "tue", "wed", "thu", "fri"])
    holidays: list[str] = []
    half_days: list[HalfDayEntry] = []

    def timetable(self) -> Timetable:
        """The same, worked out. Raises ValueError for what calendar_rules() tells."""
        return Timetable(
            zone_named(self.time_zone),
            frozenset(_WEEKDAYS.index(day) for day in self.weekdays),
            phases_of(self.phases),
            frozenset(date.fromisoformat(day) for day in self.holidays),
            {date.fromisoformat(day.date): phases_of(day.phases) for day in self.half_days},
        )


class _Configured(Protocol):
    """What of the configuration the rules read."""

    @property
    def calendars(self) -> list[CalendarEntry]: ...
    @property
    def symbols(self) -> list[Any]: ...


def zone_named(name: str) -> tzinfo:
    """The time zone. Raises ValueError."""
    if name == "UTC":
        return UTC  # which needs no database
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone that this host knows") from None


def phases_of(entries: list[PhaseEntry]) -> Phases:
    """The phases of a day. Raises ValueError."""
    return tuple((time.fromisoformat(entry.at), MarketState[entry.state.upper()]) for entry in entries)


def calendar_rules(configuration: _Configured) -> Iterator[_Broken]:
    """What must hold of calendars, beyond the type of each value."""
    symbols = {entry.name for entry in configuration.symbols}
    names: set[str] = set()
    owners: dict[str, str] = {}
    for number, entry in enumerate(configuration.calendars):
        path: Path = ("calendars", number)
        if entry.name in names:
            yield (*path, "name"), entry.name, "is the name of another calendar already", "rename or remove one"
        names.add(entry.name)
        yield from _zone(path, entry)
        yield from _day((*path, "phases"), entry.phases)
        yield from _dates(path, entry)
        for place, symbol in enumerate(entry.symbols):
            if symbol not in symbols:
                yield (*path, "symbols", place), symbol, "is no symbol", "name one of the symbols"
        for symbol in entry.symbols or ["all others"]:
            if symbol in owners:
                problem = f"has a calendar already, {owners[symbol]!r}"
                yield (
                    (*path, "symbols"),
                    symbol,
                    problem,
                    "name each symbol once, and leave them out of one calendar only",
                )
            owners.setdefault(symbol, entry.name)


def _zone(path: Path, entry: CalendarEntry) -> Iterator[_Broken]:
    try:
        zone_named(entry.time_zone)
    except ValueError as error:
        close = get_close_matches(entry.time_zone, available_timezones(), 1, 0.5)
        remedy = f"did you mean {close[0]!r}?" if close else "write one such as Europe/Berlin, or UTC"
        yield (*path, "time_zone"), entry.time_zone, str(error), remedy


def _day(path: Path, phases: list[PhaseEntry]) -> Iterator[_Broken]:
    if not phases:
        yield path, "", "has no phase", 'write one, such as {at: "09:00", state: continuous}'
    before: time | None = None
    for number, entry in enumerate(phases):
        try:
            at = time.fromisoformat(entry.at)
        except ValueError:
            at = None
        if at is None or at.tzinfo is not None or at.microsecond:
            yield (*path, number, "at"), entry.at, "is no time of day", 'write it as "09:00", in quotes'
            return
        if before is not None and at <= before:
            yield (*path, number, "at"), entry.at, "is not after the phase before", "list the phases in their order"
        before = at


def _dates(path: Path, entry: CalendarEntry) -> Iterator[_Broken]:
    days: set[date] = set()
    half_days = [((*path, "half_days", number, "date"), day.date) for number, day in enumerate(entry.half_days)]
    for place, text in [((*path, "holidays", number), day) for number, day in enumerate(entry.holidays)] + half_days:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            yield place, text, "is no date", 'write it as "2030-12-24", in quotes'
            continue
        if day in days:
            yield place, text, "is listed already", "a day is a holiday or a half day, once"
        days.add(day)
    for number, half_day in enumerate(entry.half_days):
        yield from _day((*path, "half_days", number, "phases"), half_day.phases)

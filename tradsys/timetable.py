"""Trading days: which market state a symbol is to be in at a moment, by the clock on the wall of its market.

A phase begins at its local time of every trading day and lasts until the next one begins, over nights, weekends and
holidays too. When clocks go forward, a phase whose time is skipped begins at the moment of the change; when they go
back, a phase whose time comes twice begins the first time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from tradsys.records import MarketState

_SEARCH_DAYS = 400
_NS_PER_SECOND = 1_000_000_000
_DAY = timedelta(days=1)

Phases = tuple[tuple[time, MarketState], ...]
"""In their order: when each begins, and the state that it brings."""


class Timetable(NamedTuple):
    """When which phase begins. `weekdays`: Monday is 0. Days in `special` are trading days with phases of their own."""

    zone: tzinfo
    weekdays: frozenset[int]
    phases: Phases
    holidays: frozenset[date]
    special: Mapping[date, Phases]


class Beginning(NamedTuple):
    """A phase begins, at a time in ns since 1970."""

    at_ns: int
    state: MarketState


class Standing(NamedTuple):
    """The phase of a moment, and the one after it; None where there is none within more than a year."""

    phase: Beginning | None
    following: Beginning | None


def standing_at(timetable: Timetable, now_ns: int) -> Standing:
    """Which phase it is at a time in ns since 1970, and what comes next."""
    today = datetime.fromtimestamp(now_ns // _NS_PER_SECOND, UTC).astimezone(timetable.zone).date()
    before = (today + _DAY - back * _DAY for back in range(_SEARCH_DAYS))
    phase = next((found for day in before for found in reversed(day_of(timetable, day)) if found.at_ns <= now_ns), None)
    behind = (today - _DAY + on * _DAY for on in range(_SEARCH_DAYS))
    following = next((found for day in behind for found in day_of(timetable, day) if found.at_ns > now_ns), None)
    return Standing(phase, following)


def beginnings(timetable: Timetable, from_ns: int, days: int) -> Iterator[Beginning]:
    """Every phase that begins from a moment on, for so many days."""
    end_ns = from_ns + days * 86_400 * _NS_PER_SECOND
    following = standing_at(timetable, from_ns - 1).following
    while following is not None and following.at_ns < end_ns:
        yield following
        following = standing_at(timetable, following.at_ns).following


def day_of(timetable: Timetable, day: date) -> list[Beginning]:
    """What begins on a day; nothing on one that is no trading day."""
    if day in timetable.special:
        phases = timetable.special[day]
    elif day in timetable.holidays or day.weekday() not in timetable.weekdays:
        return []
    else:
        phases = timetable.phases
    return [Beginning(_instant(datetime.combine(day, at), timetable.zone), state) for at, state in phases]


def _instant(wall: datetime, zone: tzinfo) -> int:
    """When the clock on the wall first shows `wall`, or more, in ns since 1970."""
    found = wall.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != wall:  # skipped: the clock never shows it
        found = _change_before(found, zone)
    return int(found.timestamp()) * _NS_PER_SECOND


def _change_before(moment: datetime, zone: tzinfo) -> datetime:
    """When the zone's offset became what it is at a moment less than a day later; exact to the second."""
    offset = moment.astimezone(zone).utcoffset()
    early, late = moment - _DAY, moment
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            late = middle
        else:
            early = middle
    return late.replace(microsecond=0)

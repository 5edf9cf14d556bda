"""Calendars in the configuration: what is read, and every mistake with its place."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import msgspec
import pytest

from tradsys.configuration import Configuration, InvalidConfigurationError, load
from tradsys.configuration.changes import changes, effective
from tradsys.records import MarketState

DAY = [{"at": "09:00", "state": "continuous"}, {"at": "17:30:30", "state": "closed"}]


def with_calendars(*entries: dict[str, Any]) -> Configuration:
    return load("testing", environ={"TRADSYS__CALENDARS": msgspec.json.encode(entries).decode()})


def test_a_calendar_becomes_a_timetable() -> None:
    entry = {
        "name": "xetra",
        "time_zone": "Europe/Berlin",
        "symbols": ["ACME"],
        "weekdays": ["mon", "sun"],
        "phases": DAY,
        "holidays": ["2026-12-25"],
        "half_days": [{"date": "2026-12-24", "phases": DAY[:1]}],
    }
    (read,) = with_calendars(entry).calendars
    timetable = read.timetable()
    assert str(timetable.zone) == "Europe/Berlin"
    assert timetable.weekdays == {0, 6}
    assert timetable.phases == ((time(9), MarketState.CONTINUOUS), (time(17, 30, 30), MarketState.CLOSED))
    assert timetable.holidays == {date(2026, 12, 25)}
    assert timetable.special == {date(2026, 12, 24): ((time(9), MarketState.CONTINUOUS),)}


@pytest.mark.parametrize(
    ("change", "path", "problem"),
    [
        ({"phases": []}, "calendars[0].phases", "has no phase"),
        ({"phases": [{"at": "9", "state": "closed"}]}, "calendars[0].phases[0].at", "is no time of day"),
        ({"phases": [{"at": "24:30", "state": "closed"}]}, "calendars[0].phases[0].at", "is no time of day"),
        ({"phases": [{"at": "09:00Z", "state": "closed"}]}, "calendars[0].phases[0].at", "is no time of day"),
        ({"phases": [{"at": 540, "state": "closed"}]}, "calendars[0].phases[0].at", "must be a text in quotes"),
        ({"phases": [{"at": "09:00", "state": "open"}]}, "calendars[0].phases[0].state", "must be one of"),
        ({"phases": DAY[::-1]}, "calendars[0].phases[1].at", "is not after the phase before"),
        ({"time_zone": "Europe/Berln"}, "calendars[0].time_zone", "did you mean 'Europe/Berlin'?"),
        ({"time_zone": "../etc/passwd"}, "calendars[0].time_zone", "is no time zone"),
        ({"symbols": ["NONE"]}, "calendars[0].symbols[0]", "is no symbol"),
        ({"symbols": ["ACME", "ACME"]}, "calendars[0].symbols", "has a calendar already"),
        ({"weekdays": ["monday"]}, "calendars[0].weekdays[0]", "must be one of"),
        ({"holidays": ["25.12.2026"]}, "calendars[0].holidays[0]", "is no date"),
        ({"holidays": ["2026-02-30"]}, "calendars[0].holidays[0]", "is no date"),
        ({"holidays": ["2026-12-25", "2026-12-25"]}, "calendars[0].holidays[1]", "is listed already"),
        (
            {"holidays": ["2026-12-24"], "half_days": [{"date": "2026-12-24", "phases": DAY}]},
            "calendars[0].half_days[0].date",
            "is listed already",
        ),
        (
            {"half_days": [{"date": "2026-12-24", "phases": DAY[::-1]}]},
            "calendars[0].half_days[0].phases[1].at",
            "is not after the phase before",
        ),
        ({"opens": "09:00"}, "calendars[0].opens", "unknown key"),
    ],
)
def test_a_mistake_is_told_with_its_place(change: dict[str, Any], path: str, problem: str) -> None:
    with pytest.raises(InvalidConfigurationError) as caught:
        with_calendars({"name": "all", "phases": DAY} | change)
    (mistake,) = caught.value.mistakes
    assert str(mistake).startswith(path)
    assert problem in str(mistake)


def test_calendars_do_not_get_in_each_others_way() -> None:
    with pytest.raises(InvalidConfigurationError) as caught:
        with_calendars({"name": "all", "phases": DAY}, {"name": "all", "phases": DAY})
    assert [mistake.problem for mistake in caught.value.mistakes] == [
        "is the name of another calendar already",
        "has a calendar already, 'all'",
    ]


def test_a_changed_calendar_counts_at_once() -> None:
    before, after = with_calendars({"name": "all", "phases": DAY}), with_calendars({"name": "all", "phases": DAY[:1]})
    assert [(change.path, change.when) for change in changes(before, after)] == [("calendars[all].phases", "live")]
    assert effective(before, after).calendars == after.calendars
    for one, other in ((before, with_calendars()), (with_calendars(), before)):
        assert [(change.path, change.when) for change in changes(one, other)] == [("calendars[all]", "live")]

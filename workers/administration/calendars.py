"""What the calendars of a venue say of the days to come, for people; and calendars that people write."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any

from tradsys.configuration import InvalidConfigurationError
from tradsys.configuration.calendars import CalendarEntry
from tradsys.configuration.mistakes import Mistake
from tradsys.timetable import Beginning, beginnings, standing_at
from tradsys.words import word
from workers.administration.sections import read_sections

_NS_PER_SECOND = 1_000_000_000


def read_calendars(text: str, source: str) -> list[CalendarEntry]:
    """The section `calendars` of a file, which has no other. Raises InvalidConfigurationError with every mistake.

    What they say together with all that the venue has is judged when they are set.
    """
    said, _, mistakes = read_sections(text, source, ["calendars"], "is not about calendars", "tradsys import takes it")
    if not mistakes and not said.calendars:
        mistakes.append(Mistake(("calendars",), "", "has none", "write one, as docs/administration.md does", source))
    if mistakes:
        raise InvalidConfigurationError(mistakes)
    assert said.calendars, "a file that is right has one"
    return said.calendars


def calendar_views(
    counting: list[CalendarEntry], configured: list[CalendarEntry], symbols: list[str], now_ns: int, days: int
) -> list[dict[str, Any]]:
    """Of each calendar that counts its symbols, the present phase, and those that begin within so many days.

    Also whether it is other than the configuration has it. `symbols`: all.
    """
    assert days >= 1, "some time ahead"
    named = {symbol for entry in counting for symbol in entry.symbols}
    assert len(named) == sum(len(entry.symbols) for entry in counting), "a symbol has one calendar"
    others = [symbol for symbol in symbols if symbol not in named]
    views = []
    for entry in counting:
        timetable = entry.timetable()
        present = standing_at(timetable, now_ns).phase
        assert present is None or present.at_ns <= now_ns, "the present phase has begun"
        views.append(
            {
                "calendar": entry.name,
                "set": entry not in configured,
                "time_zone": entry.time_zone,
                "symbols": entry.symbols or others,
                "now": None if present is None else _view(present, timetable.zone),
                "next": [_view(each, timetable.zone) for each in beginnings(timetable, now_ns + 1, days)],
            }
        )
    return views


def _view(phase: Beginning, zone: tzinfo) -> dict[str, str]:
    assert phase.at_ns % _NS_PER_SECOND == 0, "a phase begins with a second"
    moment = datetime.fromtimestamp(phase.at_ns // _NS_PER_SECOND, UTC)
    local = moment.astimezone(zone).strftime("%a %Y-%m-%d %H:%M:%S")
    return {"at": moment.isoformat(), "local": local, "state": word(phase.state)}

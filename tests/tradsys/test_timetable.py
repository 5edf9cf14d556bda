"""Phases of trading days: by hand over changes of the clock, and against a clock that is watched second by second."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradsys.records import MarketState
from tradsys.timetable import Phases, Timetable, beginnings, day_of, standing_at

PRE, OPENING, TRADING, CLOSING, CLOSED = (
    MarketState.PRE_OPEN,
    MarketState.OPENING_AUCTION,
    MarketState.CONTINUOUS,
    MarketState.CLOSING_AUCTION,
    MarketState.CLOSED,
)
DAY: Phases = (
    (time(8, 0), PRE),
    (time(8, 50), OPENING),
    (time(9, 0), TRADING),
    (time(17, 30), CLOSING),
    (time(17, 35), CLOSED),
)
WORKDAYS = frozenset(range(5))
XETRA = Timetable(
    ZoneInfo("Europe/Berlin"),
    WORKDAYS,
    DAY,
    frozenset({date(2026, 12, 25), date(2026, 1, 1)}),
    {date(2026, 12, 30): (*DAY[:3], (time(14, 0), CLOSED)), date(2026, 12, 5): DAY},
)


def ns(text: str) -> int:
    """Of a time with its offset."""
    return int(datetime.fromisoformat(text).timestamp()) * 10**9


def text(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("now", "state", "since", "until"),
    [
        # A Wednesday in winter, an hour ahead of UTC.
        ("2026-02-04T07:59:59Z", OPENING, "2026-02-04T07:50:00Z", "2026-02-04T08:00:00Z"),
        ("2026-02-04T08:00:00Z", TRADING, "2026-02-04T08:00:00Z", "2026-02-04T16:30:00Z"),
        ("2026-02-04T16:35:00Z", CLOSED, "2026-02-04T16:35:00Z", "2026-02-05T07:00:00Z"),
        # In summer two hours ahead.
        ("2026-07-01T07:00:00Z", TRADING, "2026-07-01T07:00:00Z", "2026-07-01T15:30:00Z"),
        # The weekend on which clocks go forward (29 March), and that on which they go back (25 October).
        ("2026-03-28T12:00:00Z", CLOSED, "2026-03-27T16:35:00Z", "2026-03-30T06:00:00Z"),
        ("2026-10-24T12:00:00Z", CLOSED, "2026-10-23T15:35:00Z", "2026-10-26T07:00:00Z"),
        # New Year's Day is a Thursday, and Christmas a Friday before a weekend.
        ("2026-01-01T10:00:00Z", CLOSED, "2025-12-31T16:35:00Z", "2026-01-02T07:00:00Z"),
        ("2026-12-26T10:00:00Z", CLOSED, "2026-12-24T16:35:00Z", "2026-12-28T07:00:00Z"),
        # Half a day, and a Saturday on which there is trading.
        ("2026-12-30T13:00:00Z", CLOSED, "2026-12-30T13:00:00Z", "2026-12-31T07:00:00Z"),
        ("2026-12-05T10:00:00Z", TRADING, "2026-12-05T08:00:00Z", "2026-12-05T16:30:00Z"),
    ],
)
def test_the_phase_of_a_moment(now: str, state: MarketState, since: str, until: str) -> None:
    phase, following = standing_at(XETRA, ns(now))
    assert phase is not None
    assert following is not None
    assert (phase.state, text(phase.at_ns), text(following.at_ns)) == (state, since, until)


def test_a_time_that_is_skipped_begins_with_the_change_and_one_that_comes_twice_the_first_time() -> None:
    night = Timetable(
        ZoneInfo("Europe/Berlin"), frozenset({6}), ((time(2, 30), CLOSED), (time(3, 0), TRADING)), frozenset(), {}
    )
    assert [text(each.at_ns) for each in day_of(night, date(2026, 3, 29))] == ["2026-03-29T01:00:00Z"] * 2
    assert [text(each.at_ns) for each in day_of(night, date(2026, 10, 25))] == [
        "2026-10-25T00:30:00Z",
        "2026-10-25T02:00:00Z",
    ]
    # In the moment of the change both begin: what counts is the later one.
    phase, _ = standing_at(night, ns("2026-03-29T01:00:00Z"))
    assert phase is not None
    assert phase.state == TRADING


def test_midnight_that_is_skipped() -> None:
    brazil = Timetable(ZoneInfo("America/Sao_Paulo"), frozenset({6}), ((time(0, 0), TRADING),), frozenset(), {})
    assert [text(each.at_ns) for each in day_of(brazil, date(2018, 11, 4))] == ["2018-11-04T03:00:00Z"]


def test_where_nothing_is_near_there_is_nothing() -> None:
    never = Timetable(UTC, frozenset(), DAY, frozenset(), {})
    assert standing_at(never, ns("2026-01-01T00:00:00Z")) == (None, None)
    once = Timetable(UTC, frozenset(), (), frozenset(), {date(2026, 6, 1): DAY})
    assert standing_at(once, ns("2026-01-01T00:00:00Z")).phase is None
    assert standing_at(once, ns("2026-09-01T00:00:00Z")).following is None


def test_a_session_over_night_lasts_until_the_next_phase() -> None:
    futures = Timetable(
        ZoneInfo("America/Chicago"), WORKDAYS | {6}, ((time(16, 0), CLOSED), (time(17, 0), TRADING)), frozenset(), {}
    )
    found = [(text(each.at_ns), each.state) for each in beginnings(futures, ns("2026-07-06T00:00:00Z"), 2)]
    assert found == [
        ("2026-07-06T21:00:00Z", CLOSED),
        ("2026-07-06T22:00:00Z", TRADING),
        ("2026-07-07T21:00:00Z", CLOSED),
        ("2026-07-07T22:00:00Z", TRADING),
    ]


ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # goes forward by half an hour
    "Asia/Kolkata",
    "Africa/Casablanca",
    "UTC",
)
MINUTES = st.lists(st.integers(0, 24 * 60 - 1), min_size=1, max_size=5, unique=True).map(sorted)


@settings(max_examples=25, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    month=st.sampled_from([1, 3, 4, 10, 11]),
    day=st.integers(1, 27),
    minutes=MINUTES,
    weekdays=st.frozensets(st.integers(0, 6), min_size=3),
)
def test_it_is_what_a_clock_on_the_wall_shows(
    zone: str, month: int, day: int, minutes: list[int], weekdays: frozenset[int]
) -> None:
    states = [TRADING, CLOSED, PRE, OPENING, CLOSING][: len(minutes)]
    phases = tuple((time(*divmod(minute, 60)), state) for minute, state in zip(minutes, states, strict=True))
    wall = ZoneInfo(zone)
    timetable = Timetable(wall, weekdays, phases, frozenset(), {})
    # The oracle looks at the wall every minute for some days, and never turns a phase back.
    now = datetime(2026, month, day, tzinfo=UTC) - timedelta(days=8)
    expected: MarketState | None = None
    shown = datetime.min
    checked = 0
    end = now + timedelta(days=14)
    while now < end:
        before, shown = shown, max(shown, now.astimezone(wall).replace(tzinfo=None))
        for offset in range((shown.date() - before.date()).days + 1 if before != datetime.min else 0):
            that_day = before.date() + timedelta(days=offset)
            for at, state in phases:
                if that_day.weekday() in weekdays and before < datetime.combine(that_day, at) <= shown:
                    expected = state
                    checked += 1
        if expected is not None and (now.minute % 7 == 0 or checked):
            phase, following = standing_at(timetable, int(now.timestamp()) * 10**9)
            assert phase is not None
            assert phase.state == expected, now
            assert following is not None
            assert phase.at_ns <= int(now.timestamp()) * 10**9 < following.at_ns
            checked = 0
        now += timedelta(minutes=1)

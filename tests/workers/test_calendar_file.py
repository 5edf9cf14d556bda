"""Calendars that are set beside those of the configuration: which of them count."""

from __future__ import annotations

from pathlib import Path

import pytest

from tradsys.configuration.calendars import CalendarEntry, PhaseEntry
from tradsys.errors import TradingError
from workers.administration.calendar_file import (
    FILE,
    CalendarFile,
    CalendarsError,
    Change,
    SetCalendars,
    removing,
    resetting,
    setting,
    with_holiday,
    without_holiday,
)
from workers.codes import code_of

SYMBOLS = ["ACME", "OTHER", "THIRD"]


def entry(name: str, *symbols: str, opens: str = "09:00", holidays: list[str] | None = None) -> CalendarEntry:
    phases = [PhaseEntry(opens, "continuous"), PhaseEntry("17:00", "closed")]
    return CalendarEntry(name, phases, symbols=list(symbols), holidays=holidays or [])


CONFIGURED = [entry("stocks", "ACME"), entry("rest")]


def counting(now: SetCalendars) -> dict[str, list[str]]:
    return {each.name: each.symbols for each in now.over(CONFIGURED)}


def refusal(change: Change, now: SetCalendars) -> str:
    with pytest.raises(TradingError) as caught:
        change(now)
    return caught.value.message


def test_one_that_is_set_stands_in_the_place_of_the_configurations() -> None:
    now = setting([entry("stocks", "ACME", "OTHER", opens="10:00")], CONFIGURED, SYMBOLS)(SetCalendars())
    assert counting(now) == {"rest": [], "stocks": ["ACME", "OTHER"]}
    assert next(each for each in now.over(CONFIGURED) if each.name == "stocks").phases[0].at == "10:00"
    assert resetting("stocks", CONFIGURED, SYMBOLS)(now) == SetCalendars()


def test_one_that_is_removed_does_not_count_until_it_is_reset_or_set() -> None:
    now = removing("stocks", CONFIGURED)(SetCalendars())
    assert counting(now) == {"rest": []}
    assert "there is no calendar 'stocks'; known: rest" in refusal(removing("stocks", CONFIGURED), now)
    assert counting(resetting("stocks", CONFIGURED, SYMBOLS)(now)) == {"stocks": ["ACME"], "rest": []}
    assert counting(setting([entry("stocks", "THIRD")], CONFIGURED, SYMBOLS)(now))["stocks"] == ["THIRD"]
    assert "was set or removed" in refusal(resetting("rest", CONFIGURED, SYMBOLS), now)


def test_a_holiday_makes_the_calendar_the_venues_own() -> None:
    now = with_holiday("stocks", "2030-12-24", CONFIGURED, SYMBOLS)(SetCalendars())
    now = with_holiday("stocks", "2030-12-23", CONFIGURED, SYMBOLS)(now)
    assert now.calendars == [entry("stocks", "ACME", holidays=["2030-12-23", "2030-12-24"])]
    again = with_holiday("stocks", "2030-12-24", CONFIGURED, SYMBOLS)
    assert "is listed already" in refusal(again, now)
    now = without_holiday("stocks", "2030-12-24", CONFIGURED, SYMBOLS)(now)
    assert now.calendars[0].holidays == ["2030-12-23"]
    assert "is no holiday" in refusal(without_holiday("stocks", "2030-12-24", CONFIGURED, SYMBOLS), now)
    assert "no calendar 'none'" in refusal(with_holiday("none", "2030-12-24", CONFIGURED, SYMBOLS), now)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (entry("mine", "ACME"), "has a calendar already, 'stocks'"),
        (entry("mine"), "has a calendar already, 'rest'"),
        (entry("mine", "NONE"), "is no symbol"),
        (entry("mine", "THIRD", opens="18:00"), "is not after the phase before"),
        (entry("mine", "THIRD", holidays=["soon"]), "is no date"),
    ],
)
def test_what_does_not_fit_is_not_set(wrong: CalendarEntry, why: str) -> None:
    told = refusal(setting([wrong], CONFIGURED, SYMBOLS), SetCalendars())
    assert why in told
    assert told.startswith("mine.")


def test_a_configuration_that_takes_the_same_symbols_gives_way() -> None:
    mine = SetCalendars(calendars=[entry("mine", "ACME"), entry("others")])
    read_again = [entry("stocks", "ACME", "OTHER"), entry("acme", "ACME"), entry("rest")]
    assert {each.name: each.symbols for each in mine.over(read_again)} == {
        "stocks": ["OTHER"],
        "mine": ["ACME"],
        "others": [],
    }


def test_a_file_that_was_spoilt_by_hand_is_told(tmp_path: Path) -> None:
    file = CalendarFile(tmp_path)
    assert file.read() == SetCalendars()
    file.change(setting([entry("mine", "ACME")], [], SYMBOLS))
    text = (tmp_path / FILE).read_text()
    for spoilt in ("{", text.replace("17:00", "08:00"), text.replace("UTC", "Mars/Olympus")):
        (tmp_path / FILE).write_text(spoilt)
        with pytest.raises(CalendarsError) as caught:
            file.read()
        assert code_of(caught.value) == "calendars_unreadable"

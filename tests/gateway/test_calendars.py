"""Calendars that administrators set while the venue runs."""

from __future__ import annotations

from typing import Any

from tests.gateway.money import Callers, callers, code, settled
from workers.administration import trail
from workers.administration.calendar_file import FILE, CalendarFile

DAY: dict[str, Any] = {
    "name": "all",
    "phases": [{"at": "09:00", "state": "continuous"}, {"at": "17:00", "state": "closed"}],
    "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
}
IMPORT = """
accounts: [{name: bob, roles: [administrator]}]
calendars: [{name: stocks, symbols: [ACME], phases: [{at: "07:00", state: continuous}]}]
"""
CONFIGURED = settled(TRADSYS__CALENDARS='[{name: stocks, symbols: [ACME], phases: [{at: "08:00", state: continuous}]}]')


async def are_set(all: Callers) -> list[bool]:
    """Of the calendars that count, whether they are others than the configuration's."""
    return [each["set"] for each in (await all.clerk("GET", "/admin/calendars"))[1]["calendars"]]


async def times(all: Callers) -> dict[str, list[str]]:
    """By calendar that counts when its phases begin."""
    told = (await all.clerk("GET", "/admin/calendars?days=7"))[1]["calendars"]
    return {each["calendar"]: sorted({phase["local"][15:] for phase in each["next"]}) for each in told}


async def test_a_calendar_is_set_and_removed() -> None:
    async with callers() as all:
        status, told = await all.clerk("PUT", "/admin/calendars", json=DAY)
        assert (status, told["calendar"]["phases"], told["calendar"]["time_zone"]) == (200, DAY["phases"], "UTC")
        assert await times(all) == {"all": ["09:00:00", "17:00:00"]}
        assert "name: all" in (await all.clerk("GET", "/admin/export"))[1]["yaml"]
        later = DAY | {"phases": [{"at": "10:00", "state": "continuous"}]}
        assert (await all.clerk("PUT", "/admin/calendars", json=later))[0] == 200
        assert await times(all) == {"all": ["10:00:00"]}
        assert await all.clerk("DELETE", "/admin/calendars/all") == (200, {"calendar": None})
        assert await times(all) == {}
        acts = [(line.act, line.target, line.result) for line in trail.lines(all.harness.directory)]
        assert acts == [("calendar.set", "all", "done")] * 2 + [("calendar.remove", "all", "done")]
        assert code(await all.clerk("DELETE", "/admin/calendars/all")) == (404, "unknown_calendar")


async def test_what_is_set_stands_before_the_configuration_until_it_is_reset() -> None:
    async with callers(CONFIGURED) as all:
        mine = DAY | {"name": "stocks", "symbols": ["ACME"]}
        assert (await all.clerk("PUT", "/admin/calendars", json=mine))[0] == 200
        all.harness.edge.configure(CONFIGURED)  # which is read again
        assert await times(all) == {"stocks": ["09:00:00", "17:00:00"]}
        assert await are_set(all) == [True]
        status, told = await all.clerk("POST", "/admin/calendars/stocks/reset")
        assert (status, told["calendar"]["phases"][0]["at"]) == (200, "08:00")
        assert await are_set(all) == [False]
        assert (await all.clerk("DELETE", "/admin/calendars/stocks"))[0] == 200
        all.harness.edge.configure(CONFIGURED)
        assert await times(all) == {}
        assert (await all.clerk("POST", "/admin/calendars/stocks/reset"))[0] == 200
        assert await times(all) == {"stocks": ["08:00:00"]}
        assert code(await all.clerk("POST", "/admin/calendars/stocks/reset")) == (404, "unknown_calendar")


async def test_holidays_are_added_and_taken_away() -> None:
    async with callers(CONFIGURED) as all:
        day = {"date": "2030-12-24"}
        _, told = await all.clerk("POST", "/admin/calendars/stocks/holidays", json=day)
        assert told["calendar"]["holidays"] == ["2030-12-24"]
        assert code(await all.clerk("POST", "/admin/calendars/stocks/holidays", json=day)) == (400, "invalid_field")
        _, told = await all.clerk("DELETE", "/admin/calendars/stocks/holidays/2030-12-24")
        assert told["calendar"]["holidays"] == []
        wrong = {"date": "Christmas"}
        assert code(await all.clerk("POST", "/admin/calendars/stocks/holidays", json=wrong)) == (400, "invalid_field")
        line = next(trail.lines(all.harness.directory))
        assert (line.act, line.target) == ("calendar.holiday.add", "stocks")
        assert (line.before[0]["holidays"], line.after[0]["holidays"]) == ([], ["2030-12-24"])


async def test_what_does_not_fit_changes_nothing() -> None:
    async with callers(CONFIGURED) as all:
        for change, refusal in (
            ({"symbols": ["ACME"]}, "invalid_field"),
            ({"symbols": ["NONE"]}, "invalid_field"),
            ({"time_zone": "Europe/Berlni"}, "invalid_field"),
            ({"phases": []}, "invalid_field"),
            ({"colour": "red"}, "unknown_field"),
        ):
            assert code(await all.clerk("PUT", "/admin/calendars", json=DAY | change)) == (400, refusal), change
        assert not (all.harness.directory / FILE).exists()
        assert code(await all.officer("PUT", "/admin/calendars", json=DAY)) == (403, "role_required")


async def test_an_import_brings_roles_and_calendars() -> None:
    async with callers(CONFIGURED) as all:
        text = (await all.clerk("GET", "/admin/export"))[1]["yaml"]
        assert (await all.clerk("POST", "/admin/import", json={"yaml": text}))[1]["changes"] == []
        body = {"yaml": IMPORT}
        _, told = await all.clerk("POST", "/admin/import", json=body)
        assert [change["path"] for change in told["changes"]] == ["accounts[bob].roles", "calendars[stocks].phases"]
        assert await times(all) == {"stocks": ["07:00:00"]}
        assert (await all.bob("GET", "/admin/keys"))[0] == 200
        assert CalendarFile(all.harness.directory).read().calendars[0].name == "stocks"
        assert [line.act for line in trail.lines(all.harness.directory)] == ["account.roles", "calendar.set"]
        assert (await all.bob("POST", "/admin/import", json=body))[1]["changes"] == []

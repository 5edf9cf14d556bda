"""The calendar's market states in a venue that runs, at times that the tests choose."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.cli.conftest import SMALL
from tradsys.configuration.calendars import CalendarEntry, PhaseEntry
from tradsys.configuration.sections import Configuration
from tradsys.records import MarketState
from workers.administration import trail
from workers.administration.calendar_file import FILE as CALENDARS
from workers.administration.calendar_file import CalendarFile, removing, resetting, setting, with_holiday
from workers.administration.defining import state_record
from workers.desk import Desk
from workers.embedded import EmbeddedVenue, embedded_venue
from workers.statement import symbol_named
from workers.trading_hours import FILE, TradingHours
from workers.venue import Venue

OPEN, HALT, CLOSED, CLOSING = (
    MarketState.CONTINUOUS,
    MarketState.HALT,
    MarketState.CLOSED,
    MarketState.CLOSING_AUCTION,
)


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedVenue]:
    """A venue with two symbols and without calendars."""
    symbols = [SMALL["symbols"][0], SMALL["symbols"][0] | {"name": "OTHER"}]
    with embedded_venue(SMALL | {"symbols": symbols}) as started:
        yield started


def at(text: str) -> int:
    """ns since 1970, of a time in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


def calendar(*phases: str, name: str = "all", symbols: list[str] | None = None) -> CalendarEntry:
    """Phases as in "09:00 continuous", every weekday."""
    return CalendarEntry(name, [PhaseEntry(*phase.split()) for phase in phases], symbols=symbols or [])  # type: ignore[arg-type]


DAY = calendar("08:00 pre_open", "09:00 continuous", "17:30 closing_auction", "17:35 closed")


class Market:
    """The venue, and trading hours that are kept in a directory of the test's own."""

    def __init__(self, embedded: EmbeddedVenue, directory: Path, *calendars: CalendarEntry) -> None:
        self.memory = embedded.memory
        self.directory = directory
        settings = msgspec.structs.replace(embedded.venue.configuration, calendars=list(calendars))
        self.venue: Venue = msgspec.structs.replace(
            embedded.venue, data_directory=str(directory), configuration=settings
        )
        self.hours = self.started()

    def started(self) -> TradingHours:
        """The service of a venue that starts."""
        return TradingHours(self.venue, lambda: self.memory)

    @property
    def settings(self) -> Configuration:
        return self.venue.configuration

    def by_hand(self, state: MarketState, name: str = "ACME") -> None:
        with Desk(self.venue, self.memory) as desk:
            desk.send(state_record(symbol_named(self.memory, name), state))

    def state(self, name: str = "ACME") -> MarketState:
        number = symbol_named(self.memory, name).id
        return MarketState(int(self.memory.shards[number % self.memory.sizes.shards].books[number]["state"]))

    def acts(self) -> list[Any]:
        return [line.after["state"] for line in trail.lines(self.directory) if line.target == "ACME"]


@pytest.fixture
def market(embedded: EmbeddedVenue, tmp_path: Path) -> Market:
    """Both symbols trade, and follow the day."""
    found = Market(embedded, tmp_path, DAY)
    for name in ("ACME", "OTHER"):
        found.by_hand(OPEN, name)
    return found


def test_each_phase_is_sent_when_it_begins_and_once(market: Market) -> None:
    for now, state in (
        ("2026-07-01T08:59:59", MarketState.PRE_OPEN),
        ("2026-07-01T09:00:00", OPEN),
        ("2026-07-01T12:00:00", OPEN),
        ("2026-07-01T17:30:00", CLOSING),
        ("2026-07-01T17:36:00", CLOSED),
        ("2026-07-02T07:59:00", CLOSED),
        ("2026-07-04T12:00:00", CLOSED),  # a Saturday
    ):
        market.hours.step(at(now))
        assert (market.state(), market.state("OTHER")) == (state, state), now
    assert market.acts()[:5] == ["pre-open", "continuous", "closing-auction", "closed"]
    line = next(trail.lines(market.directory))
    assert (line.by.part, line.sequence is not None) == ("calendar", True)


def test_after_a_standstill_what_is_due_then_is_sent_alone(market: Market) -> None:
    market.hours.step(at("2026-07-01T07:00:00"))
    market.hours.step(at("2026-07-03T18:00:00"))
    market.hours.step(at("2026-07-06T09:10:00"))
    assert market.acts() == ["closed", "continuous"]


def test_what_is_set_by_hand_stays_until_the_next_phase(market: Market) -> None:
    market.hours.step(at("2026-07-01T09:00:00"))
    market.by_hand(HALT)
    market.hours.step(at("2026-07-01T10:00:00"))
    assert (market.state(), market.state("OTHER")) == (HALT, OPEN)
    market.hours.step(at("2026-07-01T17:30:00"))
    assert market.state() == CLOSING


def test_a_restart_in_the_same_phase_sends_nothing(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.trading_hours.time.time_ns", lambda: at("2026-07-01T09:00:00"))
    market.started().start(lambda step: None)
    assert market.state() == OPEN
    market.by_hand(HALT)
    monkeypatch.setattr("workers.trading_hours.time.time_ns", lambda: at("2026-07-01T11:00:00"))
    market.started().start(lambda step: None)
    assert market.state() == HALT
    (market.directory / FILE).write_text("spoilt")
    market.started().start(lambda step: None)
    assert market.state() == OPEN


def test_a_clock_that_is_set_back_a_little_does_not_bring_back_the_phase_before(market: Market) -> None:
    market.hours.step(at("2026-07-01T09:00:00"))
    for service in (market.hours, market.started()):
        service._sent = dict(market.hours._sent)
        service.step(at("2026-07-01T08:59:30"))
        assert market.state() == OPEN
    market.started().step(at("2026-07-01T08:00:00"))  # a venue that knows nothing of what was sent
    assert market.state() == MarketState.PRE_OPEN


def test_each_group_has_its_own_calendar_and_another_configuration_counts_at_once(
    embedded: EmbeddedVenue, tmp_path: Path
) -> None:
    others = calendar("09:30 continuous", "12:00 closed", name="others")
    market = Market(embedded, tmp_path, calendar("00:00 halt", name="acme", symbols=["ACME"]), others)
    market.hours.step(at("2026-07-01T12:00:00"))
    assert (market.state(), market.state("OTHER")) == (HALT, CLOSED)
    changed = msgspec.structs.replace(market.settings, calendars=[calendar("10:00 continuous")])
    market.hours.configure(changed)
    market.hours.step(at("2026-07-01T12:00:01"))
    assert (market.state(), market.state("OTHER")) == (OPEN, OPEN)


def test_calendars_that_are_set_count_at_once_and_before_the_configurations(market: Market) -> None:
    now = at("2026-07-01T12:00:00")
    market.hours.step(now)
    assert market.state() == OPEN
    configured, symbols = market.settings.calendars, ["ACME", "OTHER"]
    file = CalendarFile(market.directory)
    file.change(setting([calendar("10:00 halt")], configured, symbols))
    market.hours.step(now)
    assert market.state() == HALT
    market.hours.configure(market.settings)  # which is read again
    market.hours.step(now)
    assert market.state() == HALT
    file.change(with_holiday("all", "2026-07-01", configured, symbols))
    file.change(resetting("all", configured, symbols))
    market.hours.step(now)
    assert market.state() == OPEN
    file.change(removing("all", configured))
    market.hours.step(at("2026-07-01T17:40:00"))
    assert market.state() == OPEN


def test_a_spoilt_file_of_calendars_is_told_and_leaves_those_from_before(market: Market) -> None:
    CalendarFile(market.directory).change(setting([calendar("10:00 halt")], market.settings.calendars, ["ACME"]))
    market.hours.step(at("2026-07-01T12:00:00"))
    (market.directory / CALENDARS).write_text("{")
    market.hours.step(at("2026-07-01T12:00:01"))
    assert (market.state(), market.hours.health().is_well) == (HALT, False)
    assert "cannot be read" in market.hours.health().why
    (market.directory / CALENDARS).unlink()
    market.hours.step(at("2026-07-01T12:00:02"))
    assert (market.state(), market.hours.health().is_well) == (OPEN, True)


def test_without_calendars_nothing_is_done(embedded: EmbeddedVenue, tmp_path: Path) -> None:
    market = Market(embedded, tmp_path)
    market.hours.start(lambda step: None)
    market.hours.step(at("2026-07-01T12:00:00"))
    assert market.hours.health().is_well
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_sent_is_told_and_tried_again(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    market.hours.step(at("2026-07-01T09:00:00"))
    with monkeypatch.context() as broken:
        broken.setattr("workers.trading_hours._PATIENCE_SECONDS", 0.0)
        broken.setattr("workers.port.Port.submit", lambda *_: 0)
        market.hours.step(at("2026-07-01T17:30:00"))
        assert not market.hours.health().is_well
        assert "cannot be sent" in market.hours.health().why
        assert market.state() == OPEN
    market.hours.step(at("2026-07-01T17:30:02"))
    assert market.hours.health().is_well
    assert market.state() == CLOSING

"""A venue that opens and closes by its calendar: from its start on, when its file changes, and over a restart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.cli.conftest import SMALL, runner
from tests.workers.running import until
from tradsys.cli.main import app
from tradsys.records import MarketState
from workers.administration import trail
from workers.embedded import EmbeddedVenue, embedded_venue

RELOAD_SECONDS_MAX = 30


def settings(state: str) -> dict[str, Any]:
    """A venue whose only phase began last midnight, or on a day before."""
    weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    calendar = {"name": "all", "weekdays": weekdays, "phases": [{"at": "00:00", "state": state}]}
    return SMALL | {"calendars": [calendar]}


def state_of(venue: EmbeddedVenue) -> MarketState:
    return MarketState(int(venue.memory.shards[0].books[1]["state"]))


def told(*arguments: str, directory: Path) -> Any:
    result = runner.invoke(app, [*arguments, "--data-dir", str(directory), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


def test_a_venue_keeps_its_hours(tmp_path: Path) -> None:
    directory = tmp_path / "venue"
    with embedded_venue(settings("closed"), directory=directory) as venue:
        assert state_of(venue) == MarketState.CLOSED  # before anybody could trade
        (shown,) = told("calendar", "show", directory=directory)
        assert (shown["symbols"], shown["now"]["state"], len(shown["next"])) == (["ACME"], "closed", 7)
        venue.configure(settings("pre_open"))
        until(lambda: state_of(venue) == MarketState.PRE_OPEN, "the calendar that was changed", RELOAD_SECONDS_MAX)
        prices = ["--lowest-price", "1", "--highest-price", "9", "--reference-price", "5"]
        told("symbol", "add", "LATER", "--tick-size", "1", "--lot-size", "1", *prices, directory=directory)
        later = venue.memory.shards[0].books
        until(lambda: later[2]["state"] == MarketState.PRE_OPEN, "the new symbol to follow its calendar")
        assert told("halt", "on", "--symbol", "ACME", directory=directory)["symbols"] == ["ACME"]
    with embedded_venue(settings("pre_open"), directory=directory) as venue:
        assert state_of(venue) == MarketState.HALT
    lines = [(line.by.part, line.target, line.after) for line in trail.lines(directory) if line.act == "symbol.state"]
    assert lines == [
        ("calendar", "ACME", {"state": "closed"}),
        ("calendar", "ACME", {"state": "pre-open"}),
        ("calendar", "LATER", {"state": "pre-open"}),
        ("", "ACME", {"state": "halt"}),
    ]
    assert trail.check(directory).fault == ""

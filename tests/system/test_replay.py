"""Recorded days through the processes of a venue, in both topologies, also when its engine is killed."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from bench import data
from tradsys.cli.replay import pools_for, replay
from tradsys.recorded.sse import Day, read_day
from workers.embedded import EmbeddedVenue, embedded_venue
from workers.port import Port
from workers.replay import Replay, free_name

STOCKS = ("600761.SH", "601825.SH", "605580.SH")
HEADER = "seq,time,event,side,order_no,price,qty,buy_no,sell_no\n"
SMALL_DAY = (
    "1,09:15:01.000,A,B,1,1000,300,0,0\n"
    "2,09:15:02.000,A,S,2,1000,200,0,0\n"
    "3,09:25:00.000,T,N,0,1000,200,1,2\n"
    "4,09:30:00.000,A,S,3,1001,500,0,0\n"
    "5,09:30:01.000,T,B,0,1001,400,4,3\n"
    "6,09:30:02.000,D,S,3,0,100,0,0\n"
    "7,09:30:03.000,T,S,0,1000,100,1,5\n"
    "8,09:30:03.000,A,S,5,1000,50,0,0\n"
    "9,14:57:00.000,A,B,6,1000,50,0,0\n"
    "10,15:00:00.000,T,N,0,1000,50,6,5\n"
)
"""Every kind of thing that happens in a day: both auctions, a full and a partial taker, a cancel of a rest."""


@pytest.fixture
def small_day(tmp_path: Path) -> Path:
    path = tmp_path / "small.csv"
    path.write_text(HEADER + SMALL_DAY)
    return path


@pytest.fixture
def days() -> list[Day]:
    paths = [data.find(f"sse/{stock}.csv.xz") for stock in STOCKS]
    found = [path for path in paths if path is not None]
    if len(found) < len(STOCKS):
        pytest.skip(f"the recorded days are not here; {data.VARIABLE} can name their folder")
    return [read_day(path) for path in found]


@contextmanager
def a_venue(kind: str, shards: int, days: list[Day]) -> Iterator[tuple[EmbeddedVenue, Port]]:
    overrides = {"topology": {"kind": kind, "shards": shards, "pin": False}, "pools": pools_for(days)}
    with embedded_venue(overrides) as embedded:
        port = Port.claim_spare(embedded.memory, embedded.venue.control_ring + 1, embedded.venue.sequencer_index)
        try:
            yield embedded, port
        finally:
            port.close()


def command(*arguments: str) -> tuple[int, Any]:
    """Exit status and JSON line of the command."""
    app = typer.Typer()
    app.command()(replay)
    result = CliRunner().invoke(app, ["--json", *arguments])
    lines = result.stdout.strip().splitlines()
    return result.exit_code, json.loads(lines[-1]) if lines else None


@pytest.mark.parametrize(("kind", "shards"), [("compact", 1), ("sharded", 2)])
def test_every_execution_of_the_recorded_days_is_exact(days: list[Day], kind: str, shards: int) -> None:
    with a_venue(kind, shards, days) as (embedded, port):
        outcome = Replay(embedded.venue, port, days).run()
    assert [result.differences for result in outcome.results] == [[], [], []]
    counters = outcome.counters
    assert (counters.inbound, counters.aggressive, counters.trades) == (91_350, 28_746, 46_401)
    assert (counters.cancels, counters.auctions, counters.auction_pairs) == (17_921, 6, 725)
    assert counters.crossed_books == 0
    assert outcome.exact


def test_killing_the_engine_in_the_middle_loses_and_doubles_nothing(days: list[Day]) -> None:
    killed: list[int] = []
    with a_venue("compact", 1, days) as (embedded, port):

        def kill_once(answered: int, total: int) -> None:
            if not killed and answered > total // 3:
                killed.append(embedded.pid("engine"))
                os.kill(killed[0], signal.SIGKILL)

        outcome = Replay(embedded.venue, port, days, orders_per_second=50_000).run(kill_once)
        assert embedded.pid("engine") not in (0, killed[0])
    assert [result.differences for result in outcome.results] == [[], [], []]


def test_the_command_replays_a_day_into_a_venue_of_its_own(small_day: Path) -> None:
    status, told = command(str(small_day))
    assert status == 0
    assert (told["inbound"], told["trades"], told["trades_exact"], told["auctions_exact"]) == (7, 2, 2, 2)
    assert told["latency_ns_p50"] > 0


def test_the_command_replays_twice_into_a_venue_that_runs(small_day: Path) -> None:
    days = [read_day(small_day)]
    with embedded_venue({"topology": {"pin": False}, "pools": pools_for(days)}) as embedded:
        directory = embedded.venue.data_directory
        for pace in ("max", "1000"):
            status, told = command("--data-dir", directory, "--pace", pace, str(small_day), str(small_day))
            assert (status, told["inbound"], told["differences"], told["embedded"]) == (0, 14, 0, False)
        names = [bytes(name).decode() for name in embedded.memory.symbols["name"][1:5]]
    assert names == ["small", "small.2", "small.3", "small.4"]


def test_a_difference_is_shown_and_gives_exit_status_1(small_day: Path) -> None:
    small_day.write_text(HEADER + SMALL_DAY.replace("D,S,3,0,100", "D,S,3,0,90"))
    status, told = command(str(small_day))
    assert (status, told["cancels"], told["cancels_exact"], told["differences"]) == (1, 1, 0, 1)


def test_what_cannot_be_replayed_gives_exit_status_2(small_day: Path, tmp_path: Path) -> None:
    assert command("--data-dir", str(tmp_path), str(small_day))[0] == 2
    assert command(str(tmp_path / "absent.csv"))[0] == 2
    small_day.write_text("nonsense\n")
    assert command(str(small_day))[0] == 2


def test_names_that_are_taken_get_a_number_within_the_length_of_a_name() -> None:
    assert free_name("600000.SH", set()) == "600000.SH"
    assert free_name("600000.SH", {"600000.SH", "600000.SH.2"}) == "600000.SH.3"
    assert free_name("a long name of a stock", {"a.long.name.of.a"}) == "a.long.name.of.2"

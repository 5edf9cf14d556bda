"""A standby in a real venue: workers are killed under load, and clients stay connected and lose nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.system.test_gateway_live import SETTINGS, url
from tests.workers.running import until
from tradsys.cli.main import app
from tradsys.client import Client, Stream
from workers.embedded import EmbeddedVenue, embedded_venue
from workers.memory import READY, RESTARTS, VenueMemory

pytestmark = pytest.mark.timeout(900)
runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
WITH_STANDBY: dict[str, Any] = SETTINGS | {
    "topology": {"kind": "compact", "pin": False, "idle": "park", "standby": True, "shards": 2},
    "journal": {"level": "group"},
}


@pytest.fixture
def kind() -> str:
    return "compact"


@pytest.fixture
def venue(tmp_path: Path, kind: str) -> Iterator[EmbeddedVenue]:
    """A small venue with a standby."""
    settings = WITH_STANDBY | {"topology": WITH_STANDBY["topology"] | {"kind": kind}}
    with embedded_venue(settings, gateways=True, directory=tmp_path / "venue") as running:
        yield running


def run(venue: EmbeddedVenue, *arguments: str) -> Result:
    return runner.invoke(app, [*arguments, "--data-dir", venue.venue.data_directory])


def await_standby(venue: EmbeddedVenue, but: int = 0) -> int:
    """Wait until a standby is ready; gives its process, which is not `but`."""
    until(lambda: venue.state("standby") == READY and venue.pid("standby") not in (0, but), "a standby", 240)
    return venue.pid("standby")


def restarts(memory: VenueMemory, venue: EmbeddedVenue) -> int:
    """How often workers whose place the standby can take have had a successor."""
    return sum(int(memory.line(plan.index)[RESTARTS]) for plan in venue.venue.workers if plan.is_followed)


async def trade(stream: Stream, name: int, placed: dict[int, str], stop: asyncio.Event) -> None:
    """Buy and sell on one socket, noting what every order's answer said."""
    number = name * 1_000_000
    while not stop.is_set():
        number += 1
        side = "buy" if number % 2 else "sell"
        answer = await stream.place("ACME", side, "3", f"{100 + number % 3}.00", client_order_id=number)
        placed[number] = answer["order_id"]


@pytest.mark.parametrize(
    ("kind", "victims"),
    [("compact", ["engine", "engine", "engine"]), ("sharded", ["matcher-0", "sequencer", "matcher-1", "sequencer"])],
    ids=["compact", "sharded"],
)
def test_workers_are_killed_and_every_socket_goes_on(venue: EmbeddedVenue, victims: list[str]) -> None:
    placed: dict[int, str] = {}

    async def script() -> None:
        async with Stream(url(venue), "alice-key") as alice, Stream(url(venue, "gateway-1"), "bob-key") as bob:
            stop = asyncio.Event()
            crowd = [
                asyncio.ensure_future(trade(stream, name, placed, stop)) for name, stream in ((1, alice), (2, bob))
            ]
            for kills, victim in enumerate(victims, 1):
                standby = await asyncio.to_thread(await_standby, venue)
                before = len(placed)
                os.kill(venue.pid(victim), signal.SIGKILL)
                await asyncio.to_thread(until, lambda: venue.pid(victim) == standby, "the takeover")  # noqa: B023
                assert venue.pid("standby") != standby, "who serves in another's place stands by no more"
                await asyncio.to_thread(until, lambda: len(placed) > before + 20, "orders to go on")  # noqa: B023
                assert restarts(venue.memory, venue) == kills
            stop.set()
            await asyncio.gather(*crowd)

    asyncio.run(script())
    with Client(url(venue), "alice-key") as alice, Client(url(venue), "bob-key") as bob:
        for number, order_id in placed.items():
            client = alice if number < 2_000_000 else bob
            assert client.order(client_order_id=number)["order_id"] == order_id
    found = run(venue, "journal", "verify", "--json")
    assert json.loads(found.stdout.splitlines()[-1])["damage"] is None


@pytest.mark.parametrize(("kind", "worker"), [("compact", "engine"), ("sharded", "matcher-1")])
def test_handing_over_on_purpose(venue: EmbeddedVenue, worker: str) -> None:
    with Client(url(venue), "alice-key") as alice:
        order = alice.place("ACME", "sell", "10", "100.00", client_order_id=1)
        standby, before = await_standby(venue), venue.pid(worker)
        wrong = run(venue, "failover", "journal")
        assert wrong.exit_code == 1
        assert "no standby takes the place of journal" in wrong.output
        told = run(venue, "failover", worker, "--json")
        assert told.exit_code == 0, told.output
        answer = json.loads(told.stdout.splitlines()[-1])
        assert (answer["worker"], answer["from"], answer["to"]) == (worker, before, standby)
        assert alice.order(order["order_id"])["leaves"] == "10"
        assert alice.place("ACME", "buy", "4", "100.00")["status"] == "filled"
        assert run(venue, "failover").exit_code in (0, 1)  # the next standby may or may not be there yet
        await_standby(venue)
        assert alice.order(order["order_id"])["leaves"] == "6"


def test_a_venue_without_a_standby_says_so(tmp_path: Path) -> None:
    with embedded_venue(SETTINGS | {"gateway": {"count": 1}}, directory=tmp_path / "venue") as running:
        told = run(running, "failover")
        assert told.exit_code == 1
        assert told.output.startswith("error[standby_unavailable]: this venue")
        assert "set topology.standby to true" in told.output


def test_an_engine_whose_heart_stops_is_given_up(venue: EmbeddedVenue) -> None:
    standby, engine = await_standby(venue), venue.pid("engine")
    os.kill(engine, signal.SIGSTOP)
    until(lambda: venue.pid("engine") == standby, "the takeover")
    with Client(url(venue), "alice-key") as alice:
        assert alice.place("ACME", "sell", "10", "100.00")["status"] == "open"

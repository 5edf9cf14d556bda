"""A whole venue as a user starts it: `tradsys up` and its workers, killed and stopped in every way."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from shm.segment import list_segments, process_start_time
from tradsys.client import Client
from workers import venue as venues
from workers.memory import segment_name
from workers.observation import Observation, WorkerView, observe
from workers.process import processes_of

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS_MAX = 280
"""The first start after a change of the sources compiles every kernel."""

pytestmark = pytest.mark.timeout(900)


def until(condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    pause = Event()
    while not (result := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        pause.wait(0.02)
    return result


class RunningVenue:
    """`tradsys up` in a process, and what it has printed."""

    def __init__(self, directory: Path, *options: str, **variables: str) -> None:
        self.directory = directory
        self.output = ""
        command = [sys.executable, "-m", "tradsys.cli.main", "up", "--data-dir", str(directory), "--port", "0"]
        self.process = subprocess.Popen(
            [*command, *options],
            cwd=ROOT,
            env={**os.environ, "TRADSYS_ENVIRONMENT": "testing", "COLUMNS": "200", **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            self._await_start()
        except BaseException:
            self.close()
            raise

    def _await_start(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while "Ctrl-C drains and stops" not in self.output:
            assert time.monotonic() < deadline, f"the venue did not start:\n{self.output}"
            assert self._read(), f"the venue ended while it started:\n{self.output}"

    def _read(self) -> bool:
        assert self.process.stdout is not None
        if select.select([self.process.stdout], [], [], 1)[0]:
            data = os.read(self.process.stdout.fileno(), 65536)
            self.output += data.decode()
            return bool(data)
        return True

    def client(self, key: str | None = None) -> Client:
        return Client(venues.addresses(self.directory)["gateway-0"], key)

    def seen(self) -> Observation:
        """What the venue's memory says now."""
        venue = venues.read(self.directory)
        segment, memory = venue.attach()
        try:
            return observe(venue, memory)
        finally:
            segment.close()

    def worker(self, name: str) -> WorkerView:
        return next(worker for worker in self.seen().workers if worker.name == name)

    def kill(self, name: str) -> None:
        """Kill a worker and wait until it is ready again."""
        pid = self.worker(name).pid
        os.kill(pid, signal.SIGKILL)

        def is_ready() -> bool:
            worker = self.worker(name)
            return worker.pid != pid and worker.state == "ready"

        until(is_ready, f"the restart of {name}")

    def end(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end; gives the exit status."""
        self.process.send_signal(number)
        deadline = time.monotonic() + 60
        while self._read() and time.monotonic() < deadline:
            pass
        return self.process.wait(60)

    def close(self) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGTERM)
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture
def directory(tmp_path: Path, venue_name: str) -> Path:
    return tmp_path / venue_name


@pytest.fixture(params=["compact", "sharded"])
def start(request: pytest.FixtureRequest, directory: Path) -> Iterator[Callable[..., RunningVenue]]:
    """Starts the venue in `directory`, as often as asked; all are ended afterwards."""
    topology = {
        "TRADSYS__TOPOLOGY__KIND": request.param,
        "TRADSYS__TOPOLOGY__SHARDS": "1" if request.param == "compact" else "2",
    }
    started: list[RunningVenue] = []

    def start_one(*options: str, **variables: str) -> RunningVenue:
        started.append(RunningVenue(directory, *options, **topology, **variables))
        return started[-1]

    yield start_one
    for venue in started:
        venue.close()


def assert_nothing_left(directory: Path) -> None:
    name = segment_name(directory)
    assert processes_of(name) == []
    assert list_segments(name) == []
    assert list(venues.run_directory(directory).iterdir()) == []


def test_orders_outlive_a_stop_a_killed_engine_and_a_killed_supervisor(
    directory: Path, start: Callable[..., RunningVenue]
) -> None:
    venue = start()
    assert "curl -s http://127.0.0.1:" in venue.output
    core = [worker.name for worker in venue.seen().workers if worker.name != "gateway-0"]
    with venue.client("alice-key") as alice, venue.client("bob-key") as bob:
        resting = alice.place("ACME", "sell", "10", "100.00")["order_id"]
        other = alice.place("BTC-USD", "buy", "0.5", "50000")["order_id"]
        filled = bob.place("ACME", "buy", "4", "100.00")
        assert filled["status"] == "filled"
        for name in core:
            venue.kill(name)
            assert bob.place("ACME", "buy", "1", "100.00")["status"] == "filled"
        assert int(alice.order(resting)["leaves"]) == 10 - 4 - len(core)
    restarts = {worker.name: worker.restarts for worker in venue.seen().workers}
    assert restarts == {**dict.fromkeys(core, 1), "gateway-0": 0}
    assert venue.end(signal.SIGINT) == 0
    assert venue.output.endswith("stopped\n")
    assert_nothing_left(directory)

    venue = start()
    with venue.client("alice-key") as alice:
        assert {order["order_id"] for order in alice.orders()} == {resting, other}
        again = alice.place("ACME", "buy", "2", "99.00")["order_id"]
    gateway = venue.worker("gateway-0").pid
    venue.end(signal.SIGKILL)
    until(lambda: process_start_time(gateway) == 0, "the gateway to end with its supervisor")

    venue = start()
    assert "reclaimed the shared memory" in venue.output
    with venue.client("alice-key") as alice:
        assert {order["order_id"] for order in alice.orders()} == {resting, other, again}
        assert int(alice.order(resting)["leaves"]) == 10 - 4 - len(core)
    assert venue.end(signal.SIGTERM) == 0
    assert_nothing_left(directory)


def test_a_killed_gateway_comes_back(directory: Path, tmp_path: Path) -> None:
    venue = RunningVenue(directory)
    try:
        with venue.client("alice-key") as alice:
            order = alice.place("ACME", "sell", "10", "100.00")["order_id"]
        venue.kill("gateway-0")
        with venue.client("alice-key") as alice:
            assert alice.order(order)["status"] == "open"
            assert alice.cancel(order)["status"] == "cancelled"
    finally:
        venue.close()
    assert_nothing_left(directory)


def test_simulated_traders_make_a_market_that_a_newcomer_meets(directory: Path) -> None:
    venue = RunningVenue(directory, "--demo", TRADSYS_ENVIRONMENT="development", TRADSYS__TOPOLOGY__PIN="false")
    try:
        with venue.client("bob-key") as bob:

            def two_sided() -> bool:
                depth = bob.depth("ACME")
                return bool(depth["bids"] and depth["asks"])

            until(two_sided, "quotes on both sides")
            price = bob.depth("ACME")["asks"][0][0]
            until(
                lambda: bob.place("ACME", "buy", "1", "999.95", time_in_force="ioc")["filled"] == "1",
                f"a fill at {price}",
            )
            until(lambda: bob.trades("ACME"), "a trade")
        assert venue.end(signal.SIGINT) == 0
    finally:
        venue.close()
    assert_nothing_left(directory)


def test_a_venue_without_gateways_serves_tools_of_this_host(directory: Path) -> None:
    venue = RunningVenue(directory, "--no-gateways")
    try:
        seen = venue.seen()
        assert [worker.name for worker in seen.workers] == ["engine"]
        assert (seen.symbols, seen.accounts) == (2, 3)
    finally:
        venue.close()
    assert_nothing_left(directory)

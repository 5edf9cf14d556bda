"""What a service manager hears of a venue, over a socket of the test's own and workers that only pretend."""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.workers.fake_venue import Fakes, configuration, supervisor
from workers.notify import ServiceManager
from workers.supervision import SILENCE_NS_MAX
from workers.supervisor import StartError, Supervisor, Timeouts

_SECOND = 1_000_000_000


class Listener:
    """A service manager's end of the socket: every message, as its lines."""

    def __init__(self, path: str) -> None:
        self.address = path.replace("\0", "@", 1)
        self.messages: list[list[str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)

    def heard(self, line: str, seconds: float = 60) -> bool:
        """Take in messages until one has this line; whether one came in time."""
        deadline = time.monotonic() + seconds
        while not any(line in message for message in self.messages):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._socket], [], [], left)[0]:
                return False
            self.messages.append(self._socket.recv(65_536).decode().split("\n"))
        return True

    def take(self) -> list[list[str]]:
        """What has come so far, which is then forgotten."""
        while select.select([self._socket], [], [], 0)[0]:
            self.messages.append(self._socket.recv(65_536).decode().split("\n"))
        taken, self.messages = self.messages, []
        return taken

    def manager(self, **variables: str) -> ServiceManager:
        """What a process with these variables has."""
        return ServiceManager({"NOTIFY_SOCKET": self.address, **variables}, os.getpid())

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def listener(request: pytest.FixtureRequest, tmp_path: Path, venue_name: str) -> Iterator[Listener]:
    listening = Listener(f"\0{venue_name}" if request.param == "abstract" else str(tmp_path / "notify"))
    yield listening
    listening.close()


def test_messages_are_as_sd_notify_describes_them(listener: Listener) -> None:
    service = listener.manager()
    service.starting("reading the journal", 120, 10 * _SECOND)
    service.ready("the venue runs")
    service.reloading(1_234_567_890)
    service.stopping("draining", 90)
    assert listener.take() == [
        ["STATUS=reading the journal", "EXTEND_TIMEOUT_USEC=120000000"],
        ["READY=1", "STATUS=the venue runs"],
        ["RELOADING=1", "MONOTONIC_USEC=1234567"],
        ["STOPPING=1", "STATUS=draining", "EXTEND_TIMEOUT_USEC=90000000"],
    ]
    service.close()


def test_what_is_said_often_is_sent_seldom(listener: Listener) -> None:
    service = listener.manager()
    for step in range(100):
        service.starting("reading the journal", 120, 10 * _SECOND + step * _SECOND // 10)
        service.tell("reading the journal")
    assert len(listener.take()) == 2
    service.close()


def test_the_watchdog_is_fed_three_times_as_often_as_it_must_be(listener: Listener) -> None:
    service = listener.manager(WATCHDOG_USEC="30000000")
    for second in range(100, 160):
        service.feed(second * _SECOND)
    assert listener.take() == [["WATCHDOG=1"]] * 6
    service.close()


@pytest.mark.parametrize(
    "variables", [{}, {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}]
)
def test_nothing_is_fed_where_no_watchdog_waits_for_this_process(listener: Listener, variables: dict[str, str]) -> None:
    service = listener.manager(**variables)
    service.feed(100 * _SECOND)
    assert listener.take() == []
    service.close()


def test_without_a_service_manager_or_after_its_end_nothing_happens(tmp_path: Path) -> None:
    for variables in ({}, {"NOTIFY_SOCKET": str(tmp_path / "nobody")}):
        service = ServiceManager(variables, os.getpid())
        service.ready("the venue runs")
        service.close()
        service.ready("the venue runs")


@pytest.fixture
def running(tmp_path: Path, venue_name: str, listener: Listener) -> Iterator[Callable[..., Supervisor]]:
    """Starts a venue that the listener watches, and has it run in a thread until the end of the test."""
    threads: list[tuple[Supervisor, threading.Thread]] = []

    def start(fakes: Fakes) -> Supervisor:
        venue = supervisor(
            tmp_path / venue_name,
            fakes,
            configuration(),
            service=listener.manager(WATCHDOG_USEC="300000"),
            timeouts=Timeouts(attach=30, drain=20, heartbeat=2 * SILENCE_NS_MAX / _SECOND, orphans=20),
        )
        thread = threading.Thread(target=venue.run)
        threads.append((venue, thread))
        venue.start()
        thread.start()
        return venue

    yield start
    for venue, thread in threads:
        venue.request_stop()
        if thread.ident is not None:
            thread.join(30)
        venue.stop()


def test_the_watchdog_is_fed_only_while_every_worker_is_well(
    running: Callable[..., Supervisor], listener: Listener, tmp_path: Path
) -> None:
    fakes = Fakes(tmp_path / "diary")
    venue = running(fakes)
    assert listener.heard("WATCHDOG=1")
    before = listener.take()
    assert ["READY=1", "STATUS=the venue runs"] in before
    assert before.index(["READY=1", "STATUS=the venue runs"]) < before.index(["WATCHDOG=1"])
    assert any(line == "STATUS=starting matcher-1" for message in before for line in message)

    os.kill(fakes.pids("matcher-1")[0], signal.SIGSTOP)
    assert listener.heard("STATUS=no sign of life from matcher-1")
    listener.take()
    # The supervisor kills it in the end and starts another one.
    assert listener.heard("STATUS=waiting for matcher-1")
    between = listener.take()
    assert ["WATCHDOG=1"] not in between[: between.index(["STATUS=waiting for matcher-1"])]
    assert listener.heard("STATUS=the venue runs")
    assert listener.heard("WATCHDOG=1")
    assert len(fakes.pids("matcher-1")) >= 2

    venue.request_stop()
    venue.stop()
    assert listener.heard("STOPPING=1")
    stopping = [message for message in listener.take() if "STOPPING=1" in message]
    assert stopping[0][1] == "STATUS=draining"


def test_a_start_that_fails_is_never_ready(
    running: Callable[..., Supervisor], listener: Listener, tmp_path: Path
) -> None:
    fakes = Fakes(tmp_path / "diary")
    fakes.behaviour["sequencer"] = "crash"
    with pytest.raises(StartError):
        running(fakes)
    assert not any("READY=1" in message for message in listener.take())

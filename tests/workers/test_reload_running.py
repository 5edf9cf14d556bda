"""A supervisor whose configuration changes: at once what can, for all workers; a mistake changes nothing."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import yaml

from tests.workers.fake_venue import Fakes, supervisor
from tests.workers.running import until
from tradsys.configuration import Configuration, Origin
from workers import venue as venues
from workers.following import Following
from workers.supervisor import Supervisor

pytestmark = pytest.mark.usefixtures("logged")  # after which logging is as it was

EMPTY = {"accounts": [], "symbols": [], "topology": {"kind": "compact"}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The configuration of the venue."""
    path = tmp_path / "mine.yaml"
    _write(path, {})
    return path


@pytest.fixture
def stopped(tmp_path: Path, venue_name: str, file: Path) -> Iterator[Supervisor]:
    """A venue of fake workers, started from the file, which nobody watches yet."""
    read = Origin("testing", file, {}).read()
    with supervisor(tmp_path / venue_name, Fakes(tmp_path / "diary"), read.configuration, read=read) as venue:
        venue.start()
        yield venue


@pytest.fixture
def venue(stopped: Supervisor) -> Iterator[Supervisor]:
    """The same, which runs in a thread."""
    with _running(stopped):
        yield stopped


@contextmanager
def _running(venue: Supervisor) -> Iterator[None]:
    thread = threading.Thread(target=venue.run)
    thread.start()
    try:
        yield
    finally:
        venue.request_stop()
        thread.join(30)
        assert not thread.is_alive()


def _write(path: Path, content: dict[str, object]) -> None:
    temporary = path.with_suffix(".new")
    temporary.write_text(yaml.safe_dump(EMPTY | content), encoding="utf-8")
    temporary.rename(path)


def _level(venue: Supervisor) -> str:
    """What a worker that starts now would log."""
    return venues.read(venue.venue.path).configuration.logging.level


def test_a_changed_file_counts_for_workers_that_run_and_for_those_to_come(venue: Supervisor, file: Path) -> None:
    told: list[Configuration] = []
    following = Following(venue.venue, told.append)
    following.step(0)
    assert told == []
    _write(file, {"logging": {"level": "error"}, "clock": {"tick_ms": 1}})
    until(lambda: _level(venue) == "error", "the change to count")
    following.step(2_000_000_000)
    assert [configuration.logging.level for configuration in told] == ["error"]
    assert told[0].clock.tick_ms == 50, "which needs a restart"
    _write(file, {"logging": {"level": "debug"}})
    until(lambda: _level(venue) == "debug", "the file to be right again")


def test_workers_are_looked_after_while_a_file_is_read_that_takes_its_time(
    venue: Supervisor, file: Path, tmp_path: Path
) -> None:
    fakes = Fakes(tmp_path / "diary")
    before = _level(venue)
    endless = tmp_path / "endless"
    os.mkfifo(endless)
    endless.rename(file)
    opened: list[int] = []
    until(lambda: _is_read(file, opened), "the file to be read")
    _write(file, {"logging": {"level": "error"}})  # what is read next: nobody comes back to the one without an end
    with open(opened[0], "w", encoding="utf-8") as writer:
        os.kill(fakes.pids("engine")[0], signal.SIGKILL)
        until(lambda: len(fakes.pids("engine")) == 2, "the engine to be started again")
        assert _level(venue) == before
        writer.write(yaml.safe_dump(EMPTY | {"clock": {"tick_ms": 1}}))
    until(lambda: _level(venue) == "error", "the next file to count")


def _is_read(pipe: Path, opened: list[int]) -> bool:
    """Whether somebody reads this pipe; then it has been opened for writing, too."""
    with suppress(OSError):  # ENXIO while nobody does
        opened.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    return bool(opened)


def test_hangup_has_it_read_again(stopped: Supervisor) -> None:
    before = _written(stopped)
    again: list[bool] = []

    def hang_up() -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        try:
            until(lambda: _written(stopped) != before, "the venue to be told again")
            again.append(True)
        finally:
            stopped.request_stop()

    handlers = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM)}
    with stopped.stopping_on_signals():
        thread = threading.Thread(target=hang_up)
        thread.start()
        stopped.run()
        thread.join(30)
    assert again
    assert {number: signal.getsignal(number) for number in handlers} == handlers


def _written(venue: Supervisor) -> int:
    """Which file tells about the venue: another one each time that it is told."""
    return venues.file_of(venue.venue.path).stat().st_ino

"""The supervisor, over workers that only pretend: order, restarts, limits, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
import posix_ipc
import pytest

from shm import broadcast, ring
from shm.doorbell import PollableBell
from shm.segment import process_start_time
from tests.workers.fake_venue import Fakes, configuration, supervisor
from workers import venue as venues
from workers.codes import code_of
from workers.lock import DirectoryInUseError
from workers.memory import (
    DEGRADED,
    DRAINING,
    LINE,
    PHASE,
    READER_SHARDS,
    RESTARTS,
    RUNNING,
    STATE,
    STOPPED,
    segment_name,
)
from workers.process import processes_of
from workers.restarts import RestartLimits
from workers.supervisor import StartError, StoppedError, Supervisor, Timeouts, VenueFailedError

SCRIPT = Path(__file__).with_name("fake_venue.py")
CORE = ["journal", "sequencer", "matcher-0", "matcher-1"]
QUICK = Timeouts(attach=30, drain=20, heartbeat=5, orphans=20)


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        pause.wait(0.005)


@pytest.fixture
def directory(tmp_path: Path, venue_name: str) -> Path:
    return tmp_path / venue_name


@pytest.fixture
def fakes(tmp_path: Path) -> Fakes:
    return Fakes(tmp_path / "diary")


@contextmanager
def running(venue: Supervisor) -> Iterator[list[BaseException]]:
    """Start the venue and run it in a thread; the list gets what `run` raised."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            venue.run()
        except VenueFailedError as error:
            errors.append(error)

    with venue:
        venue.start()
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield errors
        finally:
            venue.request_stop()
            thread.join(30)
            assert not thread.is_alive()


def assert_nothing_left(directory: Path) -> None:
    name = segment_name(directory)
    assert not Path(f"/dev/shm{name}").exists()
    assert processes_of(name) == []
    run = venues.run_directory(directory)
    assert [path.name for path in run.glob("*")] == []
    with pytest.raises(posix_ipc.ExistentialError):
        posix_ipc.MessageQueue(venues.bell_name(name, 0))


def test_workers_start_in_the_order_of_the_plan_and_stop_in_the_order_of_the_flow(
    directory: Path, fakes: Fakes
) -> None:
    steps: list[str] = []
    with supervisor(directory, fakes, configuration(), extras=("demo",)) as venue:
        venue.start(steps.append)
        assert venue.memory.control[PHASE] == RUNNING
        until(lambda: ("demo", "starts") in fakes.entries())
        memory = venue.memory
        venue.stop()
    started = [name for name, what in fakes.entries() if what == "starts"]
    assert started == ["journal", "matcher-0", "matcher-1", "sequencer", "gateway-0", "demo"]
    drained = [name for name, what in fakes.entries() if what == "drains"]
    assert drained[:3] == ["demo", "gateway-0", "sequencer"]
    assert sorted(drained[3:5]) == ["matcher-0", "matcher-1"]
    assert drained[5:] == ["journal"]
    assert memory.control[PHASE] == DRAINING
    assert all(memory.workers[STATE::LINE][:6] == STOPPED)
    assert "starting sequencer" in steps
    assert_nothing_left(directory)


@pytest.mark.parametrize(("mine", "expected"), [(None, "glibc.malloc.hugetlb=1"), ("glibc.malloc.check=1", None)])
def test_core_workers_get_huge_pages_unless_the_user_tunes_memory_himself(
    directory: Path, fakes: Fakes, monkeypatch: pytest.MonkeyPatch, mine: str | None, expected: str | None
) -> None:
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    if mine:
        monkeypatch.setenv("GLIBC_TUNABLES", mine)
    with supervisor(directory, fakes, configuration("compact", 1)) as venue:
        venue.start()
        for name, tuned in (("engine", expected or mine), ("gateway-0", mine)):
            environment = Path(f"/proc/{fakes.pids(name)[0]}/environ").read_bytes().split(b"\0")
            found = [variable.partition(b"=")[2].decode() for variable in environment if b"GLIBC_TUNABLES=" in variable]
            assert found == ([tuned] if tuned else [])


def test_a_killed_worker_is_started_again(directory: Path, fakes: Fakes) -> None:
    venue = supervisor(directory, fakes, configuration("compact", 1))
    with running(venue) as errors:
        first = fakes.pids("engine")[0]
        os.kill(first, signal.SIGKILL)
        until(lambda: len(fakes.pids("engine")) == 2)
        until(lambda: venue.memory.workers[RESTARTS] == 1)
        os.kill(fakes.pids("engine")[1], signal.SIGKILL)
        until(lambda: len(fakes.pids("engine")) == 3)
        assert len(fakes.pids("gateway-0")) == 1
    assert errors == []
    assert_nothing_left(directory)


def test_a_worker_that_ends_again_and_again_stops_the_venue(directory: Path, fakes: Fakes) -> None:
    venue = supervisor(directory, fakes, configuration("compact", 1), limits=RestartLimits(restarts=3, step_ns=0))
    with running(venue) as errors:
        fakes.behaviour["engine"] = "crash"
        os.kill(fakes.pids("engine")[0], signal.SIGKILL)
        until(lambda: errors)
    assert len(fakes.pids("engine")) == 1 + 3
    assert code_of(errors[0]) == "venue_failed"
    assert "engine ends again and again" in str(errors[0])
    assert "the roof is on fire" in str(errors[0])
    assert_nothing_left(directory)


def test_a_venue_is_degraded_while_a_worker_is_missing(directory: Path, fakes: Fakes) -> None:
    venue = supervisor(directory, fakes, configuration("compact", 1))
    with running(venue) as errors:
        assert venue.memory.control[PHASE] == RUNNING
        fakes.behaviour["gateway-0"] = "crash"
        os.kill(fakes.pids("gateway-0")[0], signal.SIGKILL)
        until(lambda: venue.memory.control[PHASE] == DEGRADED)
        fakes.behaviour["gateway-0"] = "good"
        until(lambda: venue.memory.control[PHASE] == RUNNING)
    assert errors == []


def test_an_extra_worker_that_ends_again_and_again_is_given_up(directory: Path, fakes: Fakes) -> None:
    fakes.behaviour["demo"] = "crash"
    limits = RestartLimits(restarts=2, step_ns=0)
    venue = supervisor(directory, fakes, configuration("compact", 1), extras=("demo",), limits=limits)
    with running(venue) as errors:
        until(lambda: len(fakes.pids("demo")) == 3)
        os.kill(fakes.pids("engine")[0], signal.SIGKILL)
        until(lambda: len(fakes.pids("engine")) == 2)
    assert errors == []
    assert len(fakes.pids("demo")) == 3


def test_a_worker_without_a_heartbeat_is_killed_and_started_again(directory: Path, fakes: Fakes) -> None:
    fakes.behaviour["engine"] = "silent"
    venue = supervisor(directory, fakes, configuration("compact", 1), timeouts=QUICK._replace(heartbeat=0.3))
    with running(venue):
        fakes.behaviour["engine"] = "good"
        until(lambda: len(fakes.pids("engine")) == 2)
        until(lambda: process_start_time(fakes.pids("engine")[0]) == 0)
    assert len(fakes.pids("gateway-0")) == 1


def test_so_is_an_extra_worker_that_has_once_given_a_sign_of_life(directory: Path, fakes: Fakes) -> None:
    fakes.behaviour["monitor"] = "silent"
    quick = QUICK._replace(heartbeat=0.3)
    with running(supervisor(directory, fakes, configuration("compact", 1), extras=("monitor",), timeouts=quick)):
        until(lambda: len(fakes.pids("monitor")) == 1)
        fakes.behaviour["monitor"] = "good"
        until(lambda: len(fakes.pids("monitor")) == 2)
        until(lambda: process_start_time(fakes.pids("monitor")[0]) == 0)


def test_a_worker_that_does_not_drain_is_killed(directory: Path, fakes: Fakes) -> None:
    fakes.behaviour["gateway-0"] = "deaf"
    with supervisor(directory, fakes, configuration("compact", 1), timeouts=QUICK._replace(drain=0.2)) as venue:
        venue.start()
    assert ("gateway-0", "drains") not in fakes.entries()
    assert ("engine", "drains") in fakes.entries()
    assert_nothing_left(directory)


def test_a_second_venue_in_the_directory_is_refused(directory: Path, fakes: Fakes) -> None:
    with supervisor(directory, fakes, configuration()):
        with pytest.raises(DirectoryInUseError, match=rf"process {os.getpid()}\) already runs") as caught:
            supervisor(directory, fakes, configuration())
        assert caught.value.pid == os.getpid()
    supervisor(directory, fakes, configuration()).stop()


@pytest.mark.parametrize("name", ["journal", "matcher-1", "gateway-0"])
def test_a_failed_start_says_what_the_worker_said_and_leaves_nothing(directory: Path, fakes: Fakes, name: str) -> None:
    fakes.behaviour[name] = "crash"
    venue = supervisor(directory, fakes, configuration())
    with pytest.raises(StartError, match=rf"{name} ended with exit status 3 .*\n?.*the roof is on fire"):
        venue.start()
    assert_nothing_left(directory)
    fakes.behaviour.clear()
    with supervisor(directory, fakes, configuration()) as second:
        second.start()


def test_a_worker_that_never_gets_ready_fails_the_start(directory: Path, fakes: Fakes) -> None:
    venue = supervisor(directory, fakes, configuration(), timeouts=Timeouts(attach=0.2))
    venue._crew._command = lambda plan, _: [sys.executable, "-S", "-c", "import signal; signal.pause()"]
    with pytest.raises(StartError, match=r"waited 0\.2 s in vain for journal to start"):
        venue.start()
    assert_nothing_left(directory)


def test_a_program_that_does_not_exist_fails_the_start(directory: Path, fakes: Fakes) -> None:
    venue = supervisor(directory, fakes, configuration())
    venue._crew._command = lambda plan, _: ["/nowhere/worker"]
    with pytest.raises(StartError, match="journal cannot be started") as caught:
        venue.start()
    assert caught.value.code == "start_failed"
    assert_nothing_left(directory)


def test_memory_that_the_host_does_not_have_fails_the_start(directory: Path, fakes: Fakes) -> None:
    small = configuration()
    large = msgspec.structs.replace(small, rings=msgspec.structs.replace(small.rings, events=1 << 26))
    large = msgspec.structs.replace(large, topology=msgspec.structs.replace(large.topology, shards=64))
    with pytest.raises(StartError, match=r"needs [\d,]+ MiB of memory and the host has .* lower the sizes"):
        supervisor(directory, fakes, large).start()
    assert_nothing_left(directory)


def test_a_stop_during_the_start_ends_it_and_leaves_nothing(directory: Path, fakes: Fakes) -> None:
    venue = supervisor(directory, fakes, configuration())

    def report(step: str) -> None:
        if step == "starting matcher-0":
            venue.request_stop()

    with pytest.raises(StoppedError):
        venue.start(report)
    assert ("matcher-1", "starts") not in fakes.entries()
    assert_nothing_left(directory)


def test_the_memory_starts_where_the_log_on_disk_ends(directory: Path, fakes: Fakes) -> None:
    with supervisor(directory, fakes, configuration(), log_end=lambda journal, shards: 41) as venue:
        venue.start()
        assert broadcast.published(venue.memory.log) == 41


def test_what_dead_processes_hold_is_given_back(directory: Path, fakes: Fakes) -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    dead = process.pid
    venue = supervisor(directory, fakes, configuration("compact", 1))
    with running(venue):
        memory = venue.memory
        events, log, tools = memory.events[0], memory.log, memory.gateways[-1]
        alive, _ = broadcast.join(events)
        place = alive + 1
        stride = broadcast.READER_STRIDE
        memory.gateways[0].header[ring.PRODUCER_PID] = os.getpid()
        tools.header[ring.PRODUCER_PID] = dead
        events.header[broadcast.ACTIVE + stride * place] = 1
        events.header[broadcast.PID + stride * place] = dead
        until(lambda: tools.header[ring.PRODUCER_PID] == 0)
        until(lambda: events.header[broadcast.PID + stride * place] == 0)
        assert events.header[broadcast.ACTIVE + stride * place] == 0
        assert events.header[broadcast.ACTIVE + stride * alive] == 1
        assert memory.gateways[0].header[ring.PRODUCER_PID] == os.getpid()
        readers = np.arange(READER_SHARDS + 1) * stride
        assert list(log.header[broadcast.ACTIVE + readers]) == [1, 1]
        broadcast.leave(events, alive)


def start_script(directory: Path, fakes: Fakes) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), str(directory), str(fakes.diary)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    return process


def test_workers_end_when_the_supervisor_is_killed_and_the_next_start_reclaims_everything(
    directory: Path, fakes: Fakes
) -> None:
    name = segment_name(directory)
    with start_script(directory, fakes) as process:
        process.kill()
    until(lambda: processes_of(name) == [])
    assert [what for _, what in fakes.entries()].count("drains") == len(CORE) + 1
    assert Path(f"/dev/shm{name}").exists()
    PollableBell.create(venues.bell_name(name, 4)).close()
    venues.write_address(directory, "gateway-0", "http://127.0.0.1:1")
    with supervisor(directory, fakes, configuration()) as venue:
        venue.start()
        assert venue._segment is not None
        assert venue._segment.reclaimed
        assert venues.addresses(directory) == {}
    assert_nothing_left(directory)


def test_the_next_start_ends_workers_that_outlived_their_supervisor(directory: Path, fakes: Fakes) -> None:
    fakes.behaviour["engine"] = "deaf"
    name = segment_name(directory)
    lost = supervisor(directory, fakes, configuration("compact", 1))
    lost.start()
    assert len(processes_of(name)) == 2
    lost._lock.release()  # as if the supervisor had died, and its deaf worker had missed the signal
    with supervisor(directory, fakes, configuration("compact", 1), timeouts=QUICK._replace(orphans=0.2)) as venue:
        with pytest.raises(Exception, match="in use by process"):  # the memory has an owner still: this test
            venue.start()
        assert processes_of(name) == []
    for member in lost._crew.members:
        lost._crew.forget(member)
    assert lost._segment is not None
    lost._segment.unlink()
    lost._crew.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_drains_and_stops_the_venue(directory: Path, fakes: Fakes, number: signal.Signals) -> None:
    with start_script(directory, fakes) as process:
        process.send_signal(number)
        assert process.wait(60) == 0
    assert [what for _, what in fakes.entries()].count("drains") == len(CORE) + 1
    assert_nothing_left(directory)

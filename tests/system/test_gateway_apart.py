"""A gateway as a service of its own, beside a venue that was started without gateways."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from urllib.request import urlopen

import pytest

from shm.segment import list_segments
from tests.system.test_venue_lifecycle import ROOT, RunningVenue, assert_nothing_left, until
from tradsys.client import Client
from workers import venue as venues
from workers.memory import segment_name

pytestmark = pytest.mark.timeout(900)


@contextmanager
def gateway(
    directory: Path, index: int, log: int = subprocess.PIPE, /, **variables: str
) -> Iterator[subprocess.Popen[str]]:
    """`tradsys gateway`, killed at the end of the block if it still runs. `log`: where its stderr leads."""
    command = [sys.executable, "-m", "tradsys.cli.main", "gateway", "--data-dir", str(directory), "--index", str(index)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if log == subprocess.PIPE else log,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def refusal(directory: Path, index: int = 0) -> str:
    """What `tradsys gateway` says when it does not start."""
    with gateway(directory, index) as process:
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "Traceback" not in said
        return said


def serving(directory: Path, process: subprocess.Popen[str], name: str) -> Client:
    """A client of the gateway as soon as it serves."""

    def is_there() -> bool:
        assert process.poll() is None, process.communicate()[0]
        return name in venues.addresses(directory)

    until(is_there, f"{name} to serve")
    return Client(venues.addresses(directory)[name], "alice-key")


def await_missed(directory: Path, other: subprocess.Popen[str]) -> None:
    """Until the other gateway says that the first one is silent."""

    def is_missed() -> bool:
        return any(words.startswith("gateway-0 has given no sign of life") for words in client.health()["warnings"])

    with serving(directory, other, "gateway-1") as client:
        until(is_missed, "gateway-0 to be missed")


def exposed(monitor: str) -> str:
    """What the venue's monitor exports."""
    with urlopen(monitor) as answer:
        return str(answer.read().decode())


def test_gateways_come_and_go_beside_the_venue_and_leave_with_it(tmp_path: Path, venue_name: str) -> None:
    directory = tmp_path / venue_name
    assert "no venue runs" in refusal(directory)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(tmp_path / "notify"))
    listener.settimeout(60)
    manager = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "300000"}
    venue = RunningVenue(
        directory,
        "--no-gateways",
        TRADSYS__GATEWAY__COUNT="2",
        TRADSYS__LOGGING__FORMAT="auto",
        TRADSYS__LOGGING__LEVEL="info",
        TRADSYS__MONITORING__ENABLED="true",
        TRADSYS__MONITORING__METRICS_PORT="0",
    )
    try:
        assert [worker.name for worker in venue.seen().workers] == ["engine", "monitor"]
        assert "gateways 0 to 1" in refusal(directory, 2)
        with ExitStack() as stack, gateway(directory, 0, **manager) as first, gateway(directory, 1) as second:
            with serving(directory, first, "gateway-0") as alice:
                order = alice.place("ACME", "sell", "10", "100.00")["order_id"]
            while not listener.recv(4096).startswith(b"READY=1\n"):
                pass
            assert listener.recv(4096) == b"WATCHDOG=1"
            with serving(directory, second, "gateway-1") as alice:
                assert alice.order(order)["status"] == "open"
            assert "runs already" in refusal(directory)
            (monitor,) = venues.addresses(directory, "monitor").values()
            for name in ("gateway-0", "gateway-1"):
                line = f'tradsys_worker_up{{worker="{name}"}} 1.0'
                until(partial(lambda line: line in exposed(monitor), line), f"{name} to be told")

            # It is killed, and started again by whoever manages services: what it knew is there again.
            os.kill(first.pid, signal.SIGKILL)
            first.wait(30)
            await_missed(directory, second)
            (venues.run_directory(directory) / "gateway-0.address").unlink()
            assert venue.worker("monitor").restarts == 0
            terminal, end = os.openpty()
            os.set_blocking(terminal, False)
            stack.callback(os.close, terminal)
            stack.callback(os.close, end)
            with gateway(directory, 0, end) as third:
                with serving(directory, third, "gateway-0") as alice:
                    assert alice.cancel(order)["status"] == "cancelled"
                assert venue.worker("gateway-0").restarts == 1
                assert venue.worker("gateway-1").restarts == 0

                # SIGTERM ends one; the venue's end ends the others, before the engine goes.
                second.terminate()
                assert second.wait(30) == 0
                assert venue.end(signal.SIGTERM) == 0
                assert third.wait(30) == 0
                # Where it logs to is its own, whatever the venue's log leads to: text on a terminal, there JSON.
                said = os.read(terminal, 65536).decode()
                assert "leaving" in said
                assert '"event"' not in said
                assert '"event"' in venue.output
    finally:
        venue.close()
        listener.close()
    assert_nothing_left(directory)
    assert list_segments(segment_name(directory)) == []


def test_a_gateway_leaves_when_the_supervisor_is_killed(tmp_path: Path, venue_name: str) -> None:
    directory = tmp_path / venue_name
    venue = RunningVenue(directory, "--no-gateways")
    try:
        with gateway(directory, 0) as process:
            serving(directory, process, "gateway-0").close()
            venue.end(signal.SIGKILL)
            assert process.wait(30) == 0
        venue.close()
        venue = RunningVenue(directory)
        assert "starts its gateways itself" in refusal(directory)
    finally:
        venue.close()
    assert_nothing_left(directory)

"""A host without the repository: the wheel in an environment of its own, and the service as its units start it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.system.test_venue_lifecycle import assert_nothing_left, until
from tests.workers.running import ROOT
from tradsys.client import Client
from workers import venue as venues

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        shutil.which("systemd-analyze") is None or os.geteuid() != 0,
        reason="needs systemd's tools, and root to give files to users",
    ),
]

CONFIGURATION = """
gateway: {host: 127.0.0.1, port: 0}
topology: {pin: false, idle: park}
pools: {orders_per_shard: 1024, level_pages_per_shard: 128, directory_entries_per_shard: 8192, accounts_max: 32}
monitoring: {enabled: false}
snapshots: {interval_seconds: 0, on_stop: false}
symbols:
  - {name: ACME, tick_size: "0.05", lot_size: "1", lowest_price: "0.05", highest_price: "999.95", reference_price: "25"}
accounts:
  - {name: alice, keys: ["secret:alice"]}
"""


class Host:
    """A root directory with units in it, and an environment with the wheel."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "root"
        self.environment = directory / "environment"
        self.units = self.root / "etc/systemd/system"
        # Of this environment's variables only those that let it share compiled kernels.
        self.variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    def run(self, *command: str, status: int = 0) -> str:
        """A command of this host, away from the repository."""
        done = subprocess.run(
            command,
            cwd=self.environment.parent,
            env=self.variables | {"SYSTEMD_UNIT_PATH": f"{self.units}:", "COLUMNS": "200", "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def tradsys(self, *arguments: str) -> str:
        return self.run(str(self.environment / "bin/tradsys"), *arguments)

    def settings(self, unit: str) -> dict[str, list[str]]:
        """The assignments of a unit, by name, with those of its drop-ins."""
        found: dict[str, list[str]] = {}
        for file in (self.units / unit, *sorted((self.units / f"{unit}.d").glob("*.conf"))):
            for name, value in re.findall(r"^(\w+)=(.*)$", file.read_text(), re.MULTILINE):
                found.setdefault(name, []).append(value)
        return found

    def start(self, unit: str, instance: str, moved: dict[str, str], **variables: str) -> subprocess.Popen[bytes]:
        """Start a service as its unit says; `moved`: places that a test may not use, and those for them."""
        settings = self.settings(unit)
        assigned = dict(assignment.split("=", 1) for assignment in settings["Environment"])
        (command,) = settings["ExecStart"]
        for place, other in moved.items():
            command = command.replace(place, other)
            assigned = {name: value.replace(place, other) for name, value in assigned.items()}
        words = shlex.split(
            command.replace("%i", instance).replace("$TRADSYS_UP_OPTIONS", assigned.get("TRADSYS_UP_OPTIONS", ""))
        )
        environment = self.variables | assigned | variables
        return subprocess.Popen(words, cwd="/", env=environment, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    """The wheel, built and installed without its dependencies, which this environment lends."""
    directory = tmp_path_factory.mktemp("host")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", directory], cwd=ROOT, check=True)
    (wheel,) = directory.glob("*.whl")
    made = Host(directory)
    made.root.mkdir()
    venv.create(made.environment, symlinks=True)
    python = made.environment / "bin/python"
    # pip's own switch for another environment than the one it runs in.
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    (packages,) = made.environment.glob("lib/python*/site-packages")
    # A plain folder on the path: its own .pth files, of which one leads to the repository, do not count.
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return made


def test_the_wheel_brings_everything_and_no_more(host: Host) -> None:
    where = (
        "import gateway, shm, tradsys, workers; print(*(each.__file__ for each in (gateway, shm, tradsys, workers)))"
    )
    for place in host.run(str(host.environment / "bin/python"), "-c", where).split():
        assert Path(place).is_relative_to(host.environment)
    assert re.match(r"tradsys \d+\.\d+", host.tradsys("--version"))
    assert "install-service" in host.tradsys("--help")
    (packages,) = host.environment.glob("lib/python*/site-packages")
    assert not (packages / "tests").exists()
    assert not list((packages / "tradsys").rglob("secrets/production.env"))


def test_its_units_verify_where_it_is_installed(host: Host) -> None:
    host.tradsys("install-service", "--root", str(host.root), "--gateways", "1")
    names = ["tradsys.target", "tradsys.slice", "tradsys.service", "tradsys-gateway@0.service"]
    assert host.run("systemd-analyze", "verify", *names) == ""


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as cleanup:
        yield cleanup


def test_a_venue_and_its_gateway_run_as_the_installed_units_start_them(
    host: Host, tmp_path: Path, venue_name: str, stack: ExitStack
) -> None:
    host.tradsys("install-service", "--root", str(host.root), "--gateways", "1")
    directory = tmp_path / venue_name
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "tradsys_alice").write_text("a-key-of-alice\n")
    configuration = host.root / "etc/tradsys/venue.yaml"
    configuration.write_text(CONFIGURATION)
    manager = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    manager.bind(str(tmp_path / "notify"))
    manager.settimeout(1)
    moved = {
        "/var/lib/tradsys/venue": str(directory),
        "/etc/tradsys": str(configuration.parent),
        "/var/cache/tradsys": host.variables.get("TRADSYS_CACHE_DIR", str(Path.home() / ".cache/tradsys")),
    }

    def begin(unit: str, instance: str = "") -> subprocess.Popen[bytes]:
        process = host.start(
            unit, instance, moved, NOTIFY_SOCKET=str(tmp_path / "notify"), CREDENTIALS_DIRECTORY=str(credentials)
        )
        stack.callback(end, process)
        await_line(b"READY=1", process)
        return process

    def await_line(line: bytes, process: subprocess.Popen[bytes]) -> None:
        def is_said() -> bool:
            try:
                return line in manager.recv(65_536).split(b"\n")
            except TimeoutError:
                assert process.poll() is None, f"ended with status {process.returncode}"
                return False

        until(is_said, line.decode(), 600)

    def end(process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)

    venue = begin("tradsys.service")
    gateway = begin("tradsys-gateway@.service", "0")
    until(lambda: venues.addresses(directory), "the gateway's address")
    with Client(venues.addresses(directory)["gateway-0"], "a-key-of-alice") as alice:
        assert alice.place("ACME", "sell", "10", "100.00")["status"] == "open"

        venue.send_signal(signal.SIGHUP)
        await_line(b"RELOADING=1", venue)
        await_line(b"READY=1", venue)
        assert alice.place("ACME", "buy", "10", "100.00")["status"] == "filled"

    venue.send_signal(signal.SIGTERM)
    await_line(b"STOPPING=1", venue)
    assert venue.wait(60) == 0
    assert gateway.wait(60) == 0
    assert_nothing_left(directory)

"""A venue on a disk of its own, which its test may fill, enlarge, freeze and thaw.

The disk is mounted where only the venue's processes see it, and goes with the last of them. That takes root.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.workers.running import until
from tradsys.client import Client
from workers import venue as venues
from workers.observation import Observation, WorkerView, observe

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS_MAX = 280
"""The first start after a change of the sources compiles every kernel."""


def need(*programs: str) -> None:
    """Skip the test where it could not mount anything."""
    missing = [program for program in ("unshare", "nsenter", "mount", *programs) if shutil.which(program) is None]
    if missing:
        pytest.skip(f"there is no {', '.join(missing)} here")
    if subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("mounts need root and a mount namespace")


class VenueOnDisk:
    """`tradsys up` in the environment `testing`, at level `group`. `mount`: what that program is given."""

    def __init__(self, directory: Path, *mount: str, **settings: str) -> None:
        directory.mkdir()
        self._said = directory.with_suffix(".txt")
        self._mounted_at = directory
        up = [sys.executable, "-m", "tradsys.cli.main", "up", "--data-dir", str(directory / "venue"), "--port", "0"]
        mount_first = 'mount "$@" "$DISK" || exit 77; exec $UP'
        settings = {f"TRADSYS__{name.upper()}": value for name, value in settings.items()}
        environment = {**settings, "TRADSYS_ENVIRONMENT": "testing", "TRADSYS__JOURNAL__LEVEL": "group"}
        environment |= {"DISK": str(directory), "UP": " ".join(up)}
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                ["unshare", "-m", "--propagation", "private", "sh", "-c", mount_first, "sh", *mount],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        self.disk = Path(f"/proc/{self.process.pid}/root{directory}")
        """The mounted directory, as it can be reached from outside."""
        try:
            until(self._has_started, "the venue to start", START_SECONDS_MAX)
        except BaseException:
            self.close()
            raise

    def _has_started(self) -> bool:
        status = self.process.poll()
        if status == 77:
            pytest.skip(f"the disk could not be mounted: {self.said()}")
        assert status is None, f"the venue ended while it started:\n{self.said()}"
        return "Ctrl-C drains and stops" in self.said()

    def said(self) -> str:
        """All that the venue has written."""
        return self._said.read_text()

    @property
    def data_directory(self) -> Path:
        return self.disk / "venue"

    @property
    def address(self) -> str:
        return venues.addresses(self.data_directory)["gateway-0"]

    def client(self, key: str | None = None) -> Client:
        return Client(self.address, key)

    def within(self, command: str, **options: Any) -> subprocess.Popen[bytes]:
        """A shell command that sees the disk, as $DISK."""
        return subprocess.Popen(
            ["nsenter", "-t", str(self.process.pid), "-m", "sh", "-c", command],
            env={**os.environ, "DISK": str(self._mounted_at)},
            **options,
        )

    def seen(self) -> Observation:
        """What the venue's memory says now."""
        venue = venues.read(self.data_directory)
        segment, memory = venue.attach()
        try:
            return observe(venue, memory)
        finally:
            segment.close()

    def why(self) -> str | None:
        """What is wrong with the journal's disk, as the venue sees it."""
        trouble = self.seen().journal_trouble
        return None if trouble is None else trouble.why

    def journal_worker(self) -> WorkerView:
        return next(worker for worker in self.seen().workers if "journal" in worker.agents)

    def stop(self) -> int:
        """SIGTERM; gives the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def close(self) -> None:
        """Whatever state it is in, leave nothing."""
        if self.process.poll() is None:
            self.stop()

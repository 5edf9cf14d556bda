"""`tradsys up` where a venue cannot start: each reason has its own message, and nothing is begun or changed."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from shm.segment import list_segments
from tests.workers.journals import HEADER_BYTES, change, filled, segment_files
from workers.lock import DirectoryLock
from workers.memory import segment_name
from workers.process import processes_of

ROOT = Path(__file__).resolve().parents[2]
UP = [sys.executable, "-m", "tradsys.cli.main", "up", "--environment", "testing", "--port", "0", "--data-dir"]
NAMESPACE = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]

pytestmark = pytest.mark.timeout(900)


def refusal(directory: Path, before: str = "") -> str:
    """What `up` says when it ends with status 1. With `before`, a shell does that first, in mounts of its own."""
    command = [*UP, str(directory)]
    if before:
        command = [*NAMESPACE, "sh", "-c", f"{before} && exec {shlex.join(command)}"]
    environment = {**os.environ, "TRADSYS__JOURNAL__SEGMENT_BYTES": str(64 << 20)}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 1, said
    assert "Traceback" not in said
    assert list_segments(segment_name(directory)) == []
    assert processes_of(segment_name(directory)) == []
    return " ".join(said.split())


@pytest.fixture
def directory(tmp_path: Path, venue_name: str) -> Path:
    """Of a venue that has run, or not yet."""
    return tmp_path / venue_name


@pytest.fixture
def mountable(directory: Path) -> Path:
    """The directory, there already, where this host lets us mount."""
    directory.mkdir()
    probe = f"mount -t tmpfs none {shlex.quote(str(directory))}"
    try:
        done = subprocess.run([*NAMESPACE, "sh", "-c", probe], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no unshare here")
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    return directory


def test_a_directory_in_which_a_venue_runs(directory: Path) -> None:
    lock = DirectoryLock(directory)
    try:
        said = refusal(directory)
    finally:
        lock.release()
    assert f"a venue (process {os.getpid()}) already runs in {directory}: stop it first" in said


def test_a_read_only_directory(mountable: Path) -> None:
    place = shlex.quote(str(mountable))
    said = refusal(mountable, f"mount --bind {place} {place} && mount -o remount,ro,bind {place}")
    assert f"cannot write to its data directory {mountable}: Read-only file system" in said
    assert "--data-dir" in said
    assert list(mountable.iterdir()) == []


def test_a_directory_below_a_read_only_one(mountable: Path) -> None:
    said = refusal(mountable / "venue", f"mount -t tmpfs -o ro none {shlex.quote(str(mountable))}")
    assert f"cannot write to its data directory {mountable / 'venue'}: Read-only file system" in said


def test_a_disk_without_room_for_a_journal(mountable: Path) -> None:
    said = refusal(mountable, f"mount -t tmpfs -o size=2m none {shlex.quote(str(mountable))}")
    assert f"the venue needs 65 MiB of disk to start in {mountable} and 2 MiB are free; make room" in said


def test_a_disk_without_any_room(mountable: Path) -> None:
    place = shlex.quote(str(mountable))
    fill = f"mount -t tmpfs -o size=64k none {place} && dd if=/dev/zero of={place}/much bs=4k count=16 2>/dev/null"
    assert f"cannot write to its data directory {mountable}: No space left on device" in refusal(mountable, fill)


@pytest.mark.parametrize("which", [0, -1])
def test_a_damaged_journal(directory: Path, which: int) -> None:
    filled(directory / "journal", *[20] * 12)
    path = segment_files(directory / "journal")[which]
    change(path, HEADER_BYTES + 64 + 7, b"\x99")
    before = path.read_bytes()
    said = refusal(directory)
    assert f"{path}: at offset {HEADER_BYTES}, sequence {int(path.stem)}: the frame is damaged" in said
    assert "restore" in said
    assert path.read_bytes() == before

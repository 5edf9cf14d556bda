"""Backups to a disk that is too small, and a restore to one: a clear error, and nothing left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.system.disks import ROOT, need
from tests.workers.journals import SEGMENT_BYTES
from tests.workers.stepped import SteppedVenue, compact
from tests.workers.test_backup import remember
from tests.workers.traders import Traders

_SCRIPT = """
mount -t tmpfs -o size=16k tmpfs "$DISK" || exit 77
$TRADSYS backup "$DISK/backup" --data-dir "$VENUE"; echo "status $?"
$TRADSYS restore "$WHOLE" --data-dir "$DISK/restored"; echo "status $?"
find "$DISK" -mindepth 1 -printf 'left %P\\n'
mount -o remount,size=4m "$DISK"
$TRADSYS backup "$DISK/backup" --data-dir "$VENUE"; echo "status $?"
$TRADSYS restore "$DISK/backup" --data-dir "$DISK/restored"; echo "status $?"
"""


def test_a_disk_that_is_too_small(tmp_path: Path, seed: int) -> None:
    need()
    venue = SteppedVenue(tmp_path / "venue", compact(), segment_bytes=SEGMENT_BYTES)
    remember(venue.description)
    venue.define()
    traders = Traders(venue, seed)
    for _ in range(12):
        venue.submit(traders.next(10))
        venue.settle()
    venue.close()
    program = f"{sys.executable} -m tradsys.cli.main"
    whole = subprocess.run(
        [*program.split(), "backup", str(tmp_path / "whole"), "--data-dir", str(tmp_path / "venue")], cwd=ROOT
    )
    assert whole.returncode == 0
    (tmp_path / "disk").mkdir()
    names = {"DISK": "disk", "VENUE": "venue", "WHOLE": "whole"}
    told = subprocess.run(
        ["unshare", "-m", "--propagation", "private", "sh", "-c", _SCRIPT],
        cwd=ROOT,
        env={**os.environ, "TRADSYS": program} | {name: str(tmp_path / part) for name, part in names.items()},
        capture_output=True,
        text=True,
    )
    output = told.stdout + told.stderr
    assert [line for line in told.stdout.splitlines() if line.startswith(("status", "left"))] == [
        "status 1",
        "status 1",
        "left restored",
        "left restored/lock",
        "status 0",
        "status 0",
    ], output
    assert "the backup was not made, and nothing of it is left: [Errno 28] No space left on device" in told.stderr
    assert "nothing was restored: [Errno 28] No space left on device" in told.stderr
    assert not any((tmp_path / "disk").iterdir())

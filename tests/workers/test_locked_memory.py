"""Locking a worker's memory: what the kernel says is locked, and what is said where the host does not allow it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT, NOBODY, TOUCHED = 65_536, 65_534, 1 << 20
PROGRAM = f"""
import os, resource, sys
from pathlib import Path
from tradsys import logging
from tests.workers.stepped import compact
from tradsys.configuration.sections import Performance
from workers.locked_memory import lock_memory_of

logging.configure("info", "console")
if sys.argv[1] == "nobody":
    resource.setrlimit(resource.RLIMIT_MEMLOCK, ({LIMIT}, {LIMIT}))
    os.setresuid({NOBODY}, {NOBODY}, {NOBODY})
lock_memory_of(compact()[0], Performance(lock_memory=sys.argv[2] == "on"))
later = bytearray({TOUCHED})
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(status["VmLck"].split()[0])
"""


def lock_memory_is_allowed() -> bool:
    """Whether root may lock memory here; in many containers it may not."""
    lines = Path("/proc/self/status").read_text().splitlines()
    capabilities = next(int(line.split()[1], 16) for line in lines if line.startswith("CapEff:"))
    return bool(capabilities & (1 << 14 | 1 << 24))


pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who may lock memory and become somebody else")


def locked_kib(user: str, wanted: str) -> tuple[int, str]:
    """What a worker of this user has locked, in KiB, and what it logged."""
    command = [sys.executable, "-c", PROGRAM, user, wanted]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout), done.stderr


@pytest.mark.skipif(not lock_memory_is_allowed(), reason="needs CAP_IPC_LOCK or CAP_SYS_RESOURCE")
def test_what_is_touched_is_locked_also_what_comes_later() -> None:
    locked, said = locked_kib("root", "on")
    assert locked >= TOUCHED >> 10
    assert said == ""
    assert locked_kib("root", "off") == (0, "")


def test_under_a_limit_nothing_is_locked_and_the_log_says_why() -> None:
    locked, said = locked_kib("nobody", "on")
    assert locked == 0
    assert "not locked" in said
    assert "LimitMEMLOCK" in said

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shm.jit import JIT_DISABLED

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(JIT_DISABLED, reason="this is that run")
def test_the_same_tests_pass_in_pure_python() -> None:
    """The kernel must also run without the JIT: that is how its lines are covered and its tracebacks readable."""
    command = [sys.executable, "-m", "pytest", "tests/book", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=250, check=False)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]

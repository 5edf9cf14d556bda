"""Kernels must also run without the JIT: that is how their lines are covered and their tracebacks readable."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shm.jit import JIT_DISABLED

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.skipif(JIT_DISABLED, reason="this is that run")
@pytest.mark.parametrize(
    "tests", ["tests/shm", "tests/book", "tests/ledger", "tests/risk", "tests/workers/test_recovery.py"]
)
def test_the_same_tests_pass_in_pure_python(tests: str) -> None:
    command = [sys.executable, "-m", "pytest", tests, "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=250, check=False)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]

"""`make coverage`: which lines of the kernels the tests run. For that the kernels run as plain Python, without the JIT.

The tests are those of the kernels alone, and take some minutes. A file that no test imports is not told.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ["tests/shm", "tests/book", "tests/ledger", "tests/risk", "tests/workers/test_recovery.py"]
_PACKAGES = ("shm", "tradsys", "workers", "gateway")
_MARK = "@" + "kernel"
"""What stands over a kernel; not written out, for this file has none."""


def kernel_files(root: Path) -> list[str]:
    """The files that hold kernels, by their names from `root` on."""
    files = (path for package in _PACKAGES for path in sorted((root / package).rglob("*.py")))
    return [str(path.relative_to(root)) for path in files if f"\n{_MARK}" in path.read_text(encoding="utf-8")]


def run(root: Path, directory: Path, files: list[str], tests: list[str]) -> str:
    """Run tests without the JIT; gives coverage's report of these files. Raises CalledProcessError when one fails."""
    directory.mkdir(parents=True, exist_ok=True)
    data = f"--data-file={directory / 'kernels.sqlite'}"
    coverage = [sys.executable, "-m", "coverage"]
    pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    measured = [*coverage, "run", "--branch", data, f"--include={','.join(files)}", *pytest]
    subprocess.run(measured, cwd=root, env=environment, check=True)
    reported = [*coverage, "report", data, "--show-missing", "--sort=cover"]
    return subprocess.run(reported, cwd=root, stdout=subprocess.PIPE, text=True, check=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.maintenance.coverage", description=__doc__)
    parser.add_argument("tests", nargs="*", default=TESTS, help="what pytest runs")
    tests = parser.parse_args().tests
    files = kernel_files(ROOT)
    sys.stdout.write(run(ROOT, ROOT / "build", files, tests))


if __name__ == "__main__":
    main()

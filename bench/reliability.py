"""`make reliability`: run what shows that nothing acknowledged is lost, and write the figures of docs/reliability.md.

Each part runs in processes of its own and leaves one JSON file in a directory; the tables are made from these files
alone. So parts can be run at different times, and one that has not been run is shown as such.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from bench.common import machine
from bench.reliability_tables import PARTS, replace_figures
from workers.topology import usable_cores

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "reliability.md"
_RESULTS = ROOT / "build" / "reliability"


class Amount(NamedTuple):
    """How much is run."""

    seeds: int  # of the simulator
    kills: int  # of real processes; of engines with a standby a fiftieth at each level
    first_seed: int

    @classmethod
    def from_environment(cls) -> Amount:
        """SEEDS, KILLS and TRADSYS_SEED; without them 10,000, 1,000, and a seed that was not run before."""
        seed = os.environ.get("TRADSYS_SEED", str(time.time_ns() // 1_000_000_000))
        return cls(int(os.environ.get("SEEDS", "10000")), int(os.environ.get("KILLS", "1000")), int(seed))


class Outcome(NamedTuple):
    """Of one part: whether it found everything as it must be, and its figures."""

    passed: bool
    result: dict[str, Any]


def _run(command: list[str], **variables: str) -> tuple[bool, str]:
    """Run a program, showing what it says on stderr; gives whether it succeeded, and its stdout."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=os.environ | variables, stdout=subprocess.PIPE, text=True
    )
    return done.returncode == 0, done.stdout


def simulation(amount: Amount, directory: Path, *, canaries: bool = True) -> Outcome:
    """The seeds, spread over the cores, and the planted faults."""
    processes, first = [], amount.first_seed
    cores = len(usable_cores())
    for core in range(cores):
        count = amount.seeds // cores + (core < amount.seeds % cores)
        file = directory / f"simulation-{core}.part"
        file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.simulation.report", str(file), str(first), str(count)]
        command += ["--canaries"] if canaries and core == 0 else []
        processes.append((subprocess.Popen(command, cwd=ROOT), file))
        first += count
    passed = all([process.wait() == 0 for process, _ in processes])
    parts = []
    for _, file in processes:
        if file.exists():
            parts.append(json.loads(file.read_text()))
            file.unlink()
    return Outcome(passed, _together(parts))


def _together(parts: list[dict[str, Any]]) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(part["counts"])
    return {
        "first": min((part["first"] for part in parts), default=0),
        "seeds": sum(part["seeds"] for part in parts),
        "found": [seed for part in parts for seed in part["found"]],
        "counts": dict(sorted(counts.items())),
        "canaries": {name: seeds for part in parts for name, seeds in part["canaries"].items()},
    }


def kills(amount: Amount, directory: Path) -> Outcome:
    """The soak of killed processes."""
    file = directory / "kills.part"
    file.unlink(missing_ok=True)
    passed, said = _run(
        ["pytest", "-m", "soak", "-q", "-p", "no:cacheprovider", "tests/system/test_kills_soak.py"],
        TRADSYS_KILLS=str(amount.kills),
        TRADSYS_KILLS_REPORT=str(file),
        TRADSYS_SEED=str(amount.first_seed),
    )
    sys.stderr.write(said)
    result = json.loads(file.read_text()) if file.exists() else {}
    file.unlink(missing_ok=True)
    return Outcome(passed, result)


def _benchmark(name: str, *options: str) -> Outcome:
    passed, said = _run(["tradsys.cli.main", "bench", name, "--json", *options])
    return Outcome(passed, json.loads(said.splitlines()[-1]) if passed else {})


RUN: dict[str, Callable[[Amount, Path], Outcome]] = {
    "simulation": simulation,
    "kills": kills,
    "journal": lambda amount, directory: _benchmark("journal"),
    "recovery": lambda amount, directory: _benchmark("recovery"),
    "takeover": lambda amount, directory: _benchmark("takeover", "--kills", str(max(amount.kills // 50, 1))),
}
assert list(RUN) == list(PARTS), "every part has a table"


def run_part(name: str, amount: Amount, directory: Path) -> bool:
    """Run one part and keep what came of it as DIR/NAME.json; gives whether it passed."""
    directory.mkdir(parents=True, exist_ok=True)
    began, clock = time.strftime("%Y-%m-%d %H:%M", time.gmtime()), time.monotonic()
    outcome = RUN[name](amount, directory)
    kept = {
        "began": began,
        "seconds": round(time.monotonic() - clock),
        "machine": machine(),
        "passed": outcome.passed,
        "result": outcome.result,
    }
    (directory / f"{name}.json").write_text(json.dumps(kept, indent=2) + "\n")
    return outcome.passed


def write_document(directory: Path, document: Path) -> None:
    """Make the tables of the document from the results in a directory."""
    files = {name: directory / f"{name}.json" for name in PARTS}
    found = {name: json.loads(file.read_text()) for name, file in files.items() if file.exists()}
    document.write_text(replace_figures(document.read_text(), found))


def main() -> int:
    """Run the parts that are named, or all of them, and write the tables; gives 1 when one has failed."""
    parser = argparse.ArgumentParser(prog="bench.reliability", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of: {', '.join(RUN)}; all if not given")
    parser.add_argument("--out", type=Path, default=_RESULTS, metavar="DIR", help="where results are kept")
    parser.add_argument("--from", type=Path, dest="source", metavar="DIR", help="run nothing: write the tables anew")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - set(RUN)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if arguments.source is not None:
        write_document(arguments.source, DOCUMENT)
        return 0
    amount, failed = Amount.from_environment(), []
    for name in arguments.parts or RUN:
        sys.stderr.write(f"{name} begins\n")
        if not run_part(name, amount, arguments.out):
            failed.append(name)
        write_document(arguments.out, DOCUMENT)
    if failed:
        sys.stderr.write(f"failed: {', '.join(failed)}\n")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())

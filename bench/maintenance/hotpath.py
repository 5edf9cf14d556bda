"""`make hotpath`: where a worker of a venue spends its time under the load of `tradsys bench gateway`, by py-spy.

Kernels are one native function each to py-spy: what it shows of a core worker is how much is not in them. The stacks
are left in build/hotpath, for flame graphs (speedscope, flamegraph.pl).
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from workers import venue as venues
from workers.memory import PHASE, PID, RUNNING
from workers.venue import VenueNotRunningError

ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS_MAX = 600
_POLL_SECONDS = 0.1
_SHOWN = 30


def stacks(text: str) -> Counter[tuple[str, ...]]:
    """Samples by stack, outermost function first, of lines `a;b;c 12`."""
    found: Counter[tuple[str, ...]] = Counter()
    for line in filter(str.strip, text.splitlines()):
        frames, _, count = line.rpartition(" ")
        found[tuple(frames.split(";"))] += int(count)
    return found


def shares(samples: Counter[tuple[str, ...]]) -> list[tuple[str, float, float]]:
    """(function, percent in itself, percent with what it calls), the busiest first."""
    total = samples.total()
    own: Counter[str] = Counter()
    within: Counter[str] = Counter()
    for frames, count in samples.items():
        own[frames[-1]] += count
        for frame in set(frames):
            within[frame] += count
    return [(name, 100 * own[name] / total, 100 * within[name] / total) for name, _ in own.most_common()]


def _pid(directory: Path, worker: str) -> int:
    """The process of a worker once the venue runs, 0 before. Raises SystemExit for a name that it does not have."""
    try:
        venue = venues.read(directory)
        segment, memory = venue.attach()
    except VenueNotRunningError:
        return 0
    try:
        names = [plan.name for plan in venue.workers]
        if worker not in names:
            raise SystemExit(f"there is no worker {worker!r}; the venue has {', '.join(names)}")
        index = venue.workers[names.index(worker)].index
        return int(memory.line(index)[PID]) if memory.control[PHASE] == RUNNING else 0
    finally:
        segment.close()


def _record(directory: Path, worker: str, seconds: int, file: Path) -> None:
    """Sample a worker of the venue in this directory as soon as it runs."""
    deadline = time.monotonic() + _START_SECONDS_MAX
    while not (pid := _pid(directory, worker)):
        if time.monotonic() > deadline:
            raise SystemExit("the venue did not start")
        time.sleep(_POLL_SECONDS)
    command = [shutil.which("py-spy", path=str(Path(sys.executable).parent)) or "py-spy", "record"]
    command += [
        "--pid",
        str(pid),
        "--duration",
        str(seconds),
        "--rate",
        "250",
        "--format",
        "raw",
        "--output",
        str(file),
    ]
    subprocess.run([*command, "--function", "--nonblocking"], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.maintenance.hotpath", description=__doc__)
    parser.add_argument("--worker", default="gateway-0", help="gateway-0, engine, ...")
    parser.add_argument("--seconds", type=int, default=10)
    options = parser.parse_args()
    place = ROOT / "build" / "hotpath"
    venue = place / "venue"
    shutil.rmtree(venue, ignore_errors=True)
    place.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "tradsys.cli.main",
        "bench",
        "gateway",
        "--rounds",
        "1000",
        "--data-dir",
        str(venue),
    ]
    load = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    file = place / f"{options.worker}.txt"
    try:
        _record(venue, options.worker, options.seconds, file)
    finally:
        load.send_signal(signal.SIGINT)  # it stops its venue then
        with suppress(subprocess.TimeoutExpired):
            load.wait(30)
        load.kill()
    samples = stacks(file.read_text())
    print(f"{options.worker}, {samples.total():,} samples, stacks in {file}\n   self  within")
    for name, own, within in shares(samples)[:_SHOWN]:
        print(f"{own:5.1f} % {within:5.1f} %  {name}")


if __name__ == "__main__":
    main()

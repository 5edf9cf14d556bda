"""`python -m tests.simulation.report FILE FIRST COUNT [--canaries]`: run seeds, and leave a summary as JSON.

With --canaries the planted faults too: how many seeds it took to find each, none after SEEDS_MAX.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.simulation.canaries import CANARIES
from tests.simulation.seeds import told
from tests.simulation.simulator import simulate
from tests.simulation.test_canaries import SEEDS_MAX
from tests.simulation.venue import SimulatedVenue
from tradsys import logging


def run_seeds(first: int, count: int) -> dict[str, Any]:
    """Run `count` seeds from `first` on; what they found is printed at once."""
    began, counts, found = time.monotonic(), Counter[str](), []
    for seed in range(first, first + count):
        outcome = simulate(seed)
        counts += outcome.counts
        if outcome.failure is not None:
            found.append(seed)
            print(told(outcome), flush=True)
    seconds = round(time.monotonic() - began, 1)
    return {"first": first, "seeds": count, "found": found, "counts": dict(sorted(counts.items())), "seconds": seconds}


def seeds_until_found(canary: type[SimulatedVenue], first: int) -> int | None:
    """How many seeds it takes to find a planted fault; None when SEEDS_MAX are too few."""
    for number in range(SEEDS_MAX):
        if simulate(first + number, canary).failure is not None:
            return number + 1
    return None


def main() -> int:
    """Gives 1 when a seed has found something, or a planted fault was not found."""
    parser = argparse.ArgumentParser(prog="tests.simulation.report", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("first", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--canaries", action="store_true")
    arguments = parser.parse_args()
    logging.configure("critical")  # what is told in the log is what the seeds are about
    summary = run_seeds(arguments.first, arguments.count)
    canaries = CANARIES if arguments.canaries else ()
    summary["canaries"] = {canary.__name__: seeds_until_found(canary, arguments.first) for canary in canaries}
    arguments.file.write_text(json.dumps(summary))
    return int(bool(summary["found"]) or None in summary["canaries"].values())


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.simulation FIRST [COUNT]`: run seeds, and tell of every one that finds something."""

from __future__ import annotations

import sys
import time
from collections import Counter

from tests.simulation.seeds import told
from tests.simulation.simulator import simulate
from tradsys import logging


def main() -> int:
    """Gives how many seeds have found something, at most 1."""
    first = int(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    started, found = time.monotonic(), 0
    counts: Counter[str] = Counter()
    logging.configure("critical")  # what is told in the log is what the seeds are about
    for seed in range(first, first + count):
        outcome = simulate(seed)
        counts += outcome.counts
        if outcome.failure is not None or count == 1:
            print(told(outcome), flush=True)
        found += outcome.failure is not None
    print(f"{count} seeds in {time.monotonic() - started:.1f} s, of which {found} found something")
    for what, number in sorted(counts.items()):
        print(f"{number:12,} {what}")
    return min(found, 1)


if __name__ == "__main__":
    sys.exit(main())

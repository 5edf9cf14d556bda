"""`python -m tests.simulation FIRST [COUNT]`: run seeds, and tell of every one that finds something."""

from __future__ import annotations

import sys
import time

from tests.simulation.seeds import told
from tests.simulation.simulator import simulate


def main() -> int:
    """Gives how many seeds have found something, at most 1."""
    first = int(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    started = time.monotonic()
    found = records = crashes = power_losses = 0
    for seed in range(first, first + count):
        outcome = simulate(seed)
        records += outcome.records
        crashes += outcome.crashes
        power_losses += outcome.power_losses
        if outcome.failure is not None or count == 1:
            print(told(outcome), flush=True)
        found += outcome.failure is not None
    print(
        f"{count} seeds in {time.monotonic() - started:.1f} s: {found} found something; {records} records, "
        f"{crashes} crashes, {power_losses} losses of power that changed files"
    )
    return min(found, 1)


if __name__ == "__main__":
    sys.exit(main())

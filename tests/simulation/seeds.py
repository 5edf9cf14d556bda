"""Many seeds, one after the other: what a test asserts of them, and how a failing one is told."""

from __future__ import annotations

from tests.simulation.simulator import Outcome, simulate


def told(outcome: Outcome) -> str:
    """What there is to know about a run that has found something."""
    lines = [
        f"seed {outcome.seed}: {outcome.profile}",
        ", ".join(f"{what}: {count}" for what, count in sorted(outcome.counts.items())),
        "the last steps:",
        *outcome.trace,
        outcome.failure or "nothing was found",
        f"repeat with: python -m tests.simulation {outcome.seed}",
    ]
    return "\n".join(lines)


def assert_nothing_found(first: int, count: int) -> list[Outcome]:
    """Run `count` seeds from `first` on; gives their outcomes. Raises AssertionError for one that finds something."""
    outcomes = []
    for seed in range(first, first + count):
        outcome = simulate(seed)
        assert outcome.failure is None, told(outcome)
        outcomes.append(outcome)
    return outcomes

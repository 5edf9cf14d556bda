"""What a seed is about: its venue, its clients, and which faults are frequent. Every seed draws its own mix."""

from __future__ import annotations

import random
from dataclasses import dataclass

import msgspec

from tests.workers.stepped import SIZES, compact, sharded, with_standby
from workers.memory import Sizes
from workers.snapshot.housekeeping import Policy
from workers.topology import WorkerPlan


@dataclass(frozen=True)
class Profile:
    """Of one run. Shares are in percent, weights relative to one another."""

    plan: str
    plans: list[WorkerPlan]
    sizes: Sizes
    level: str
    segment_bytes: int
    is_settled: bool
    has_limits: bool
    clients: int
    gating_share: int
    steps: int
    weights: dict[str, int]
    """By kind of step. What is not named has 0."""
    power_share: int
    """Of the crashes of everything, how many are losses of power."""
    killed_share: int
    """Of the starts of a worker, how many die on the way."""
    flip_share: int
    """Of the crashes of everything, after how many a bit has flipped."""
    snapshots_kept: int
    segments: Policy
    """What becomes of the journal's files that no kept snapshot needs."""
    has_standby: bool
    has_recorder: bool

    def __str__(self) -> str:
        weights = ", ".join(f"{name} {weight}" for name, weight in self.weights.items() if weight)
        return (
            f"{self.plan}, {self.sizes.shards} shards, level {self.level}, segments of {self.segment_bytes}, "
            f"log {self.sizes.log_ring}, events {self.sizes.event_ring}, rings {self.sizes.gateway_ring}, "
            f"{'settled' if self.is_settled else 'unsettled'}{' with limits' if self.has_limits else ''}, "
            f"{self.clients} clients, {self.gating_share} % gating, {self.steps} steps: {weights}; "
            f"power {self.power_share} %, killed {self.killed_share} %, flips {self.flip_share} %, "
            f"{self.snapshots_kept} snapshots, segments: {self.segments}{', standby' if self.has_standby else ''}"
            f"{', recorder' if self.has_recorder else ''}"
        )


def draw(dice: random.Random) -> Profile:
    """The profile of a run."""
    shards = dice.choice([1, 1, 2, 3])
    plan = dice.choice(["compact", "beside", "sharded"])
    is_settled = dice.randrange(100) < 75
    clients = dice.randint(1, 3)
    level = dice.choice(["memory", "group", "group", "each"])
    has_standby = plan != "compact" and dice.randrange(100) < 60
    # Half of all; more often where its history can be ahead of what is left of the log.
    has_recorder = dice.randrange(100) < (80 if level == "memory" else 40)
    sizes = msgspec.structs.replace(
        SIZES,
        shards=shards,
        rings=clients + 1,
        log_ring=dice.choice([64, 64, 128, 256]),
        event_ring=dice.choice([64, 64, 128, 512]),
        gateway_ring=dice.choice([16, 32, 64]),
        ledgers=2 if has_standby else 1,
    )
    weights = {
        "clients": dice.choice([100, 200, 400]),
        "desk": dice.choice([0, 5, 20]),
        "sequencer": dice.choice([50, 150, 300]),
        "journal": dice.choice([50, 150, 300]),
        "matchers": dice.choice([50, 150, 300]),
        "readers": dice.choice([20, 100, 300]),
        "start": dice.choice([50, 200]),
        "clock": dice.choice([0, 0, 5]),
        "crash of a worker": dice.choice([0, 5, 15, 30]),
        "crash of all": dice.choice([0, 5, 10, 20]),
        "crash while journaling": dice.choice([0, 5, 15]),
        "loss of a gateway": dice.choice([0, 5, 10]),
        "failure of the disk": dice.choice([0, 0, 5, 15]),
        "snapshot": dice.choice([0, 5, 10]),
        "standby": 100 * has_standby,
        "recorder": dice.choice([10, 40, 100]) * has_recorder,
        "crash of the recorder": dice.choice([0, 2, 5]) * has_recorder,
    }
    return Profile(
        plan=plan,
        plans=_plans(plan, shards),
        sizes=sizes,
        level=level,
        segment_bytes=dice.choice([8192, 12288, 16384, 65536]),
        is_settled=is_settled,
        has_limits=is_settled and dice.randrange(100) < 50,
        clients=clients,
        gating_share=dice.choice([0, 30, 100]),
        steps=dice.choice([100, 200, 300]),
        weights=weights,
        power_share=dice.choice([0, 50, 100]),
        killed_share=dice.choice([0, 0, 20, 50]),
        flip_share=dice.choice([0, 30]),
        snapshots_kept=dice.randint(2, 3),
        segments=dice.choice(["keep", "archive", "drop"]),
        has_standby=has_standby,
        has_recorder=has_recorder,
    )


def _plans(kind: str, shards: int) -> list[WorkerPlan]:
    if kind == "compact":
        return compact(shards)
    if kind == "sharded":
        return sharded(shards)
    return with_standby(shards)

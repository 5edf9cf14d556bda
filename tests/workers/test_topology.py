"""Which agent runs where: every plan is whole, on cores that exist, in an order in which it can start."""

from __future__ import annotations

import os
from typing import Any

import msgspec
import pytest

from tradsys.configuration import Configuration, load
from tradsys.configuration.sections import SHARDS_MAX
from workers import memory, progress, topology
from workers.memory import READER_SHARDS
from workers.topology import WorkerPlan, control_ring, plan, sizes, usable_cores

CORES = [1, 2, 4, 8, 64]
LEVELS = ["memory", "group", "each"]
KINDS = ["auto", "compact", "sharded"]


def configuration(level: str = "memory", kind: str = "auto", **options: Any) -> Configuration:
    """The testing configuration with these parts; `gateways`, and anything of its topology by name."""
    base = load("testing", environ={})
    gateway = msgspec.structs.replace(base.gateway, count=options.pop("gateways", 1))
    named = {"kind": kind, "idle": "auto", "pin": True} | options
    return msgspec.structs.replace(
        base,
        gateway=gateway,
        journal=msgspec.structs.replace(base.journal, level=level),
        topology=msgspec.structs.replace(base.topology, **named),
    )


def core_workers(workers: list[WorkerPlan]) -> list[WorkerPlan]:
    return [worker for worker in workers if not worker.is_gateway]


@pytest.mark.parametrize("cores", CORES)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shards", [1, 2, 5])
@pytest.mark.parametrize("gateways", [1, 3, 20])
def test_every_plan_is_whole(cores: int, level: str, kind: str, shards: int, gateways: int) -> None:
    available = [3 * number + 1 for number in range(cores)]
    workers = plan(configuration(level, kind, shards=shards, gateways=gateways), available)
    agents = [agent for worker in workers for agent in worker.agents]
    wanted = ["sequencer", "journal"]
    wanted += [f"matcher-{shard}" for shard in range(shards)] + [f"gateway-{number}" for number in range(gateways)]
    assert sorted(agents) == sorted(wanted)
    assert [worker.index for worker in workers] == list(range(len(workers)))
    assert len({worker.name for worker in workers}) == len(workers)
    assert all(worker.core in available for worker in workers)
    assert [worker.is_gateway for worker in workers] == sorted(worker.is_gateway for worker in workers)
    assert all(worker.idle == "event loop" for worker in workers if worker.is_gateway)
    assert sorted(shard for worker in workers for shard in worker.shards()) == list(range(shards))
    journal = next(worker for worker in workers if worker.has("journal"))
    alone = journal.agents == ["journal"]
    is_compact = kind == "compact" or (kind == "auto" and cores < 8)
    assert alone == (not is_compact or level != "memory")
    assert journal.index == 0, "the others wait for the journal when they recover"


@pytest.mark.parametrize("cores", [8, 64])
def test_with_enough_cores_every_busy_worker_has_one_to_itself(cores: int) -> None:
    workers = plan(configuration("group", "sharded", shards=3, gateways=2), list(range(cores)))
    busy = [worker for worker in core_workers(workers) if worker.name != "journal"]
    for worker in busy:
        assert [other.name for other in workers if other.core == worker.core] == [worker.name]
        assert worker.idle == "spin"


def test_on_two_cores_the_engine_has_one_and_all_others_the_first() -> None:
    workers = plan(configuration("group", gateways=2), [0, 1])
    assert [(worker.name, worker.core) for worker in workers] == [
        ("journal", 0),
        ("engine", 1),
        ("gateway-0", 0),
        ("gateway-1", 0),
    ]


@pytest.mark.parametrize("cores", [1, 2, 4])
def test_nobody_spins_with_fewer_cores_than_workers(cores: int) -> None:
    for worker in core_workers(plan(configuration("group", "sharded", shards=4), list(range(cores)))):
        assert worker.idle == "park"


@pytest.mark.parametrize("idle", ["spin", "yield", "backoff", "park"])
def test_a_chosen_idle_strategy_is_everybodys(idle: str) -> None:
    workers = plan(configuration("group", idle=idle), [0, 1, 2, 3])
    assert {worker.idle for worker in core_workers(workers)} == {idle}


def test_without_pinning_nobody_has_a_core() -> None:
    assert {worker.core for worker in plan(configuration(pin=False), [0, 1])} == {None}


def test_the_memory_has_a_ring_for_every_gateway_the_supervisor_and_the_tools() -> None:
    chosen = configuration(shards=3, gateways=2)
    wanted = sizes(chosen)
    assert wanted.shards == 3
    assert wanted.rings == 2 + 1 + chosen.gateway.spare_rings
    assert control_ring(chosen) == 2


def test_the_cores_are_those_that_this_process_may_use() -> None:
    assert usable_cores() == sorted(os.sched_getaffinity(0))
    assert topology.SHARDED_CORES_MIN > 2


def test_the_log_has_a_place_for_every_shard_that_can_be_configured() -> None:
    small = memory.Sizes(SHARDS_MAX, 1, 1, 1, 16, 16, 16, 64, 64, 64)
    log = memory.private(small).log
    assert [progress.position_of(log, READER_SHARDS + shard) for shard in range(SHARDS_MAX)] == [0] * SHARDS_MAX

"""What a gateway says about the venue's health."""

from __future__ import annotations

import errno

from gateway import health
from tests.gateway.money import callers
from tradsys.configuration import load
from workers import memory, topology
from workers.memory import HEARTBEAT_NS, JOURNAL_TROUBLE, PHASE, READY, RUNNING, SLOW, STATE
from workers.topology import WorkerPlan

ENGINE = WorkerPlan(0, "engine", ["sequencer", "journal", "matcher-0"], None, "park")
GATEWAY = WorkerPlan(1, "gateway-0", ["gateway-0"], None, "event loop")
TRADERS = WorkerPlan(2, "demo", ["demo"], None, "event loop")
SIZES = topology.sizes(load("testing", environ={}))
WORKERS = [ENGINE, GATEWAY, TRADERS]
NOW_NS = 10**12
SILENCE_MS_MAX = 1000


def test_the_venue_is_ready_when_its_core_beats_whatever_its_simulated_traders_do() -> None:
    venue_memory = memory.private(SIZES)
    assert not health.read(venue_memory, WORKERS, NOW_NS, SILENCE_MS_MAX).ready
    venue_memory.control[PHASE] = RUNNING
    venue_memory.line(ENGINE.index)[STATE] = READY
    venue_memory.line(ENGINE.index)[HEARTBEAT_NS] = NOW_NS - 10**6
    seen = health.read(venue_memory, WORKERS, NOW_NS, SILENCE_MS_MAX)
    assert seen.ready
    assert [worker.heartbeat_age_ms for worker in seen.workers] == [1, None, None]


def test_a_journal_in_trouble_makes_the_venue_not_ready_and_says_why() -> None:
    venue_memory = memory.private(SIZES)
    venue_memory.control[PHASE] = RUNNING
    venue_memory.line(ENGINE.index)[STATE] = READY
    venue_memory.line(ENGINE.index)[HEARTBEAT_NS] = NOW_NS
    assert health.read(venue_memory, WORKERS, NOW_NS, SILENCE_MS_MAX).journal is None
    for code, why in ((errno.EIO, "Input/output error"), (SLOW, "the disk is too slow, or stuck")):
        venue_memory.control[JOURNAL_TROUBLE] = code
        seen = health.read(venue_memory, WORKERS, NOW_NS, SILENCE_MS_MAX)
        assert (seen.ready, seen.journal) == (False, why)


def test_a_silent_engine_makes_the_venue_not_ready() -> None:
    venue_memory = memory.private(SIZES)
    venue_memory.control[PHASE] = RUNNING
    venue_memory.line(ENGINE.index)[STATE] = READY
    venue_memory.line(ENGINE.index)[HEARTBEAT_NS] = NOW_NS - (SILENCE_MS_MAX + 1) * 10**6
    assert not health.read(venue_memory, WORKERS, NOW_NS, SILENCE_MS_MAX).ready


async def test_only_administrators_are_told_workers_and_probes() -> None:
    async with callers() as all:
        _, to_alice = await all.alice("GET", "/health")
        _, to_clerk = await all.clerk("GET", "/health")
        assert set(to_clerk) - set(to_alice) == {"events", "workers", "probes"}
        assert [worker["name"] for worker in to_clerk["workers"]] == ["engine", "gateway-0"]


def test_a_gateway_that_stops_is_not_ready() -> None:
    venue_memory = memory.private(SIZES)
    venue_memory.control[PHASE] = RUNNING
    seen = health.read(venue_memory, [GATEWAY], NOW_NS, SILENCE_MS_MAX, is_stopping=True)
    assert (seen.ready, seen.reasons) == (False, ["this gateway is stopping"])

"""Compiling ahead of the first start: every topology's kernels, and nothing of it twice."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from shm.jit import JIT_DISABLED
from tests.workers.running import ROOT
from tradsys.configuration import load
from workers import topology
from workers.warmup import compile_all, needed


@pytest.mark.parametrize(("kind", "level"), [("compact", "memory"), ("compact", "group"), ("sharded", "group")])
def test_every_topology_can_be_compiled_ahead(kind: str, level: str) -> None:
    base = load("testing", environ={})
    configuration = msgspec.structs.replace(
        base,
        topology=msgspec.structs.replace(base.topology, kind=kind, shards=1),
        journal=msgspec.structs.replace(base.journal, level=level),
    )
    plans = topology.plan(configuration, [0, 1])
    reported: list[tuple[str, int, int]] = []
    compile_all(plans, configuration, lambda *report: reported.append(report))
    core = [f"worker {plan.name}" for plan in plans if not plan.is_gateway]
    assert [name for name, _, _ in reported] == ["order book", *core, "ports", "replicas", "dry runs", "done"]
    assert [done for _, done, _ in reported] == list(range(len(reported)))
    assert not needed(plans)
    assert JIT_DISABLED or needed([plans[0], plans[0], msgspec.structs.replace(plans[0], agents=["matcher-0"] * 9)])


_REHEARSAL = """
from shm import broadcast
from tradsys.configuration import load
from workers import topology
from workers.redecision import _settle_until
from workers.warmup import rehearse

configuration = load("testing", environ={"TRADSYS__TOPOLOGY__STANDBY": "true", "TRADSYS__TOPOLOGY__KIND": "%s"})
rehearse(topology.plan(configuration, [0, 1]), configuration)
print(*(len(kernel.overloads) for kernel in (_settle_until, broadcast.writable, broadcast.publish)))
"""


@pytest.mark.skipif(JIT_DISABLED, reason="nothing is loaded without compiled kernels")
@pytest.mark.parametrize("kind", ["compact", "sharded"])
def test_a_rehearsal_loads_what_only_a_takeover_calls(kind: str) -> None:
    command = [sys.executable, "-c", _REHEARSAL % kind]
    told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    assert all(int(number) for number in told.stdout.split())

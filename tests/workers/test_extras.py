"""Which workers a venue can do without, and that there is a program for each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workers.stepped import SIZES, compact, describe
from tradsys.configuration import load
from workers.crew import Member, worker_command
from workers.extras import extras_of
from workers.restarts import RestartLimits
from workers.staff import needs_of
from workers.topology import WorkerPlan


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ("production", ("monitor", "recorder")),
        ("staging", ("monitor", "recorder")),
        ("development", ("monitor",)),
        ("testing", ()),
    ],
)
def test_where_money_is_real_all_is_written_down(environment: str, wanted: tuple[str, ...]) -> None:
    assert extras_of(load(environment, environ={})) == wanted


def test_each_extra_worker_has_a_program(tmp_path: Path) -> None:
    names = extras_of(load("production", environ={}))
    plans = compact() + [WorkerPlan(index, name, [name], None, "event loop") for index, name in enumerate(names, 1)]
    venue = describe(tmp_path, plans, SIZES)
    modules = [worker_command(plan, venue)[2] for plan in plans]
    assert modules == ["workers.engine", "workers.monitoring.main", "workers.recorder.main"]


def test_a_recorder_starts_before_the_gateways_and_ends_after_them() -> None:
    gateway = WorkerPlan(1, "gateway-0", ["gateway-0"], None, "event loop")
    recorder = WorkerPlan(2, "recorder", ["recorder"], None, "event loop")
    members = [Member(plan, RestartLimits(), extra=plan is recorder) for plan in [*compact(), gateway, recorder]]
    assert "recorder" in needs_of(members[1], members)
    assert needs_of(members[2], members) == ["engine"]

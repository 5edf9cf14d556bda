"""Each benchmark, made small: that it measures what it says and that its results have their fields."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from bench import common, data, engine, gateway, journal, kernel, ring
from bench.abi import measure
from bench.abi.build import BuildError
from bench.flows import (
    NORMAL_SEED23_FILE,
    NORMAL_SEED23_REPORTS,
    NORMAL_SEED23_SHA256,
    NORMAL_SEED23_TRADES,
    canonical_sha256,
    commands_of,
    read_flow,
    reports_of,
)
from bench.shapes import generate
from shm.jit import JIT_DISABLED
from tests.recorded.replay import opened, send
from tradsys.cli.bench import bench
from tradsys.records import MarketState

pytestmark = pytest.mark.skipif(JIT_DISABLED, reason="benchmarks need compiled kernels")


@pytest.fixture
def quiet() -> Console:
    return Console(quiet=True)


def machine_is_named(result: dict[str, Any]) -> bool:
    return {"cpu", "cores", "kernel", "python", "numba"} <= set(result["machine"]) and bool(result["topology"])


def test_ring_counts_every_record_and_names_machine_and_cores(quiet: Console) -> None:
    sizes = ring.Sizes(trips=2_000, stamped=500, records=20_000, rounds=2)
    result = ring.run(quiet, sizes)
    assert result["samples"] == {"round_trips": 4_000, "one_way": 1_000, "records": 40_000}
    assert result["round_trip_ns_p50"] > 0
    assert result["one_way_ns_p50"] > 0
    assert result["records_per_second"] > 0
    assert machine_is_named(result)
    assert not list(Path("/dev/shm").glob("tradsys-ring-*"))


def test_kernel_reports_of_a_generated_flow_are_the_reference_venues() -> None:
    messages = generate("normal", 3_000, 5)
    prices = messages["price_ticks"]
    venue = opened(int(prices.min()), int(prices.max()), int(prices.min()), MarketState.CONTINUOUS)
    expected = canonical_sha256(reports_of(messages, send(venue, commands_of(messages)), first_sequence=2))
    workload = kernel.prepare("normal", messages)
    assert workload.sha256 == expected
    assert workload.trades > 0


def test_kernel_refuses_to_time_reports_that_are_not_as_published() -> None:
    with pytest.raises(kernel.WrongReportsError, match="published is 00"):
        kernel.prepare("normal", generate("normal", 1_000, 5), "00")


def test_kernel_gives_the_published_hash_of_the_public_workload() -> None:
    path = data.find(NORMAL_SEED23_FILE)
    if path is None:
        pytest.skip(f"the public workload is not here; {data.VARIABLE} can name its folder")
    messages = read_flow(path)
    workload = kernel.prepare(kernel.PUBLIC, messages, NORMAL_SEED23_SHA256)
    assert workload.sha256 == NORMAL_SEED23_SHA256
    assert workload.trades == NORMAL_SEED23_TRADES
    # A report for every event but the symbol's definition and what rests behind a trade.
    assert workload.events > NORMAL_SEED23_REPORTS


def test_kernel_measures_every_shape(quiet: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "find", lambda _: None)
    result = kernel.run(quiet, kernel.Settings(messages=2_000, repetitions=2, seed=3))
    assert list(result["workloads"]) == ["static", "normal", "swing-25", "swing-40", "flash-crash", "deep"]
    for measured in result["workloads"].values():
        assert measured["messages_per_second"] > 0
        assert len(measured["sha256"]) == 64
        assert measured["samples"] == 2
    assert machine_is_named(result)


def test_the_library_is_timed_with_the_kernels_own_reports(quiet: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "find", lambda _: None)
    affinity = os.sched_getaffinity(0)
    settings = measure.Settings(messages=2_000, rounds=2, seed=3, batches=(measure.ALL, 7, measure.SINGLY))
    try:
        result = measure.run(quiet, settings)
    except BuildError as error:
        if " failed:" in str(error):
            raise
        pytest.skip(str(error))
    assert list(result["workloads"]) == ["static", "normal", "swing-25", "swing-40", "flash-crash"]
    for name, measured in result["workloads"].items():
        assert measured["sha256"] == kernel.prepare(name, generate(name, 2_000, 3)).sha256
        assert list(measured["batches"]) == ["all", "7", "singly"]
        for timed in measured["batches"].values():
            assert timed["messages_per_second"] > 0
            assert timed["samples"] == 2
    assert os.sched_getaffinity(0) == affinity
    assert machine_is_named(result)


def test_engine_answers_every_order_at_every_rate(quiet: Console) -> None:
    settings = engine.Settings(rates=(20_000, None), seconds=0.1, saturating_orders=5_000, rounds=2)
    result = engine.run(quiet, settings)
    assert [one["offered_per_second"] for one in result["runs"]] == [20_000, None]
    assert [one["orders"] for one in result["runs"]] == [4_000, 10_000]
    for one in result["runs"]:
        assert 0 < one["p50_ns"] <= one["p99_ns"] <= one["p999_ns"] <= one["max_ns"]
        assert one["events"] > one["orders"]
    assert result["runs"][0]["achieved_per_second"] < 25_000
    assert machine_is_named(result)


def test_each_level_of_the_journal_is_measured_in_a_venue_of_its_own(quiet: Console) -> None:
    rates = (("memory", (2_000, 4_000)), ("group", (2_000,)), ("each", (500,)))
    result = journal.run(quiet, journal.Settings(rates=rates, seconds=0.1, rounds=2))
    assert [(one["level"], one["offered_per_second"], one["orders"]) for one in result["runs"]] == [
        ("memory", 2_000, 400),
        ("memory", 4_000, 800),
        ("group", 2_000, 400),
        ("each", 500, 100),
    ]
    for one in result["runs"]:
        assert 0 < one["p50_ns"] <= one["p99_ns"] <= one["p999_ns"] <= one["max_ns"]
    assert result["writes"]["each"]["records"]["max"] == 1
    assert result["writes"]["each"]["sync_ns"]["count"] >= 100
    assert machine_is_named(result)


def test_gateway_is_measured_beside_an_echo_of_the_same_bytes(quiet: Console) -> None:
    settings = gateway.Settings(rounds=1, orders=20, pipelined=256, window=64, burst=16)
    result = gateway.run(quiet, settings)
    assert result["samples"] == 20
    assert result["latency_ratio_p50"] > 0
    assert result["throughput_ratio"] > 0
    assert result["answer_bytes"] > result["message_bytes"] > 100
    assert machine_is_named(result)


def test_the_last_line_of_the_command_is_the_result_as_json() -> None:
    result = CliRunner().invoke(bench, ["kernel", "--rounds", "1", "--messages", "1000", "--json"])
    assert result.exit_code == 0, result.output
    assert "deep" in json.loads(result.stdout.strip().splitlines()[-1])["workloads"]


def test_the_best_of_a_spread_depends_on_what_is_measured() -> None:
    assert common.spread([3, 1, 2], more_is_better=True) == (2, 1, 3, 3)
    assert common.spread([3, 1, 2], more_is_better=False) == (2, 3, 1, 3)
    with pytest.raises(ValueError, match="no measurements"):
        common.spread([], more_is_better=True)


def test_one_core_is_said_to_be_one_core() -> None:
    assert common.core_note(0, 1) == "cores 0 and 1"
    assert "share" in common.core_note(3, 3)

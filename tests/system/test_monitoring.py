"""A running venue whose workers are killed one after the other: readiness, metrics and alerts turn, and turn back."""

from __future__ import annotations

import json
import os
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.system.prometheus import Prometheus, prometheus
from tests.workers.running import until
from workers import venue as venues
from workers.embedded import EmbeddedVenue, embedded_venue
from workers.monitoring.probes import MONITOR

pytestmark = pytest.mark.timeout(600)


class Watched(NamedTuple):
    """A venue, and who watches it."""

    venue: EmbeddedVenue
    metrics_url: str
    prometheus: Prometheus | None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A venue with a worker of every kind. The port stays, so that Prometheus finds a monitor that started again."""
    directory = tmp_path_factory.mktemp("watched")
    port = free_port()
    settings: dict[str, Any] = {
        "topology": {"kind": "sharded", "shards": 1, "pin": False, "idle": "park"},
        "pools": {"orders_per_shard": 4096, "level_pages_per_shard": 1024, "directory_entries_per_shard": 65536},
        "monitoring": {"enabled": True, "metrics_port": port, "look_ms": 100},
        "accounts": [{"name": "operator", "keys": ["operator-key"], "roles": ["administrator"]}],
    }
    with embedded_venue(settings, gateways=True, directory=directory / "venue") as venue:
        until(lambda: MONITOR in venues.addresses(venue.venue.path, MONITOR), "the monitor")
        with prometheus(directory, f"127.0.0.1:{port}") as watcher:
            if watcher is not None:
                until(watcher.is_watching, "Prometheus to have looked")
            yield Watched(venue, venues.addresses(venue.venue.path, MONITOR)[MONITOR], watcher)


def get(url: str, key: str | None = None) -> tuple[int, str]:
    """Status and body; status 0 when nobody answers."""
    request = urllib.request.Request(url, headers={"X-API-Key": key} if key else {})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def health(watched: Watched, what: str = "/health/ready", key: str | None = None) -> tuple[int, Any]:
    """What the gateway says, wherever it listens now."""
    status, body = get(venues.addresses(watched.venue.venue.path)["gateway-0"] + what, key)
    return status, json.loads(body) if status else None


def metric(watched: Watched, name: str, worker: str) -> float | None:
    """A worker's sample; None when the monitor does not answer."""
    status, body = get(watched.metrics_url)
    for family in text_string_to_metric_families(body):
        for sample in family.samples:
            if sample.name == name and sample.labels["worker"] == worker:
                return sample.value
    assert not status
    return None


@pytest.mark.parametrize("worker", ["journal", "sequencer", "matcher-0", "gateway-0", MONITOR])
def test_a_killed_worker_turns_readiness_metrics_and_alerts_and_all_turn_back(watched: Watched, worker: str) -> None:
    until(lambda: health(watched) == (200, {"ready": True, "reasons": []}), "the venue to be ready")
    watcher = watched.prometheus
    if watcher is not None:
        until(lambda: not watcher.firing(), "every alert to be over")
    restarts = metric(watched, "tradsys_worker_restarts_total", worker)
    os.kill(watched.venue.pid(worker), signal.SIGKILL)
    if worker == "gateway-0":
        until(lambda: health(watched)[0] == 0, "the gateway to be away")
    elif worker != MONITOR:
        until(lambda: health(watched)[0] == 503, "the venue not to be ready")
        reasons = health(watched)[1]["reasons"]
        assert not reasons or reasons[0].startswith(f"{worker} is ") or "sign of life" in reasons[0]
    if watcher is not None:
        until(lambda: ("TradsysWorkerAway", worker) in watcher.firing(), "the alert")
    until(lambda: metric(watched, "tradsys_worker_restarts_total", worker) == (restarts or 0) + 1, "it to be counted")
    until(lambda: metric(watched, "tradsys_worker_up", worker) == 1, "the worker to be back")
    until(lambda: health(watched) == (200, {"ready": True, "reasons": []}), "the venue to be ready again")
    if watcher is not None:
        until(lambda: not watcher.firing(), "the alert to be over")


def test_a_worker_that_hangs_makes_the_venue_not_ready_and_one_that_goes_on_ready(watched: Watched) -> None:
    until(lambda: health(watched)[0] == 200, "the venue to be ready")
    pid = watched.venue.pid("sequencer")
    os.kill(pid, signal.SIGSTOP)
    try:
        until(lambda: health(watched)[0] == 503, "the venue not to be ready")
        assert "sequencer has given no sign of life for" in health(watched)[1]["reasons"][0]
    finally:
        os.kill(pid, signal.SIGCONT)
    until(lambda: health(watched)[0] == 200, "the venue to be ready again")
    assert watched.venue.pid("sequencer") == pid, "it was not killed for that"


def test_an_administrator_sees_what_every_probe_reads(watched: Watched) -> None:
    status, details = health(watched, "/health", "operator-key")
    assert status == 200
    assert {probe["name"] for probe in details["probes"]} >= {"disk_percent", "cpu_percent", "journal_lag_ms"}
    assert all(probe["value"] is not None for probe in details["probes"])
    assert {worker["name"] for worker in details["workers"]} >= {"sequencer", "gateway-0", MONITOR}

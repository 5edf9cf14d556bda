"""Running venues whose workers are killed or stopped one by one: readiness, metrics and alerts turn, and turn back.

With -s it says how long after the blow the alert was there.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.system.prometheus import Prometheus, prometheus
from tests.workers.running import until
from workers import venue as venues
from workers.embedded import EmbeddedVenue, embedded_venue
from workers.monitoring.probes import MONITOR, PROBES

pytestmark = pytest.mark.timeout(600)


class Watched(NamedTuple):
    """A venue, and who watches it."""

    topology: str
    venue: EmbeddedVenue
    metrics_url: str
    prometheus: Prometheus | None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


SETTINGS: dict[str, Any] = {
    "pools": {"orders_per_shard": 4096, "level_pages_per_shard": 1024, "directory_entries_per_shard": 65536},
    "accounts": [{"name": "operator", "keys": ["operator-key"], "roles": ["administrator"]}],
}
TOPOLOGIES: dict[str, dict[str, Any]] = {
    "sharded": {"topology": {"kind": "sharded", "pin": False, "idle": "park"}, "gateway": {"count": 2}},
    "standby": {"topology": {"kind": "compact", "standby": True, "pin": False, "idle": "park"}},
}
KILLED, HANGS = signal.SIGKILL, signal.SIGSTOP
BLOWS = {
    "sharded": [
        (worker, blow)
        for worker in ("journal", "sequencer", "matcher-0", "gateway-0", MONITOR)
        for blow in (KILLED, HANGS)
    ],
    "standby": [("standby", KILLED), ("engine", KILLED), ("engine", HANGS)],
}
"""What happens to workers of each kind."""


@pytest.fixture(scope="module", params=TOPOLOGIES)
def watched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A venue of a topology. The port stays, so that Prometheus finds a monitor that started again."""
    directory = tmp_path_factory.mktemp("watched")
    port = free_port()
    monitoring = {"enabled": True, "metrics_port": port}
    settings = SETTINGS | TOPOLOGIES[request.param] | {"monitoring": monitoring}
    with embedded_venue(settings, gateways=True, directory=directory / "venue") as venue:
        until(lambda: MONITOR in venues.addresses(venue.venue.path, MONITOR), "the monitor")
        with prometheus(directory, f"127.0.0.1:{port}") as watcher:
            if watcher is not None:
                until(watcher.is_watching, "Prometheus to have looked")
            url = venues.addresses(venue.venue.path, MONITOR)[MONITOR]
            yield Watched(request.param, venue, url, watcher)


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
    """What the last gateway says, wherever it listens now."""
    *_, url = venues.addresses(watched.venue.venue.path).values()
    status, body = get(url + what, key)
    return status, json.loads(body) if status else None


def is_well(watched: Watched) -> bool:
    """Whether orders are taken and nothing is said of a worker. What others do to the host does not count."""
    _, told = health(watched, "/health")
    names = tuple(f"{plan.name} " for plan in watched.venue.venue.workers)
    return told["ready"] and not any(words.startswith(names) for words in told["warnings"])


def is_told(watched: Watched, worker: str) -> bool:
    """Whether something is said of a worker: that it keeps orders out, if it belongs to the core, else as a warning."""
    _, told = health(watched, "/health")
    said = told["reasons" if watched.venue.worker(worker).is_core else "warnings"]
    return any(words.startswith(f"{worker} ") for words in said)


def is_quiet(watched: Watched) -> bool:
    """Whether no alert is about now. That a worker has ended again and again stays one for a while."""
    firing = set() if watched.prometheus is None else {name for name, _ in watched.prometheus.firing()}
    return firing.isdisjoint({"TradsysUnreachable", "TradsysNotReady", "TradsysWorkerAway"})


def is_alert(watched: Watched, worker: str) -> bool:
    """Whether Prometheus, where it is installed, tells of the worker; of a monitor also that it does not answer."""
    if watched.prometheus is None:
        return True
    firing = watched.prometheus.firing()
    return ("TradsysWorkerAway", worker) in firing or (worker == MONITOR and ("TradsysUnreachable", "") in firing)


def metric(watched: Watched, name: str, worker: str) -> float | None:
    """A worker's sample; None when the monitor does not answer."""
    status, body = get(watched.metrics_url)
    for family in text_string_to_metric_families(body):
        for sample in family.samples:
            if sample.name == name and sample.labels["worker"] == worker:
                return sample.value
    assert not status
    return None


def test_a_worker_that_dies_or_hangs_turns_readiness_metrics_and_alerts_and_all_turn_back(watched: Watched) -> None:
    until(lambda: is_well(watched) and is_quiet(watched), "all to be well")
    for worker, blow in BLOWS[watched.topology]:
        assert_turns(watched, worker, blow)


def assert_turns(watched: Watched, worker: str, blow: signal.Signals) -> None:
    what = f"{worker} after {blow.name}"
    restarts = metric(watched, "tradsys_worker_restarts_total", worker)
    seconds = alarmed(watched, worker, blow)
    if blow == KILLED:
        counted = (restarts or 0) + 1
        until(lambda: metric(watched, "tradsys_worker_restarts_total", worker) == counted, f"the restart of {what}")
    until(lambda: metric(watched, "tradsys_worker_up", worker) == 1, f"{what} to be back")
    until(lambda: is_well(watched), f"readiness to turn back, {what}")
    until(lambda: is_quiet(watched), f"the alert to be over, {what}")
    sys.stdout.write(f"\n{what}: an alert within {seconds:.2f} s\n")


def alarmed(watched: Watched, worker: str, blow: signal.Signals) -> float:
    """Give a worker the blow; gives the seconds after which it is told and an alert."""
    pid, begin = watched.venue.pid(worker), time.monotonic()
    os.kill(pid, blow)
    try:
        if worker != "engine":  # whose place the standby may have taken before anybody asks
            until(lambda: is_told(watched, worker), f"{worker} to be told after {blow.name}")
        until(lambda: is_alert(watched, worker), f"the alert of {worker} after {blow.name}")
        return time.monotonic() - begin
    finally:
        if blow == HANGS:
            with suppress(ProcessLookupError):  # the supervisor loses its patience, with a standby soon
                os.kill(pid, signal.SIGCONT)


def test_an_administrator_sees_what_every_probe_reads(watched: Watched) -> None:
    def details() -> Any:
        return health(watched, "/health", "operator-key")[1]

    until(lambda: all(probe["value"] is not None for probe in details()["probes"]), "every probe to have looked")
    seen = details()
    assert {probe["name"] for probe in seen["probes"]} == {probe.name for probe in PROBES}
    assert {worker["name"] for worker in seen["workers"]} >= {worker for worker, _ in BLOWS[watched.topology]}

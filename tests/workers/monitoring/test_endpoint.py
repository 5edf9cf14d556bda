"""Where metrics are told when others listen there already."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest

from tests.conftest import Logged
from tests.workers.monitoring.made_up import MadeUpHost, made_up_venue
from workers import venue as venues
from workers.monitoring.endpoint import MetricsEndpoint
from workers.monitoring.exposition import VenueCollector
from workers.monitoring.probes import MONITOR
from workers.venue import Venue, run_directory


@contextmanager
def endpoint(directory: Path, environment: str, port: int) -> Iterator[tuple[MetricsEndpoint, Venue]]:
    """One that has been started."""
    made_up, memory = made_up_venue(directory)
    monitoring = msgspec.structs.replace(made_up.configuration.monitoring, metrics_port=port)
    settings = msgspec.structs.replace(made_up.configuration, environment=environment, monitoring=monitoring)
    venue = msgspec.structs.replace(made_up, configuration=settings)
    run_directory(directory).mkdir()
    telling = MetricsEndpoint(venue, VenueCollector(venue, memory, MadeUpHost()))
    telling.start(lambda step: None)
    try:
        yield telling, venue
    finally:
        telling.stop()


def told(venue: Venue) -> str:
    """What is told where the venue says."""
    with urllib.request.urlopen(venues.addresses(venue.path, MONITOR)[MONITOR], timeout=30) as answer:
        return str(answer.read().decode())


def taken() -> socket.socket:
    """Somebody else's server."""
    other = socket.socket()
    other.bind(("127.0.0.1", 0))
    other.listen()
    return other


@pytest.mark.parametrize("environment", ["development", "testing"])
def test_a_second_venue_takes_any_port_where_several_are_meant(
    tmp_path: Path, environment: str, logged: Logged
) -> None:
    with closing(taken()) as other, endpoint(tmp_path, environment, other.getsockname()[1]) as (_, venue):
        assert "tradsys_ready" in told(venue)
        (line,) = logged.lines("metrics")
        assert (line["event"], line["at"]) == ("metrics are told", venues.addresses(venue.path, MONITOR)[MONITOR])


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_elsewhere_it_says_once_what_to_do_and_goes_on_trying(tmp_path: Path, environment: str, logged: Logged) -> None:
    other = taken()
    port = other.getsockname()[1]
    with endpoint(tmp_path, environment, port) as (telling, venue):
        telling.step(1 << 60)
        (line,) = logged.lines("metrics")
        assert line["level"] == "error"
        assert line["place"] == f"127.0.0.1:{port}"
        assert "monitoring.metrics_port" in line["remedy"]
        assert venues.addresses(venue.path, MONITOR) == {}
        other.close()
        telling.step(1 << 61)
        assert venues.addresses(venue.path, MONITOR)[MONITOR] == f"http://127.0.0.1:{port}/metrics"
        assert "tradsys_ready" in told(venue)


def test_an_address_that_is_not_this_hosts_is_an_error_everywhere(tmp_path: Path, logged: Logged) -> None:
    with endpoint(tmp_path, "development", 0) as (telling, _), pytest.raises(OSError, match="Cannot assign"):
        telling._listen("192.0.2.1", 0)

"""Where metrics are told: an HTTP server in threads of its own, as a service."""

from __future__ import annotations

import errno
import time
from http.server import HTTPServer

from prometheus_client import CollectorRegistry, start_http_server

from tradsys.configuration import Configuration
from tradsys.services import Report, Service
from workers import venue as venues
from workers.monitoring.exposition import VenueCollector
from workers.monitoring.probes import MONITOR
from workers.venue import Venue

_AGAIN_NS = 2_000_000_000
_ANY_PORT = frozenset({"development", "testing"})
"""Environments in which several venues on one host are meant: the second one tells its metrics at any free port."""


class MetricsEndpoint(Service):
    """`step` is called several times a second: an address that is taken may be free later."""

    def __init__(self, venue: Venue, collector: VenueCollector) -> None:
        super().__init__("metrics", (MONITOR,))
        self._venue = venue
        self._collector = collector
        self._registry = CollectorRegistry()
        self._registry.register(collector)
        self._server: HTTPServer | None = None
        self._next_ns = 0
        self._is_told = False

    def start(self, report: Report) -> None:
        """Tell metrics, if that is possible now."""
        assert self._server is None, "a service is started once"
        self.step(time.monotonic_ns())

    def stop(self) -> None:
        """Tell them no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def configure(self, configuration: Configuration) -> None:
        """Tell of a venue that goes by this configuration."""
        self._collector.configure(configuration)

    def step(self, now_ns: int) -> None:
        """Listen, unless that is so already; at the monotonic time `now_ns`."""
        if self._server is not None or now_ns < self._next_ns:
            return
        self._next_ns = now_ns + _AGAIN_NS
        settings = self._venue.configuration.monitoring
        try:
            self._server = self._listen(settings.host, settings.metrics_port)
        except OSError as error:
            self._complain(error)
            return
        assert self._server.server_port > 0, "the system has chosen a port where none was named"
        is_asked_for = settings.metrics_port in (0, self._server.server_port)
        assert is_asked_for or self._venue.configuration.environment in _ANY_PORT, "another port only where any will do"
        url = f"http://{_in_url(settings.host)}:{self._server.server_port}/metrics"
        venues.write_address(self._venue.path, MONITOR, url)
        self.logger.info("metrics are told", at=url)

    def _listen(self, host: str, port: int) -> HTTPServer:
        """Raises OSError when the address is taken, or not this host's."""
        assert 0 <= port < 1 << 16, "a port, or 0 for any"
        try:
            return start_http_server(port, host, self._registry)[0]
        except OSError as error:
            if error.errno != errno.EADDRINUSE or self._venue.configuration.environment not in _ANY_PORT:
                raise
            return start_http_server(0, host, self._registry)[0]

    def _complain(self, error: OSError) -> None:
        assert self._server is None, "who listens has nothing to complain of"
        if self._is_told:
            return
        self._is_told = True
        settings = self._venue.configuration.monitoring
        self.logger.error(
            "metrics cannot be told, and are as soon as they can; the venue is watched all the same",
            place=f"{_in_url(settings.host)}:{settings.metrics_port}",
            why=str(error),
            remedy="find out who listens there (ss -ltnp), or set monitoring.metrics_port to another port, 0: any",
        )


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host

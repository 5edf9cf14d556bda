"""Services by name, started in the order of what they need, and stopped in the reverse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from graphlib import CycleError, TopologicalSorter

from tradsys.configuration import Configuration
from tradsys.logging import log_latency
from tradsys.services.service import Health, Report, Service

_SLOW_SECONDS = 10.0
"""A start or stop of one service that takes longer is worth a warning."""


class RegistryError(ValueError):
    """Services that do not fit together: the message names them."""


class Registry:
    """A fixed set of services."""

    def __init__(self, services: Iterable[Service]) -> None:
        """Raises RegistryError for a name given twice, a need that no service meets, and needs that go in a circle."""
        self._services: dict[str, Service] = {}
        for service in services:
            if service.name in self._services:
                raise RegistryError(f"two services are called {service.name!r}")
            self._services[service.name] = service
        for service in self._services.values():
            for need in service.needs:
                if need not in self._services:
                    raise RegistryError(f"{service.name!r} needs {need!r}, which is no service here")
        needed_by: dict[str, list[str]] = {name: [] for name in self._services}
        for service in self._services.values():
            for need in service.needs:
                needed_by[need].append(service.name)
        self._starting = self._layers({name: service.needs for name, service in self._services.items()})
        self._stopping = self._layers(needed_by)

    @property
    def services(self) -> list[Service]:
        """All of them, in the order in which they start."""
        return [service for layer in self._starting for service in layer]

    def _layers(self, after: Mapping[str, Iterable[str]]) -> list[list[Service]]:
        """Layers of services that come `after` those of earlier layers only; within one, in the order given."""
        sorter = TopologicalSorter(after)
        try:
            sorter.prepare()
        except CycleError as error:
            # Each of them is needed by the one before it.
            raise RegistryError(f"services need each other: {' → '.join(reversed(error.args[1]))}") from error
        places = {name: place for place, name in enumerate(self._services)}
        layers = []
        while sorter.is_active():
            ready = sorted(sorter.get_ready(), key=places.__getitem__)
            layers.append([self._services[name] for name in ready])
            sorter.done(*ready)
        return layers

    def start(self, report: Report = lambda step: None) -> None:
        """Start all; when one fails, those before it are stopped, and its error is raised."""
        try:
            for service in self.services:
                with log_latency(service.logger, "start", service=service.name, slow_seconds=_SLOW_SECONDS):
                    service.start(report)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all, those first that nobody needs. One that fails to stop does not keep others from it."""
        for layer in self._stopping:
            for service in layer:
                _try(service, service.drain)
            for service in layer:
                with log_latency(service.logger, "stop", service=service.name, slow_seconds=_SLOW_SECONDS):
                    _try(service, service.stop)

    def configure(self, configuration: Configuration) -> None:
        """Let all go on with another configuration, in the order in which they start.

        One that fails to does not keep others from it.
        """
        for service in self.services:
            _try(service, partial(service.configure, configuration))

    def health(self) -> dict[str, Health]:
        """How each service is, by name."""
        return {service.name: service.health() for service in self.services}

    def metrics(self) -> dict[str, Mapping[str, float]]:
        """The figures of each service that has any, by name."""
        figures = {service.name: service.metrics() for service in self.services}
        return {name: found for name, found in figures.items() if found}


def _try(service: Service, action: Callable[[], None]) -> None:
    try:
        action()
    except Exception as error:
        service.handle_error(error)

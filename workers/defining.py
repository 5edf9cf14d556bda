"""What the configuration defines, as a service: gateways need it, and it needs the core."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tradsys.configuration import Configuration
from tradsys.services import Report, Service
from workers.definitions import RefusedDefinitionError, define_missing, redefine
from workers.host import StartError
from workers.memory import VenueMemory
from workers.port import Port
from workers.supervision import Until, Waits
from workers.venue import Venue

DEFINITIONS = "definitions"


class Definitions(Service):
    """Accounts, symbols, rules, assets and money of the configuration, which the log is told of."""

    def __init__(
        self, venue: Venue, memory: Callable[[], VenueMemory], needs: Iterable[str], waits: Waits, patience_s: float
    ) -> None:
        """`patience_s`: how long the core may take for each group of records."""
        super().__init__(DEFINITIONS, needs)
        self._venue = venue
        self._configuration = venue.configuration
        self._memory = memory
        self._waits = waits
        self._patience_s = patience_s

    def start(self, report: Report) -> None:
        """Define what the log does not know. Raises RefusedDefinitionError, StartError, StoppedError."""
        report("defining accounts and symbols")
        memory, port = self._memory(), self._port()
        try:
            define_missing(memory, port, self._configuration, self._wait(self._waits.starting))
        finally:
            port.close()

    def stop(self) -> None:
        """The log keeps what was defined."""

    def configure(self, configuration: Configuration) -> None:
        """Let the running core have what another configuration says otherwise.

        Raises RefusedDefinitionError, StoppedError, VenueFailedError; then the one before counts.
        """
        memory, port = self._memory(), self._port()
        try:
            port.gate()  # with others trading, an answer could be overwritten before it is seen
            redefine(memory, port, self._configuration, configuration, self._wait(self._waits.running))
        except StartError as error:
            raise RefusedDefinitionError(str(error)) from error
        finally:
            port.close()
        self._configuration = configuration

    def _port(self) -> Port:
        return Port(self._memory(), self._venue.control_ring, self._venue.sequencer_index)

    def _wait(self, until: Until) -> Callable[[Callable[[], bool], str], None]:
        return lambda condition, what: until(condition, self._patience_s, what)

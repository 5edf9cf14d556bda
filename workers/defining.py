"""What the configuration defines, as a service: gateways need it, and it needs the core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from tradsys.configuration import Configuration
from tradsys.reading.records import in_words
from tradsys.records import COMMAND
from tradsys.services import Report, Service
from workers.administration import trail
from workers.administration.sent import sent
from workers.administration.trail import Act, Actor, TrailDamagedError
from workers.definitions import RefusedDefinitionError, Tell, define_missing, redefine
from workers.host import StartError
from workers.ledger_definitions import Definition
from workers.memory import PHASE, STARTING, TAKES_ORDERS, VenueMemory
from workers.port import Port
from workers.supervision import Until, Waits
from workers.venue import Venue

DEFINITIONS = "definitions"
ACT = "configuration"
"""In the trail."""

_BY = Actor(part="configuration")
_STAMPS = {"sequence", "time", "source", "request", "reason"}


class Definitions(Service):
    """Accounts, symbols, rules, assets and money of the configuration, which the log is told of."""

    def __init__(
        self, venue: Venue, memory: Callable[[], VenueMemory], needs: Iterable[str], waits: Waits, patience_s: float
    ) -> None:
        """`patience_s`: how long the core may take for each group of records."""
        super().__init__(DEFINITIONS, needs)
        assert patience_s > 0, "the core has some time to answer"
        self._venue = venue
        self._configuration = venue.configuration
        self._memory = memory
        self._waits = waits
        self._patience_s = patience_s

    def start(self, report: Report) -> None:
        """Define what the log does not know. Raises RefusedDefinitionError, StartError, StoppedError."""
        report("defining accounts and symbols")
        assert self._memory().control[PHASE] == STARTING, "nobody trades before what he trades is defined"
        with self._port() as (port, told):
            define_missing(self._memory(), port, self._configuration, self._wait(self._waits.starting), told)

    def stop(self) -> None:
        """The log keeps what was defined."""

    def configure(self, configuration: Configuration) -> None:
        """Let the running core have what another configuration says otherwise.

        Raises RefusedDefinitionError, StoppedError, VenueFailedError; then the one before counts.
        """
        try:
            assert self._memory().control[PHASE] in TAKES_ORDERS, "a venue that runs is told what changes"
            with self._port() as (port, told):
                redefine(
                    self._memory(), port, self._configuration, configuration, self._wait(self._waits.running), told
                )
        except StartError as error:
            raise RefusedDefinitionError(str(error)) from error
        self._configuration = configuration

    @contextmanager
    def _port(self) -> Iterator[tuple[Port, Tell]]:
        """A port that sees every answer, and what writes to the trail, at the end, what stands in the log then."""
        port = Port(self._memory(), self._venue.control_ring, self._venue.sequencer_index)
        acts: list[Act] = []

        def tell(definition: Definition, sequence: int) -> None:
            assert sequence >= 1, "what is told of stands in the log"
            record = definition.record
            words = {name: value for name, value in in_words(record.view(COMMAND)[0]).items() if name not in _STAMPS}
            acts.append(
                Act(by=_BY, act=ACT, target=definition.what, after=words, sequence=sequence, record=sent(record))
            )

        try:
            port.gate()  # an answer could be overwritten before it is seen
            yield port, tell
        finally:
            port.close()
            self._write(acts)

    def _write(self, acts: list[Act]) -> None:
        """A trail that cannot be written keeps no venue from starting: who compares it with the log sees the gap."""
        if not acts:
            return
        assert len({act.sequence for act in acts}) == len(acts), "what stands in the log is told once"
        try:
            trail.append_all(self._venue.path, acts)
        except (OSError, TrailDamagedError) as problem:
            self.logger.error("what was defined cannot be written to the trail", why=str(problem))

    def _wait(self, until: Until) -> Callable[[Callable[[], bool], str], None]:
        return lambda condition, what: until(condition, self._patience_s, what)

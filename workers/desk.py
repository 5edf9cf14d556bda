"""An operator's desk at a running venue: records into the log, one at a time, each answered before the next."""

from __future__ import annotations

import time
from typing import Any, NamedTuple, Self

from tradsys.errors import OperatingError, PerformanceError, TradingError, from_reason
from tradsys.reasons import Reason
from tradsys.records import COMMAND, EventFlag, EventKind
from workers.memory import COLD, LINE, VenueMemory
from workers.port import REQUEST_MASK, Port
from workers.progress import are_settled
from workers.venue import Venue, VenueNotRunningError

PATIENCE_SECONDS = 10.0
_NAP_SECONDS = 0.0005


class RefusedError(TradingError):
    """The venue refused a record; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        entry = from_reason(reason)
        super().__init__(entry.code, f"refused: {entry.sentence}")
        self.reason = reason


class NoAnswerError(OperatingError, PerformanceError):
    """The venue has not answered a record in time. It may still be carried out."""

    CODE = "timeout"


class Answer(NamedTuple):
    """What became of a record: its place in the log, and how many orders it cancelled."""

    sequence: int
    timestamp_ns: int
    cancelled: int


class Desk:
    """A spare ring of the venue, and a reader of all events that the engine waits for."""

    def __init__(self, venue: Venue, memory: VenueMemory, *, is_supervisor: bool = False) -> None:
        """The venue's supervisor has a ring for itself.

        Raises RingTakenError when every spare ring is taken, VenueNotRunningError while the venue starts.
        """
        self.memory = memory
        if any(memory.control[COLD + LINE * shard] for shard in range(memory.sizes.shards)):
            # Where its rings of events begin is not known yet, so that nobody can wait for what comes into them.
            raise VenueNotRunningError("the venue is still starting")
        first = venue.control_ring if is_supervisor else venue.control_ring + 1
        self._port = Port.claim_spare(memory, first, venue.sequencer_index)
        assert is_supervisor or self._port.number != venue.control_ring, "the supervisor's ring is nobody else's"
        assert self._port.number >= venue.control_ring, "the rings of gateways are theirs"
        self._port.gate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._port.close()

    def send(self, record: Any, shards: int = 1, patience_seconds: float = PATIENCE_SECONDS) -> Answer:
        """Send a record (64 bytes, an array of one), and wait until the log has it durably and `shards` answered it.

        Then the ledger has settled what it led to. Raises RefusedError, NoAnswerError.
        """
        assert len(record.view(COMMAND)) == 1, "one record at a time"
        assert 1 <= shards <= self.memory.sizes.shards, "somebody answers"
        deadline = time.monotonic() + patience_seconds
        answer = self._await(record, shards, deadline)
        assert answer.sequence > 0, "what is answered stands in the log"
        assert answer.cancelled >= 0, "nobody cancels less than nothing"
        while not are_settled(self.memory.events, self._port.positions.tolist()):
            _wait(deadline, "the venue took the record, and its ledger does not go on")
        return answer

    def _await(self, record: Any, shards: int, deadline: float) -> Answer:
        request = self._port.next_request
        while not self._port.submit(record.view(COMMAND)):
            _wait(deadline, "the venue is busy and has not taken the record")
        assert self._port.next_request == (request + 1) & REQUEST_MASK, "the record has the number that is looked for"
        answered, cancelled = 0, 0
        while True:
            for event in self._own_events(request):
                if event["kind"] == EventKind.REJECTED:
                    raise RefusedError(Reason(int(event["reason"])))
                if event["kind"] == EventKind.MASS_CANCELLED:
                    cancelled += int(event["quantity_lots"])
                if int(event["flags"]) & EventFlag.LAST:
                    answered += 1
                    assert answered <= shards, "every shard answers once"
                    if answered == shards:
                        return Answer(int(event["log_sequence"]), int(event["timestamp_ns"]), cancelled)
            _wait(deadline, "the venue took the record and has not answered; it may still be carried out")

    def _own_events(self, request: int) -> list[Any]:
        """What has come of a request since the last call."""
        own: list[Any] = []
        for shard in range(self.memory.sizes.shards):
            while True:
                events = self._port.drain(shard)
                assert events is not None, "the engine waits for a port that gates"
                if not len(events):
                    break
                own.extend(events[(events["source"] == self._port.number) & (events["request"] == request)].copy())
        return own


def _wait(deadline: float, what: str) -> None:
    if time.monotonic() > deadline:
        raise NoAnswerError(what)
    time.sleep(_NAP_SECONDS)

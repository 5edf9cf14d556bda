"""A desk whose acts are written to the trail: for people on the host, and for parts of the venue itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tradsys.errors import TradingError
from workers.administration import trail
from workers.administration.defining import TAKEN_MEANWHILE
from workers.administration.sent import sent
from workers.administration.trail import Act, Actor
from workers.desk import PATIENCE_SECONDS, Answer, Desk
from workers.memory import VenueMemory
from workers.venue import Venue

_ATTEMPTS_MAX = 10
"""At a number that others take before us."""


class AdministrationDesk(Desk):
    """Carries out what `by` wants."""

    def __init__(self, venue: Venue, memory: VenueMemory, by: Actor, *, is_supervisor: bool = False) -> None:
        """Raises RingTakenError when every spare ring is taken."""
        super().__init__(venue, memory, is_supervisor=is_supervisor)
        self.venue = venue
        self._by = by

    def act(
        self,
        act: str,
        target: str,
        record: Any,
        *,
        before: Any = None,
        after: Any = None,
        shards: int = 1,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> Answer:
        """Send a record as `send` does, and write to the trail what became of it. Raises as that does, and OSError."""
        result, sequence = "interrupted", None
        try:
            answer = self.send(record, shards, patience_seconds)
            result, sequence = trail.DONE, answer.sequence
        except TradingError as problem:
            result = problem.code
            raise
        finally:
            assert (result == trail.DONE) == (sequence is not None), "what is done stands in the log, and nothing else"
            made = Act(
                by=self._by,
                act=act,
                target=target,
                before=before,
                after=after,
                result=result,
                sequence=sequence,
                record="" if sequence is None else sent(record),
            )
            trail.append(self.venue.path, made)
        return answer

    def define(self, act: str, target: str, record: Callable[[], Any], after: Any) -> Answer:
        """Send the next definition; what `record` makes then once more, when somebody else took its number."""
        for attempt in range(_ATTEMPTS_MAX):
            try:
                return self.act(act, target, record(), after=after)
            except TradingError as problem:
                if problem.code not in TAKEN_MEANWHILE or attempt == _ATTEMPTS_MAX - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

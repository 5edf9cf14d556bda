"""The states of a venue, from its start to its end, and which may follow which."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class State(StrEnum):
    """What a venue is doing. Degraded: it takes orders, and something that belongs to it is missing or in trouble."""

    STARTING = "starting"
    READY = "ready"
    DEGRADED = "degraded"
    DRAINING = "draining"
    STOPPED = "stopped"
    FAILED = "failed"


_NEXT = {
    State.STARTING: {State.READY, State.DRAINING, State.FAILED},
    State.READY: {State.DEGRADED, State.DRAINING, State.FAILED},
    State.DEGRADED: {State.READY, State.DRAINING, State.FAILED},
    State.DRAINING: {State.STOPPED},
    State.FAILED: {State.STOPPED},
    State.STOPPED: set(),
}


class InvalidTransitionError(Exception):
    """A state that cannot follow the present one."""


class Lifecycle:
    """The state that a venue is in. `entered(state, why)` is called with each new one."""

    def __init__(self, entered: Callable[[State, str], None]) -> None:
        self.state = State.STARTING
        self._entered = entered

    def enter(self, state: State, why: str = "") -> None:
        """Go to a state; to stay in one is nothing new. Raises InvalidTransitionError."""
        if state is self.state:
            return
        if state not in _NEXT[self.state]:
            raise InvalidTransitionError(f"a venue that is {self.state} cannot become {state}")
        self.state = state
        self._entered(state, why)

    @property
    def takes_orders(self) -> bool:
        """Whether the venue serves its clients."""
        return self.state in {State.READY, State.DEGRADED}

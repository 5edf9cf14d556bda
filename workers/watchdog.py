"""Whether the workers of a venue are well enough for its watchdog to be fed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from workers.crew import Crew, Member
from workers.memory import HEARTBEAT_NS, READY, STATE

SILENCE_NS_MAX = 2_000_000_000
"""A worker that has shown no sign of life for longer is not well."""


class Wellbeing(NamedTuple):
    """Workers, by name, that do not serve: `silent` ones show no sign of life, `returning` ones are started again.

    The latter are in the supervisor's care, which has limits of its own for them.
    """

    silent: list[str]
    returning: list[str]

    def __str__(self) -> str:
        said = []
        if self.silent:
            said.append(f"no sign of life from {', '.join(self.silent)}")
        if self.returning:
            said.append(f"waiting for {', '.join(self.returning)}")
        return "; ".join(said) or "the venue runs"


def look_after(crew: Crew, members: Iterable[Member], now_ns: int) -> Wellbeing:
    """How the workers are at the monotonic time `now_ns`; those that the venue can do without are not looked at."""
    silent, returning = [], []
    for member in members:
        if member.extra:
            continue
        line = crew.line(member)
        last_ns = max(int(line[HEARTBEAT_NS]), member.started_ns)
        if member.child is None or line[STATE] != READY:
            returning.append(member.plan.name)
        elif now_ns - last_ns > SILENCE_NS_MAX:
            silent.append(member.plan.name)
    return Wellbeing(silent, returning)

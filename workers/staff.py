"""The services of a venue: its workers and its definitions, and what each one needs before it can start."""

from __future__ import annotations

from collections.abc import Callable

from tradsys.services import Registry
from workers.crew import Crew, Member
from workers.defining import Definitions
from workers.memory import VenueMemory
from workers.recorder.database import RECORDER
from workers.succession import Succession
from workers.supervision import Timeouts, Waits, WorkerService
from workers.topology import JOURNAL, SEQUENCER, WorkerPlan
from workers.trading_hours import TRADING_HOURS, TradingHours
from workers.venue import Venue


class Staff:
    """All services of one venue, ready to be started."""

    def __init__(
        self,
        venue: Venue,
        crew: Crew,
        memory: Callable[[], VenueMemory],
        waits: Waits,
        timeouts: Timeouts,
        drain_patience: Callable[[], float],
    ) -> None:
        """`memory()` gives the venue's memory while it has one."""
        assert sum(member.plan.has(SEQUENCER) for member in crew.members) == 1, "one worker decides"
        assert sum(member.plan.is_standby for member in crew.members) <= 1, "one standby follows the core"
        standby = next((member for member in crew.members if member.plan.is_standby), None)
        assert (standby is not None) == venue.configuration.topology.standby, "a standby waits where one is wanted"
        patience_ms = venue.configuration.topology.standby_patience_ms
        followed = [] if standby is None else [member for member in crew.members if member.plan.is_followed]
        self.succession = None if standby is None else Succession(crew, followed, standby, patience_ms)
        self.workers = [
            WorkerService(
                member,
                crew,
                needs_of(member, crew.members),
                until=waits.starting,
                timeouts=timeouts,
                drain_patience=drain_patience,
                is_dispensable=member.extra or member.plan.is_standby,
                successor=self.succession if member in followed else None,
            )
            for member in crew.members
        ]
        core = [member.plan.name for member in crew.members if member.plan.is_core or member.plan.is_standby]
        self.definitions = Definitions(venue, memory, core, waits, timeouts.define)
        assert core, "definitions are sent to somebody"
        self.hours = TradingHours(venue, memory)
        self.registry = Registry([*self.workers, self.definitions, self.hours])


def needs_of(member: Member, members: list[Member]) -> list[str]:
    """Names of what a worker needs: whoever takes in what it sends, and whoever made what it reads."""
    assert member in members, "who needs others is one of them"
    plan = member.plan
    plans: list[WorkerPlan] = [other.plan for other in members if not other.extra]
    if plan.has(RECORDER):
        return [other.name for other in plans if other.is_core]
    if member.extra:
        return [TRADING_HOURS, *(other.name for other in plans if other.is_gateway)]
    if plan.is_gateway:  # a recorder ends after them: what they have told of is recorded
        return [TRADING_HOURS, *(other.plan.name for other in members if other.plan.has(RECORDER))]
    if plan.is_standby:
        return [other.name for other in plans if other.has(SEQUENCER)]
    if plan.has(SEQUENCER):
        return [other.name for other in plans if other.is_core and other is not plan]
    return [other.name for other in plans if other.has(JOURNAL) and other is not plan]

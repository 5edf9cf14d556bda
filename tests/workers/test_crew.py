"""The crew, over processes that only wait: whose place is whose, and when."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.workers.running import until
from tests.workers.stepped import SIZES, describe, with_standby
from workers import memory
from workers.crew import POLL_SECONDS, Crew, Member
from workers.memory import RECOVERING, RESTARTS, STATE, SUCCESSOR, VenueMemory
from workers.restarts import RestartLimits
from workers.topology import WorkerPlan

WAITS = [sys.executable, "-S", "-c", "import signal; signal.pause()"]


@pytest.fixture
def private() -> VenueMemory:
    return memory.private(msgspec.structs.replace(SIZES, ledgers=2))


@pytest.fixture
def crew(tmp_path: Path, private: VenueMemory) -> Iterator[Crew]:
    """A journal, an engine and a standby, none of which has been started."""
    plans = [*with_standby(), WorkerPlan(2, "standby", ["standby"], None, "park")]
    members = [Member(plan, RestartLimits(), extra=False) for plan in plans]
    crew = Crew(describe(tmp_path, plans, private.sizes), members, lambda plan, venue: WAITS)
    crew.attach(private)
    yield crew
    for member in members:
        if member.child is not None:
            end(crew, member)
    crew.close()


def end(crew: Crew, member: Member) -> None:
    """Kill a worker and let go of it."""
    assert member.child is not None
    member.child.signal(signal.SIGKILL)

    def has_ended() -> bool:
        crew.wait(POLL_SECONDS)
        return member.has_ended

    until(has_ended, "its end")
    crew.forget(member)


def test_a_successor_that_dies_before_it_has_taken_over_is_none_any_more(crew: Crew, private: VenueMemory) -> None:
    _, engine, standby = crew.members
    crew.spawn(engine)
    crew.spawn(standby)
    end(crew, engine)
    child = crew.succeed(engine, standby)
    assert engine.child is child
    assert standby.child is None
    assert private.control[SUCCESSOR] == child.pid
    assert (crew.line(engine)[STATE], crew.line(engine)[RESTARTS]) == (RECOVERING, 1)
    end(crew, engine)
    assert private.control[SUCCESSOR] == 0


def test_nobody_else_is_a_successor_when_another_worker_ends(crew: Crew, private: VenueMemory) -> None:
    journal, engine, standby = crew.members
    for member in (journal, engine, standby):
        crew.spawn(member)
    end(crew, engine)
    child = crew.succeed(engine, standby)
    end(crew, journal)
    assert private.control[SUCCESSOR] == child.pid

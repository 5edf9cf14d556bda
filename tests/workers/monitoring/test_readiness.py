"""When a venue is ready, and the words for why it is not."""

from __future__ import annotations

import errno
from pathlib import Path

from tests.workers.monitoring.made_up import ENGINE, GATEWAY, WATCHER, beat, made_up_venue
from workers.memory import (
    ABSENT,
    DRAINING,
    HEARTBEAT_NS,
    JOURNAL_TROUBLE,
    PHASE,
    PID,
    READY,
    RECOVERING,
    STATE,
    STOPPED,
    TROUBLE_SINCE_NS,
    VenueMemory,
)
from workers.monitoring import alarms
from workers.monitoring.alarms import Alarm
from workers.monitoring.board import Board, is_probe, read_board
from workers.monitoring.probes import PROBES, Readings
from workers.monitoring.readiness import Readiness, readiness
from workers.recorder.database import RECORDER
from workers.topology import WorkerPlan
from workers.venue import Venue

NOW_NS = 10**12
SILENCE_MS_MAX = 1000


def show(memory: VenueMemory, *probes: str) -> None:
    """Let the monitor show an alarm of these probes, which counts until now."""
    readings: Readings = {probe.name: 7 for probe in PROBES}
    Board(memory.counters).write(readings, alarms.begin() | {name: Alarm(is_on=True) for name in probes}, NOW_NS)


def judged(venue: Venue, memory: VenueMemory, now_ns: int = NOW_NS) -> Readiness:
    return readiness(memory, venue.workers, now_ns, SILENCE_MS_MAX)


def test_a_venue_that_is_well_is_ready(tmp_path: Path) -> None:
    venue, memory = made_up_venue(tmp_path)
    beat(memory, NOW_NS)
    show(memory)
    found = judged(venue, memory)
    assert (found.ready, found.reasons, found.warnings) == (True, [], [])


def test_what_keeps_orders_out_is_told_in_words(tmp_path: Path) -> None:
    venue, memory = made_up_venue(tmp_path)
    beat(memory, NOW_NS)
    show(memory, "disk_segments", "cpu_percent")
    memory.control[PHASE] = DRAINING
    memory.line(ENGINE)[STATE] = RECOVERING
    memory.control[JOURNAL_TROUBLE], memory.control[TROUBLE_SINCE_NS] = errno.ENOSPC, NOW_NS
    found = judged(venue, memory)
    assert found.reasons == [
        "the venue is draining",
        "engine is recovering",
        "the journal is in trouble: No space left on device",
        "the data directory's disk has room for only 7 more segments of the journal",
    ]
    assert found.warnings == ["7 % of the cores' time are in use"]
    assert not found.ready


def test_a_gateway_that_is_away_is_a_warning_because_others_may_be_there(tmp_path: Path) -> None:
    venue, memory = made_up_venue(tmp_path)
    beat(memory, NOW_NS)
    memory.line(GATEWAY)[HEARTBEAT_NS] = NOW_NS - 2_500_000_000
    found = judged(venue, memory)
    assert (found.ready, found.warnings) == (True, ["gateway-0 has given no sign of life for 2,500 ms"])


def test_a_gateway_apart_is_missed_when_it_was_killed_and_not_before_it_came_or_when_it_has_left(
    tmp_path: Path,
) -> None:
    venue, memory = made_up_venue(tmp_path)
    beat(memory, NOW_NS)
    line = memory.line(GATEWAY)
    line[:] = 0
    assert judged(venue, memory).warnings == []
    line[PID], line[STATE] = 4243, RECOVERING
    assert judged(venue, memory).warnings == ["gateway-0 is recovering"]
    line[STATE], line[HEARTBEAT_NS] = READY, NOW_NS
    assert judged(venue, memory).warnings == []
    line[HEARTBEAT_NS] = NOW_NS - 2_000_000_000
    assert judged(venue, memory).warnings == ["gateway-0 has given no sign of life for 2,000 ms"]
    line[STATE] = STOPPED
    assert judged(venue, memory).warnings == []


def test_a_worker_may_be_silent_for_as_long_as_the_configuration_says(tmp_path: Path) -> None:
    venue, memory = made_up_venue(tmp_path)
    beat(memory, NOW_NS)
    memory.line(ENGINE)[HEARTBEAT_NS] = NOW_NS - 1_001_000_000
    assert not readiness(memory, venue.workers, NOW_NS, 1000).ready
    assert readiness(memory, venue.workers, NOW_NS, 1001).ready


def test_a_monitor_that_is_away_or_silent_is_a_warning_at_once(tmp_path: Path) -> None:
    venue, memory = made_up_venue(tmp_path)
    beat(memory, NOW_NS)
    nobody = "nobody watches disk, memory, descriptors and clock"
    memory.line(WATCHER)[HEARTBEAT_NS] = NOW_NS - 1_500_000_000
    found = judged(venue, memory)
    assert (found.ready, found.warnings) == (True, [f"monitor has given no sign of life for 1,500 ms: {nobody}"])
    memory.line(WATCHER)[HEARTBEAT_NS] = 0
    assert judged(venue, memory).warnings == [f"monitor has given no sign of life yet: {nobody}"]
    memory.line(WATCHER)[STATE] = ABSENT
    assert judged(venue, memory).warnings == [f"monitor is absent: {nobody}"]


def test_a_recorder_that_is_away_is_a_warning(tmp_path: Path) -> None:
    venue, memory = made_up_venue(tmp_path)
    plan = WorkerPlan(3, RECORDER, [RECORDER], None, "event loop")
    venue.workers.append(plan)
    beat(memory, NOW_NS)
    memory.line(3)[HEARTBEAT_NS], memory.line(3)[STATE] = NOW_NS, READY
    assert judged(venue, memory).warnings == []
    memory.line(3)[STATE] = ABSENT
    found = judged(venue, memory)
    behind = "recorder is absent: the history is behind, and goes on from where it is"
    assert (found.ready, found.warnings) == (True, [behind])
    memory.line(3)[STATE] = RECOVERING  # so it is while it cannot carry on
    assert judged(venue, memory).warnings == [behind.replace("absent", "recovering")]


def test_what_a_monitor_said_counts_on_for_a_while_but_not_for_ever(tmp_path: Path) -> None:
    venue, memory = made_up_venue(tmp_path)
    show(memory, "read_only")
    beat(memory, NOW_NS)
    memory.line(WATCHER)[STATE] = ABSENT
    assert judged(venue, memory).reasons == ["the data directory cannot be written"]
    beat(memory, NOW_NS + 1)
    assert judged(venue, memory, NOW_NS + 1).ready


def test_a_venue_without_a_monitor_is_judged_by_its_memory_alone(tmp_path: Path) -> None:
    venue, memory = made_up_venue(tmp_path)
    beat(memory, NOW_NS)
    show(memory, "read_only")
    others = [plan for plan in venue.workers if plan.index != WATCHER]
    assert readiness(memory, others, NOW_NS, SILENCE_MS_MAX).ready


def test_the_board_tells_what_was_written_and_what_could_not_be_read(tmp_path: Path) -> None:
    _, memory = made_up_venue(tmp_path)
    assert read_board(memory.counters, NOW_NS) == []
    board = Board(memory.counters)
    assert read_board(memory.counters, NOW_NS) == [], "nobody has looked yet"
    readings = {probe.name: None if probe.name == "disk_segments" else 1 for probe in PROBES}
    shown = alarms.begin() | {"lost": Alarm(is_on=True)}
    board.write(readings, shown, NOW_NS)
    seen = {probe.name: probe for probe in read_board(memory.counters, NOW_NS)}
    assert (seen["disk_segments"].value, seen["lost"].value) == (None, 1)
    assert [name for name, probe in seen.items() if probe.alarm] == ["lost"]
    assert [probe.name for probe in PROBES if probe.is_fatal] == [name for name, probe in seen.items() if probe.fatal]
    assert all(probe.words for probe in seen.values())
    assert all(is_probe(name) for name in memory.counters.snapshot())
    assert Board(memory.counters).alarms() == shown, "a monitor that starts again finds its places, and its alarms"
    assert len(memory.counters.snapshot()) == 2 * len(PROBES) + 1
    assert read_board(memory.counters, NOW_NS + 1) == []

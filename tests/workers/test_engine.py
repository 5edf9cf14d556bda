"""The engine as a real process: killed under load, told to stop, woken from its sleep."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from shm import doorbell
from tests.factories import buy, define_account, define_symbol, flow, joined
from tests.workers.running import START_SECONDS_MAX, RunningVenue, until
from tests.workers.stepped import (
    ACCOUNTS,
    SIZES,
    SYMBOLS,
    assert_answered_once,
    assert_same,
    assert_same_shard,
    compact,
    expected_events,
    journal_records,
)
from tradsys.book.layout import W_POSITION
from tradsys.records import EventKind
from workers.idle import PARK_NS
from workers.memory import JOURNALED, LINE, STATE, STOPPED
from workers.replica import Replica

ENGINE = "engine"
ROOMY = msgspec.structs.replace(SIZES, event_ring=256, orders_per_shard=1 << 14)


@pytest.fixture
def venue(tmp_path: Path, venue_name: str) -> Iterator[RunningVenue]:
    """A running engine that parks when it is idle, with accounts and symbols."""
    plans = [msgspec.structs.replace(plan, idle="park") for plan in compact()]
    venue = RunningVenue(tmp_path, venue_name, plans, ROOMY, segment_bytes=1 << 16)
    try:
        venue.start(ENGINE)
        port = venue.open_port()
        definitions = [define_account(number) for number in range(1, ACCOUNTS + 1)]
        definitions += [define_symbol(number) for number in range(1, SYMBOLS + 1)]
        assert port.submit(np.concatenate(definitions)) == len(definitions)
        # The first turn of the duty cycle after a change of the sources compiles it.
        until(lambda: venue.read() and len(venue.seen[0]) == len(definitions), "the definitions", START_SECONDS_MAX)
        yield venue
    finally:
        venue.close()


def trade(venue: RunningVenue, commands: Any, until_answered: int) -> int:
    """Send what fits, and read, until so many answers have come; gives how many were sent."""
    sent = 0

    def enough() -> bool:
        nonlocal sent
        sent += venue.send(commands[sent:])
        return venue.answered() >= until_answered

    until(enough, f"{until_answered} answers")
    return sent


def assert_right(venue: RunningVenue, commands: Any) -> None:
    """The log has every command once, and the events and the shard are what the log says."""
    records = journal_records(venue.directory, 1)
    sent = records[records["client_order_id"] > 0]
    for field in ("client_order_id", "account", "symbol", "price_ticks", "quantity_lots"):
        assert sent[field][sent["kind"] == 1].tolist() == commands[field].tolist()
    assert_same(venue.seen[0], expected_events(records, 0, venue.sizes))
    assert_answered_once(venue.seen[0], records)
    replica = Replica(venue.sizes, venue.directory)
    until(lambda: venue.memory.shards[0].words[W_POSITION] == replica.advance(), "the matcher to catch up")
    assert_same_shard(venue.memory.shards[0], replica.shards[0])


def test_an_engine_killed_under_load_answers_everything_once(venue: RunningVenue, seed: int) -> None:
    commands = flow(seed, 4000, symbols=SYMBOLS, accounts=ACCOUNTS)
    sent, defined = 0, venue.answered()
    for answers in (300, 1100, 2300):
        sent += trade(venue, commands[sent:], defined + answers)
        venue.kill(ENGINE)
        venue.start(ENGINE)
    sent += trade(venue, commands[sent:], defined + len(commands))
    assert sent == len(commands)
    assert venue.terminate(ENGINE) == 0
    venue.read()
    assert_right(venue, commands)


def test_an_engine_told_to_stop_finishes_what_has_been_taken_in(venue: RunningVenue, seed: int) -> None:
    commands = flow(seed, 60, symbols=SYMBOLS, accounts=ACCOUNTS)
    defined = venue.answered()
    assert venue.port is not None
    assert venue.port.submit(commands) == 60
    assert venue.terminate(ENGINE) == 0
    until(lambda: venue.read() == 0, "the last events")
    assert venue.answered() == defined + 60
    assert venue.memory.workers[STATE] == STOPPED
    assert venue.memory.control[JOURNALED] == len(journal_records(venue.directory))
    assert_right(venue, commands)
    venue.start(ENGINE)
    trade(venue, joined(buy(400)), defined + 61)


def test_a_parked_engine_is_woken_by_every_command(venue: RunningVenue) -> None:
    assert venue.port is not None
    bells, own = venue.memory.bells, venue.description.sequencer_index
    order = joined(buy(400))
    took_ns = []
    for number in range(150):
        until(lambda: bells[LINE * own] == 1, "the engine to sleep")
        before, known = doorbell.rings(bells, own), len(venue.seen[0])
        started = time.monotonic_ns()
        assert venue.port.submit(order) == 1
        while not venue.read():
            assert time.monotonic_ns() < started + 10_000_000_000, f"command {number} is not answered"
        took_ns.append(time.monotonic_ns() - started)
        assert venue.seen[0]["kind"][known:].tolist() == [EventKind.ACCEPTED]
        assert doorbell.rings(bells, own) - before <= 1
    # Whoever had to wait for the end of the nap, because its wake-up was lost, took half a nap on average.
    assert statistics.median(took_ns) < PARK_NS / 4


def test_an_engine_that_cannot_read_its_journal_ends_and_says_why(
    venue: RunningVenue, capfd: pytest.CaptureFixture[str]
) -> None:
    venue.kill(ENGINE)
    path = sorted(venue.directory.glob("*.journal"))[0]
    data = bytearray(path.read_bytes())
    data[17] ^= 1
    path.write_bytes(data)
    with pytest.raises(AssertionError, match="ended with status 1"):
        venue.start(ENGINE)
    venue._processes.clear()
    said = capfd.readouterr()
    assert str(path) in said.err + said.out
    assert "restore" in said.err + said.out

"""Workers killed (SIGKILL) in mid-flow: what every account has, holds and may do is what the log alone gives."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.factories import define_account, define_symbol, flow
from tests.workers.running import START_SECONDS_MAX, RunningVenue, until
from tests.workers.settled_venue import assert_settled, limits, money
from tests.workers.stepped import ACCOUNTS, SIZES, SYMBOLS, compact, journal_records, sharded
from tradsys.ledger.layout import state_of
from workers import memory, sequencer
from workers.journal import JournalReader
from workers.redecision import redecide_journal

ROOMY = msgspec.structs.replace(SIZES, event_ring=1024, orders_per_shard=1 << 12, recent_client_ids=64)
PLANS = {"compact": (1, compact(1)), "sharded": (2, sharded(2))}


@pytest.fixture(params=PLANS)
def venue(request: pytest.FixtureRequest, tmp_path: Path, venue_name: str) -> Iterator[RunningVenue]:
    """A running venue that parks when it is idle, with accounts, symbols, money and limits."""
    shards, plans = PLANS[request.param]
    sizes = msgspec.structs.replace(ROOMY, shards=shards)
    parking = [msgspec.structs.replace(plan, idle="park") for plan in plans]
    venue = RunningVenue(tmp_path, venue_name, parking, sizes, segment_bytes=1 << 16)
    try:
        for plan in parking:
            venue.start(plan.name)
        venue.open_port()
        definitions = [define_account(number) for number in range(1, ACCOUNTS + 1)]
        definitions += [define_symbol(number) for number in range(1, SYMBOLS + 1)]
        send(venue, np.concatenate([*definitions, *money(), *limits()]), START_SECONDS_MAX)
        yield venue
    finally:
        venue.close()


def send(venue: RunningVenue, commands: Any, seconds: float = 60) -> None:
    """Send commands, and read, until all are sent and as many have been answered."""
    sent, before = 0, venue.answered()

    def done() -> bool:
        nonlocal sent
        sent += venue.send(commands[sent:])
        return sent == len(commands) and venue.answered() >= before + len(commands)

    until(done, f"{len(commands)} answers", seconds)


def recomputed(venue: RunningVenue) -> Any:
    """A ledger that has taken the whole journal in, in memory of its own."""
    private = memory.private(venue.sizes)
    state = sequencer.new_sequencer(private, 1)
    redecide_journal(state, private, None, JournalReader(venue.directory), lambda: None)
    return private.ledger


def test_kills_in_mid_flow_lose_no_unit_and_no_limit(venue: RunningVenue, seed: int) -> None:
    dice = random.Random(seed)
    commands = flow(seed, 3000, symbols=SYMBOLS, accounts=ACCOUNTS)
    names = [plan.name for plan in venue.description.workers]
    for part in np.array_split(commands, 6):
        assert venue.port is not None
        # Some of them are on their way when the workers die.
        under_way = venue.port.submit(part[: dice.randint(1, 60)])
        killed = dice.sample(names, dice.randint(1, len(names)))
        for name in killed:
            venue.kill(name)
        for name in [name for name in names if name in killed]:
            venue.start(name)
        send(venue, part[under_way:])
    assert sum(len(seen) for seen in venue.seen) > 3000
    for name in reversed(names):
        assert venue.terminate(name) == 0
    venue.read()
    for live, again in zip(state_of(venue.memory.ledger), state_of(recomputed(venue)), strict=True):
        assert live.tobytes() == again.tobytes()
    counts = assert_settled(journal_records(venue.directory, venue.sizes.shards), venue.sizes, venue.memory.ledger)
    assert counts.refusals > 0

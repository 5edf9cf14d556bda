"""Verification: what the log gives from its beginning and from every snapshot, and what is told when they differ."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.workers.crashes import crash_anywhere
from tests.workers.journals import SEGMENT_BYTES, change, segment_files
from tests.workers.settled_venue import limits, money, tell
from tests.workers.stepped import SteppedVenue, expected_events
from tests.workers.test_snapshot import PLANS, ROOMY, take, trade
from tests.workers.traders import Traders
from tradsys.book.layout import W_EVENTS
from workers import verification
from workers.follower import Follower
from workers.journal import JournalReader
from workers.snapshot import files
from workers.snapshot.files import Snapshot, list_snapshots
from workers.snapshot.housekeeping import clear_segments
from workers.verification import Verification, verify


@pytest.fixture(params=PLANS)
def venue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SteppedVenue]:
    """A venue that has traded, with three snapshots on its way, and has something behind the last one."""
    shards, plans = PLANS[request.param]
    venue = SteppedVenue(tmp_path, plans, msgspec.structs.replace(ROOMY, shards=shards), segment_bytes=SEGMENT_BYTES)
    venue.define()
    tell(venue, [*money(), *limits()])
    traders = Traders(venue, 7)
    for _ in range(3):
        trade(venue, traders, 3)
        take(venue)
    trade(venue, traders, 3)
    yield venue
    venue.close()


def test_a_snapshot_that_is_removed_meanwhile_is_not_missed(
    venue: SteppedVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = list_snapshots(venue.directory)
    monkeypatch.setattr(verification, "list_snapshots", lambda directory: listed)
    listed[0].unlink()
    found = verify(venue.description)
    assert found.is_right
    assert [each.file for each in found.snapshots] == [path.name for path in listed[1:]]


def wrong(found: Verification) -> dict[str, list[str]]:
    """What is told, by snapshot."""
    return {each.file: each.differences for each in found.snapshots if each.differences}


def test_a_sound_venue_gives_the_events_of_the_reference_from_everywhere(venue: SteppedVenue, seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(3):
        crash_anywhere(venue, dice, 40)
        take(venue)
    steps: list[tuple[str, int]] = []
    found = verify(venue.description, lambda what, sequence: steps.append((what, sequence)))
    records = venue.records()
    assert found.is_right
    assert (found.began_with, found.sequence, wrong(found), found.damage) == (0, len(records), {}, None)
    assert [each.sequence for each in found.snapshots] == [int(path.stem) for path in list_snapshots(venue.directory)]
    for shard, digest in enumerate(found.events):
        events = expected_events(records, shard, venue.sizes)
        assert digest == hashlib.sha256(events.tobytes()).hexdigest()
    assert {"checksums", "from the beginning", f"from the snapshot of {found.snapshots[0].sequence:,}"} <= dict(
        steps
    ).keys()
    # The same log gives the same state, and a longer one another.
    assert verify(venue.description) == found
    trade(venue, Traders(venue, seed), 1)
    longer = verify(venue.description)
    assert longer.is_right
    assert (longer.state == found.state, longer.events == found.events) == (False, False)


def forge(venue: SteppedVenue, path: Path, section: str, content: Any = None, **heading: Any) -> None:
    """Replace a snapshot by one that is whole, with a section (its last bit) and parts of its heading changed."""
    follower = Follower(venue.sizes, None, JournalReader(venue.directory))
    follower.advance(int(path.stem))
    arrays = dict(follower.image())
    changed = np.array(arrays[section]) if content is None else content
    if content is None:
        changed.view(np.uint8).reshape(-1)[-1] ^= 1
    path.unlink()
    told = msgspec.structs.replace(follower.heading(), **heading)
    assert files.write(venue.directory, told, arrays | {section: changed}) == path


def test_a_snapshot_that_is_not_what_the_log_gives_is_told_with_what_differs(venue: SteppedVenue) -> None:
    first, middle, last = list_snapshots(venue.directory)
    forge(venue, first, "ledger.balances")
    forge(venue, middle, "shard0.links", log_ns=17)
    found = verify(venue.description)
    assert not found.is_right
    told = wrong(found)
    assert told.keys() == {first.name, middle.name}
    assert told[first.name][0] == "section ledger.balances is not what the log before it gives"
    assert told[middle.name][0].startswith("its log_ns 17 should be ")
    assert told[middle.name][1] == "section shard0.links is not what the log before it gives"
    assert any(text.startswith("section ledger.balances is another one at sequence") for text in told[first.name])
    assert last.name not in told


def test_other_events_are_told(venue: SteppedVenue) -> None:
    """A snapshot in which a shard has written one event more: all that come behind it have other numbers."""
    newest = list_snapshots(venue.directory)[-1]
    words = Follower(venue.sizes, None, JournalReader(venue.directory)).shards[0].words.copy()
    with Snapshot(newest) as snapshot:
        snapshot.load("shard0.words", words)
    words[W_EVENTS] += 1
    forge(venue, newest, "shard0.words", words)
    told = wrong(verify(venue.description))[newest.name]
    assert "the events of shard 0 behind it are others, when the log is followed from here" in told


def test_a_damaged_snapshot_is_told_and_the_others_compared(venue: SteppedVenue, seed: int) -> None:
    dice = random.Random(seed)
    victim = dice.choice(list_snapshots(venue.directory))
    whole = victim.read_bytes()
    at = dice.randrange(64, len(whole))
    change(victim, at, bytes([whole[at] ^ 1 << dice.randrange(8)]))
    found = verify(venue.description)
    told = wrong(found)
    assert told.keys() == {victim.name}
    assert str(victim) in told[victim.name][0]
    assert found.state is not None
    assert len(found.snapshots) == 3


def test_a_damaged_segment_is_told_with_its_place(venue: SteppedVenue) -> None:
    venue.close()
    victim = segment_files(venue.directory)[1]
    change(victim, 4096 + 64 + 9, b"\x77")
    found = verify(venue.description)
    assert not found.is_right
    assert found.state is None
    assert found.damage is not None
    assert f"{victim}: at offset 4096, sequence {int(victim.stem)}" in found.damage


def test_without_the_logs_beginning_the_oldest_snapshot_is_taken_as_it_is(venue: SteppedVenue) -> None:
    whole, records = verify(venue.description), venue.records()
    oldest, middle, _ = list_snapshots(venue.directory)
    assert clear_segments(venue.directory, "drop", venue.directory / "archive")
    found = verify(venue.description)
    assert found.is_right
    assert (found.began_with, found.state, found.sequence) == (int(oldest.stem), whole.state, whole.sequence)
    for shard, digest in enumerate(found.events):
        before = len(expected_events(records[: found.began_with], shard, venue.sizes))
        events = expected_events(records, shard, venue.sizes)[before:]
        assert digest == hashlib.sha256(events.tobytes()).hexdigest()
    # A wrong one behind it is still told.
    change(middle, middle.stat().st_size - 64, b"\x01\x02\x03\x04\x05\x06\x07\x08")
    assert wrong(verify(venue.description)).keys() == {middle.name}
    oldest.unlink()
    for path in list_snapshots(venue.directory):
        path.unlink()
    assert "a segment is missing" in str(verify(venue.description).damage)


def test_a_snapshot_of_other_pools_is_neither_right_nor_wrong(venue: SteppedVenue) -> None:
    larger = msgspec.structs.replace(venue.sizes, orders_per_shard=2 * venue.sizes.orders_per_shard)
    found = verify(msgspec.structs.replace(venue.description, sizes=larger))
    assert found.is_right
    assert ["other pool sizes" in str(each.passed_over) for each in found.snapshots] == [True] * 3

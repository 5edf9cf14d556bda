"""Snapshots: what starts from one is, byte for byte, what starts from the log's first record."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from shm.crc32c import crc32c
from tests.conftest import Logged
from tests.factories import define_account, define_symbol
from tests.workers.bad_pages import PAGE_BYTES, break_page
from tests.workers.crashes import crash_anywhere
from tests.workers.journals import change, segment_files
from tests.workers.settled_venue import assert_settled, limits, money, tell
from tests.workers.stepped import ACCOUNTS, SIZES, SYMBOLS, SteppedVenue, chain, compact, sharded
from tests.workers.traders import Traders
from tradsys.records import EVENT
from workers.decision import KNOWN_ACCOUNTS, KNOWN_SYMBOLS
from workers.follower import Follower
from workers.journal import JournalError, JournalReader, last_sequence
from workers.memory import JOURNALED, Sizes
from workers.redecision import empty_ledger
from workers.replica import Replica
from workers.sequencer import new_sequencer
from workers.snapshot.choice import open_log, reader_behind
from workers.snapshot.files import Snapshot, SnapshotError, describe, list_snapshots
from workers.snapshot.housekeeping import snapshots_until
from workers.snapshot.image import restore_sequencer
from workers.snapshot.taking import NoSnapshotError, take_snapshot

ROOMY = msgspec.structs.replace(SIZES, event_ring=256, gateway_ring=128, recent_client_ids=8)
PLANS = {"compact": (1, compact(1)), "sharded-3": (3, sharded(3))}


@pytest.fixture(params=PLANS)
def venue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SteppedVenue]:
    """A venue with accounts and symbols, most of them settled."""
    shards, plans = PLANS[request.param]
    venue = SteppedVenue(tmp_path, plans, msgspec.structs.replace(ROOMY, shards=shards))
    venue.define()
    tell(venue, [*money(), *limits()])
    yield venue
    venue.close()


def refuse(text: str) -> None:
    raise AssertionError(text)


def take(venue: SteppedVenue) -> Path:
    """A snapshot of what is durable now."""
    return take_snapshot(venue.directory, venue.sizes, refuse, until=int(venue.memory.control[JOURNALED]))


def trade(venue: SteppedVenue, traders: Traders, turns: int) -> None:
    for _ in range(turns):
        venue.submit(traders.next(10), 1)
        venue.settle()


def followed(directory: Path, sizes: Sizes, start: Path | None, until: int | None = None) -> Follower:
    """The state that the log gives behind a snapshot, or from its first record on."""
    if start is None:
        follower = Follower(sizes, None, JournalReader(directory, sizes.shards))
    else:
        with Snapshot(start) as snapshot:
            snapshot.check()
            follower = Follower(sizes, snapshot, reader_behind(snapshot, directory))
    if until is None:
        follower.advance()
    else:
        follower.advance(until)
    return follower


def assert_same_state(left: Follower, right: Follower) -> None:
    for mine, other in zip(describe(left.image()), describe(right.image()), strict=True):
        assert mine == other
    assert left.heading().chain == right.heading().chain


def test_any_snapshot_and_the_log_behind_it_give_what_the_whole_log_gives(venue: SteppedVenue, seed: int) -> None:
    dice = random.Random(seed)
    paths = [take(venue)]
    for _ in range(5):
        crash_anywhere(venue, dice, 40, crashes=False)
        paths.append(take(venue))
    trade(venue, Traders(venue, seed), 3)
    assert len(set(paths)) == len(list_snapshots(venue.directory)) > 3
    whole = followed(venue.directory, venue.sizes, None)
    for path in paths:
        again = followed(venue.directory, venue.sizes, path)
        assert again.sequence == whole.sequence
        assert_same_state(again, whole)
        # And what the snapshot holds is what the log up to there gives.
        at = followed(venue.directory, venue.sizes, None, again_of(path))
        with Snapshot(path) as snapshot:
            assert describe(at.image()) == list(snapshot.sections.values())


def test_what_was_defined_since_a_snapshot_stays_where_others_read_it(tmp_path: Path) -> None:
    venue = SteppedVenue(tmp_path, compact(), msgspec.structs.replace(ROOMY, ledgers=2))
    venue.define()
    path = take(venue)
    venue.submit(np.concatenate([define_account(ACCOUNTS + 1), define_symbol(SYMBOLS + 1)]))
    venue.settle()
    tables = (venue.memory.accounts, venue.memory.symbols)
    before = [table.tobytes() for table in tables]
    state = new_sequencer(venue.memory, 1, empty_ledger(venue.memory, 1))
    with Snapshot(path) as snapshot:
        restore_sequencer(snapshot, state)
    assert [int(state.decider.words[count]) for count in (KNOWN_ACCOUNTS, KNOWN_SYMBOLS)] == [ACCOUNTS, SYMBOLS]
    assert [table.tobytes() for table in tables] == before
    venue.close()


def again_of(path: Path) -> int:
    return int(path.stem)


def test_crashes_at_any_step_with_snapshots_at_any_step(venue: SteppedVenue, seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(8):
        crash_anywhere(venue, dice, dice.randint(20, 80))
        take(venue)
    venue.assert_right()
    assert_settled(venue.records(), venue.sizes, venue.memory.ledger)


def test_a_start_reads_only_the_log_behind_its_snapshot(venue: SteppedVenue, seed: int) -> None:
    trade(venue, Traders(venue, seed), 20)
    path = take(venue)
    old = [each for each in segment_files(venue.directory) if each.stem < path.stem][:-1]
    assert old
    kept = [(each, each.read_bytes()) for each in old]
    for each in old:
        each.unlink()
    for plan in venue.description.workers:
        venue.restart(plan.name)
    trade(venue, Traders(venue, seed + 1), 5)
    venue.restart_cold_without_looking_back()
    trade(venue, Traders(venue, seed + 2), 5)
    for each, content in kept:
        each.write_bytes(content)
    venue.assert_right()
    path.unlink()
    old[0].unlink()
    with pytest.raises(JournalError, match="a segment is missing"):
        venue.restart(venue.description.workers[-1].name)


def test_a_start_tells_how_much_of_the_log_it_has_read(venue: SteppedVenue, seed: int, logged: Logged) -> None:
    snapshot = int(take(venue).stem)
    trade(venue, Traders(venue, seed), 3)
    name = venue.worker_with("sequencer").plan.name
    logged.restart("debug")
    venue.restart(name)
    told = {line["event"]: line["total"] for line in logged.lines("engine")}
    behind = len(venue.records()) - snapshot
    assert told["taking the journal's decisions again: done"] == behind
    assert set(told.values()) == {behind}
    venue.settle()


def test_a_replica_begins_with_a_snapshot_and_gives_missing_events_from_a_fitting_one(
    venue: SteppedVenue, seed: int
) -> None:
    traders = Traders(venue, seed)
    trade(venue, traders, 4)
    whole = Replica(venue.sizes, venue.directory)
    whole.advance()
    middle = [len(seen) for seen in venue.seen]
    take(venue)
    trade(venue, traders, 4)
    take(venue)
    trade(venue, traders, 1)
    whole.advance()
    replica = Replica(venue.sizes, venue.directory)
    assert replica.advance() == whole.sequence
    assert replica.positions.tolist() == whole.positions.tolist()
    assert replica.postings.tobytes() == whole.postings.tobytes()
    assert (replica.account_count, replica.symbol_count) == (whole.account_count, whole.symbol_count)
    assert replica.accounts.tobytes() == whole.accounts.tobytes()
    for shard in range(venue.sizes.shards):
        assert replica.recent_events(shard, 300).tobytes() == whole.recent_events(shard, 300).tobytes()
        for after in (0, middle[shard] - 1, middle[shard], middle[shard] + 7, len(venue.seen[shard])):
            missing = list(Replica(venue.sizes, venue.directory).missing_events(shard, after))
            assert chain(np.zeros(0, EVENT), *missing).tobytes() == venue.seen[shard][after:].tobytes()


def test_a_damaged_snapshot_is_told_and_the_one_before_it_used(venue: SteppedVenue, seed: int) -> None:
    dice = random.Random(seed)
    traders = Traders(venue, seed)
    trade(venue, traders, 3)
    older = take(venue)
    trade(venue, traders, 3)
    newer = take(venue)
    whole = newer.read_bytes()
    for _ in range(40):
        at = dice.randrange(len(whole))
        if at // 64 == 0 and at >= 40:
            continue  # words that carry nothing
        change(newer, at, bytes([whole[at] ^ 1 << dice.randrange(8)]))
        told: list[str] = []
        snapshot, reader = open_log(venue.directory, venue.sizes, told.append)
        assert snapshot is not None
        assert snapshot.path == older
        assert reader.sequence == int(older.stem)
        assert str(newer) in told[0]
        snapshot.close()
        newer.write_bytes(whole)
    for cut in (0, 63, 64, len(whole) // 2, len(whole) - 64):
        newer.write_bytes(whole[:cut])
        with pytest.raises(SnapshotError, match=re.escape(str(newer))), Snapshot(newer) as snapshot:
            snapshot.check()
    venue.restart(venue.description.workers[0].name)
    venue.settle()
    venue.assert_right()


def changed_header(path: Path, word: int) -> None:
    """Change a word of a snapshot's first line, and make its checksum right."""
    words = np.frombuffer(path.read_bytes()[:64], np.int64).copy()
    words[word] += 1
    words[4] = crc32c(words, 0, 4, 0)
    change(path, 0, words.tobytes())


def test_a_snapshot_of_a_newer_format_is_passed_over(venue: SteppedVenue) -> None:
    path = take(venue)
    changed_header(path, 1)
    told: list[str] = []
    assert open_log(venue.directory, venue.sizes, told.append)[0] is None
    assert "snapshot format 2, this program reads 1" in told[0]


def test_a_snapshot_with_an_index_of_other_fields_is_passed_over(venue: SteppedVenue) -> None:
    """As one would be that was written before a field was added."""
    path = take(venue)
    content = path.read_bytes()
    words = np.frombuffer(content[:64], np.int64).copy()
    index = content[64 : 64 + words[2]].replace(b'"chain"', b'"older"')
    words[3] = crc32c(np.frombuffer(index, np.int64), 0, len(index) // 8, 0)
    words[4] = crc32c(words, 0, 4, 0)
    change(path, 0, words.tobytes() + index)
    told: list[str] = []
    assert open_log(venue.directory, venue.sizes, told.append)[0] is None
    assert "another index" in told[0]
    assert "chain" in told[0]


@pytest.mark.parametrize("number", [0, 1, -1])
def test_a_snapshot_with_a_page_that_the_disk_cannot_read_is_passed_over(
    venue: SteppedVenue, seed: int, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    older = take(venue)
    trade(venue, Traders(venue, seed), 3)
    newer = take(venue)
    pages = newer.stat().st_size // PAGE_BYTES
    offset = break_page(monkeypatch, newer, number % pages)
    told: list[str] = []
    snapshot, _reader = open_log(venue.directory, venue.sizes, told.append)
    assert snapshot is not None
    assert snapshot.path == older
    snapshot.close()
    assert f"{newer}: cannot be read at offset {offset} (Input/output error)" in told[0]
    venue.restart(venue.description.workers[0].name)
    venue.settle()
    venue.assert_right()


def test_a_snapshot_of_other_pools_is_passed_over(venue: SteppedVenue) -> None:
    take(venue)
    told: list[str] = []
    larger = msgspec.structs.replace(venue.sizes, orders_per_shard=2 * venue.sizes.orders_per_shard)
    assert open_log(venue.directory, larger, told.append)[0] is None
    assert "other pool sizes" in told[0]
    rings = msgspec.structs.replace(venue.sizes, rings=7, gateway_ring=1 << 12)
    snapshot, _ = open_log(venue.directory, rings, told.append)
    assert snapshot is not None
    snapshot.close()


def test_a_snapshot_of_another_venue_is_passed_over(venue: SteppedVenue, tmp_path: Path) -> None:
    other = SteppedVenue(tmp_path / "other", venue.description.workers, venue.sizes)
    other.define()
    tell(other, [*money(), *limits()])
    other.submit(np.concatenate([Traders(other, 1).next(3)]), 1)
    other.settle()
    foreign = take(other)
    other.close()
    mine = take(venue)
    copy = mine.with_name(foreign.name)
    mine.unlink()
    copy.write_bytes(foreign.read_bytes())
    told: list[str] = []
    assert open_log(venue.directory, venue.sizes, told.append)[0] is None
    assert str(copy) in told[0]


def test_a_snapshot_ahead_of_the_log_is_passed_over(venue: SteppedVenue, seed: int) -> None:
    """After a loss of power at level memory the log may end before what a snapshot was taken of."""
    trade(venue, Traders(venue, seed), 3)
    path = take(venue)
    venue.close()
    last = segment_files(venue.directory)[-1]
    change(last, 4096, bytes(last.stat().st_size - 4096))
    told: list[str] = []
    assert open_log(venue.directory, venue.sizes, told.append)[0] is None
    assert str(path.stem).lstrip("0") in told[0]


def lose_the_end(venue: SteppedVenue, kept: dict[Path, bytes]) -> None:
    """The venue starts anew from these files of its journal, and knows of no others."""
    venue.close()
    for path in segment_files(venue.directory):
        path.unlink()
    for path, content in kept.items():
        path.write_bytes(content)
    venue.seen = [np.zeros(0, EVENT) for _ in venue.seen]
    venue.boot(last_sequence(venue.directory))


def test_what_is_of_a_lost_end_is_removed_once_the_log_has_grown_beyond_it(venue: SteppedVenue, seed: int) -> None:
    traders = Traders(venue, seed)
    trade(venue, traders, 3)
    good = take(venue)
    kept = {path: path.read_bytes() for path in segment_files(venue.directory)}
    trade(venue, traders, 2)
    near = take(venue)
    trade(venue, traders, 40)
    far = take(venue)
    lose_the_end(venue, kept)
    trade(venue, Traders(venue, seed + 1), 6)
    other = near.with_name(near.name.replace(near.stem, f"{int(near.stem) + 1:020d}"))
    other.write_bytes(b"?" * 640)  # nobody knows what it is of
    assert snapshots_until(venue.directory, int(good.stem)) == [good]
    told: list[str] = []
    path = take_snapshot(venue.directory, venue.sizes, told.append, until=int(venue.memory.control[JOURNALED]))
    assert int(near.stem) + 1 < int(path.stem) < int(far.stem)
    assert [text for text in told if text.startswith("removed")] == [
        f"removed a snapshot of an end that the log has lost: {near}"
    ]
    assert list_snapshots(venue.directory) == [good, other, path, far], (
        "what is ahead of the log stays: it may come back"
    )
    assert snapshots_until(venue.directory, int(path.stem)) == [good, other, path]
    for each in (good, path):
        assert_same_state(followed(venue.directory, venue.sizes, each), followed(venue.directory, venue.sizes, None))


def test_an_empty_log_gives_no_snapshot(tmp_path: Path) -> None:
    with pytest.raises(NoSnapshotError, match="empty"):
        take_snapshot(tmp_path, SIZES, refuse)


def test_a_second_snapshot_of_the_same_moment_is_the_first_one(venue: SteppedVenue) -> None:
    path = take(venue)
    before = path.stat()
    assert take(venue) == path
    assert path.stat().st_ino == before.st_ino


def section_names(path: Path) -> list[Any]:
    with Snapshot(path) as snapshot:
        return list(snapshot.sections)


def test_a_snapshot_of_an_empty_market_is_small(venue: SteppedVenue) -> None:
    path = take(venue)
    whole = sum(
        array.view(np.ndarray).nbytes for array in followed(venue.directory, venue.sizes, path).image().values()
    )
    assert path.stat().st_size < whole / 2
    assert any("orders" in name for name in section_names(path))

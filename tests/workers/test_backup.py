"""Backups: what is restored is what was durable, and goes on as the venue would have; whatever is wrong is told."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.workers.journals import SEGMENT_BYTES, change, segment_files
from tests.workers.settled_venue import assert_settled, limits, money, tell
from tests.workers.stepped import SteppedVenue, journal_records
from tests.workers.test_snapshot import PLANS, ROOMY, take, trade
from tests.workers.traders import Traders
from tradsys.records import COMMAND, Kind, details
from tradsys.risk.terms import Limit, Scope
from workers import files
from workers import venue as venues
from workers.administration import access, trail
from workers.administration.calendar_file import CalendarFile, SetCalendars
from workers.administration.comparing import compare
from workers.administration.sent import sent
from workers.backup import making, restoring
from workers.backup.making import back_up
from workers.backup.manifest import BackupError, CopiedFile, Manifest, read_manifest
from workers.backup.restoring import restore
from workers.journal import JournalError, JournalReader
from workers.lock import DirectoryInUseError, DirectoryLock
from workers.replica import Replica
from workers.snapshot.choice import reader_behind
from workers.snapshot.files import Snapshot, SnapshotError, list_snapshots
from workers.snapshot.housekeeping import BusyError, clear_segments, snapshot_lock
from workers.venue import Venue
from workers.verification import verify


@pytest.fixture(params=PLANS)
def venue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SteppedVenue]:
    """A venue that has traded, with two snapshots on its way, and has something behind the last one."""
    shards, plans = PLANS[request.param]
    sizes = msgspec.structs.replace(ROOMY, shards=shards)
    venue = SteppedVenue(tmp_path / "venue", plans, sizes, segment_bytes=SEGMENT_BYTES)
    remember(venue.description)
    venue.define()
    tell(venue, [*money(), *limits()])
    traders = Traders(venue, 7)
    for _ in range(2):
        trade(venue, traders, 3)
        take(venue)
    trade(venue, traders, 3)
    yield venue
    venue.close()


def remember(venue: Venue) -> None:
    """What a supervisor leaves in the data directory; with a size of segments that the configuration allows."""
    journal = msgspec.structs.replace(venue.configuration.journal, segment_bytes=1 << 16)
    configuration = msgspec.structs.replace(venue.configuration, journal=journal)
    venues.write(msgspec.structs.replace(venue, configuration=configuration))


def fail(text: str) -> None:
    raise AssertionError(text)


def made(venue: SteppedVenue, target: Path, *, from_snapshot: bool = False) -> Manifest:
    return back_up(venue.description.path, target, fail, lambda name: None, from_snapshot=from_snapshot)


def brought_back(backup: Path, directory: Path) -> Manifest:
    return restore(backup, directory, lambda name: None)


def go_on_in(venue: SteppedVenue, directory: Path) -> None:
    """All processes end, and the venue starts in another data directory."""
    venue.close()
    venue.description = msgspec.structs.replace(venue.description, data_directory=str(directory))
    venue.directory = venue.description.journal_directory
    venue.restart_cold()


def files_in(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


def test_a_restored_venue_goes_on_as_if_it_had_never_ended(venue: SteppedVenue, seed: int, tmp_path: Path) -> None:
    manifest = made(venue, tmp_path / "backup")
    records = venue.records()
    assert (manifest.first, manifest.last) == (1, len(records))
    assert files_in(tmp_path / "backup") == sorted(["backup.json", *(file.name for file in manifest.files)])
    assert not (tmp_path / "backup.partial").exists()
    assert brought_back(tmp_path / "backup", tmp_path / "restored") == manifest
    assert venues.last(tmp_path / "restored").sizes == venue.sizes
    assert journal_records(tmp_path / "restored" / "journal").tobytes() == records.tobytes()
    go_on_in(venue, tmp_path / "restored")
    trade(venue, Traders(venue, seed), 4)
    take(venue)
    venue.restart_cold()
    venue.settle()
    venue.assert_right()
    assert_settled(venue.records(), venue.sizes, venue.memory.ledger)
    assert verify(venue.description).is_right


def test_keys_and_the_trail_come_back_too(venue: SteppedVenue, tmp_path: Path) -> None:
    directory = venue.description.path
    access.AccessFile(directory).change(lambda now: access.Access(users=[access.User("uma", ["alice"])]))
    CalendarFile(directory).change(lambda now: SetCalendars(removed=["stocks"]))
    trail.append(directory, trail.Act(by=trail.Actor(host_user="root"), act="user.set", target="uma"))
    made(venue, tmp_path / "backup")
    brought_back(tmp_path / "backup", tmp_path / "restored")
    assert access.AccessFile(tmp_path / "restored").read() == access.AccessFile(directory).read()
    assert CalendarFile(tmp_path / "restored").read() == SetCalendars(removed=["stocks"])
    assert trail.check(tmp_path / "restored") == trail.check(directory)
    assert (tmp_path / "restored" / access.FILE).stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "restored" / "calendar.json").exists()


def test_the_trail_of_a_backup_names_no_record_behind_its_log(venue: SteppedVenue, tmp_path: Path) -> None:
    directory = venue.description.path

    def act(name: str) -> None:
        """An administrator does something just before the trail is copied."""
        if name == trail.FILE:
            record = details(Kind.LIMIT, scope=Scope.VENUE, limit=Limit.TRADING, amount=1)
            tell(venue, [record.view(COMMAND)])
            logged = venue.records()
            sequence = int(logged["sequence"][logged["kind"] == Kind.LIMIT][-1])
            clerk = trail.Actor(account="clerk")
            trail.append(
                directory,
                trail.Act(by=clerk, act="limit.set", target="x", sequence=sequence, record=sent(record)),
            )

    act(trail.FILE)
    back_up(directory, tmp_path / "backup", fail, act)
    assert len(list(trail.lines(tmp_path / "backup"))) == 2
    assert compare(tmp_path / "backup", venue.sizes.shards).untrue == []


def test_a_backup_gives_the_same_state_and_events_as_the_venue(venue: SteppedVenue, tmp_path: Path) -> None:
    made(venue, tmp_path / "backup")
    mine = verify(venue.description)
    other = verify(msgspec.structs.replace(venue.description, data_directory=str(tmp_path / "backup")))
    assert other.is_right
    assert (other.state, other.events, other.sequence) == (mine.state, mine.events, mine.sequence)
    assert other.snapshots == mine.snapshots


def test_only_the_newest_snapshot_and_what_is_behind_it(venue: SteppedVenue, tmp_path: Path) -> None:
    manifest = made(venue, tmp_path / "backup", from_snapshot=True)
    newest = list_snapshots(venue.directory)[-1]
    copied = tmp_path / "backup" / "journal"
    assert [path.name for path in list_snapshots(copied)] == [newest.name]
    assert 1 < manifest.first <= int(newest.stem) + 1
    assert [path.name for path in segment_files(copied)] == [
        path.name for path in segment_files(venue.directory) if int(path.stem) >= manifest.first
    ]
    brought_back(tmp_path / "backup", tmp_path / "restored")
    replica = Replica(venue.sizes, tmp_path / "restored" / "journal")
    assert replica.advance() == manifest.last == len(venue.records())
    # A snapshot of the log's very end needs no record behind it.
    take(venue)
    made(venue, tmp_path / "at-the-end", from_snapshot=True)
    assert Replica(venue.sizes, tmp_path / "at-the-end" / "journal").advance() == manifest.last


def test_without_a_snapshot_there_is_none_to_begin_with(venue: SteppedVenue, tmp_path: Path) -> None:
    for path in list_snapshots(venue.directory):
        path.unlink()
    with pytest.raises(BackupError, match="tradsys snapshot"):
        made(venue, tmp_path / "backup", from_snapshot=True)
    assert made(venue, tmp_path / "backup").first == 1


def test_what_is_left_of_a_log_without_its_beginning_is_backed_up(venue: SteppedVenue, tmp_path: Path) -> None:
    records = len(venue.records())
    assert clear_segments(venue.directory, "drop", tmp_path)
    manifest = made(venue, tmp_path / "backup")
    assert manifest.first == int(segment_files(venue.directory)[0].stem) > 1
    brought_back(tmp_path / "backup", tmp_path / "restored")
    assert Replica(venue.sizes, tmp_path / "restored" / "journal").advance() == records


def test_only_what_is_durable_is_copied_and_a_torn_frame_is_not(venue: SteppedVenue, tmp_path: Path) -> None:
    """As in a directory whose venue was killed while it wrote."""
    reader = JournalReader(venue.directory)
    while len(reader.next_batch()):
        pass
    path, offset = reader.end()
    assert path is not None
    change(path, offset, path.read_bytes()[4096:4281])
    manifest = made(venue, tmp_path / "backup")
    assert manifest.last == reader.sequence
    assert (tmp_path / "backup" / "journal" / path.name).read_bytes()[offset:].strip(b"\0") == b""


def test_what_is_on_disk_but_not_durable_yet_is_not_copied(
    venue: SteppedVenue, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The durable end is that of any frame, also the last of a file or in one before the last."""
    records = venue.records()
    ends, reader = [], JournalReader(venue.directory)
    for sequence in range(1, len(records) + 1):
        if reader.sequence < sequence:
            reader.next_batch(sequence)
            ends.append(reader.sequence)
    last_of_files = [int(path.stem) - 1 for path in segment_files(venue.directory)[1:]]
    assert set(last_of_files) < set(ends)
    newest = int(list_snapshots(venue.directory)[-1].stem)
    possible = [end for end in ends if end >= newest]
    dice = random.Random(seed)
    assert any(end in possible for end in last_of_files)
    wanted = {possible[0], *[end for end in last_of_files if end in possible], *dice.choices(possible, k=3)}
    for end in wanted:
        for from_snapshot in (False, True):
            monkeypatch.setattr(making, "durable_end", lambda _venue, end=end: end)
            target = tmp_path / f"backup-{end}-{from_snapshot}"
            manifest = made(venue, target, from_snapshot=from_snapshot)
            assert manifest.last == end
            brought_back(target, tmp_path / f"restored-{end}-{from_snapshot}")
            restored = tmp_path / f"restored-{end}-{from_snapshot}" / "journal"
            assert Replica(venue.sizes, restored).advance() == end
            if not from_snapshot:
                assert journal_records(restored).tobytes() == records[:end].tobytes()
    monkeypatch.setattr(making, "durable_end", lambda _venue: len(records) + 1)
    with pytest.raises(BackupError, match=f"has acknowledged {len(records) + 1}"):
        made(venue, tmp_path / "too-far")


def test_a_venue_that_has_acknowledged_nothing_yet_is_backed_up_without_a_record(
    venue: SteppedVenue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its workers start: the log's file is there already."""
    for path in list_snapshots(venue.directory):
        path.unlink()
    monkeypatch.setattr(making, "durable_end", lambda _venue: 0)
    manifest = made(venue, tmp_path / "backup")
    assert (manifest.first, manifest.last) == (1, 0)
    brought_back(tmp_path / "backup", tmp_path / "restored")
    assert Replica(venue.sizes, tmp_path / "restored" / "journal").advance() == 0


def test_any_change_of_any_file_of_a_backup_is_told_before_anything_is_made(
    venue: SteppedVenue, seed: int, tmp_path: Path
) -> None:
    made(venue, tmp_path / "backup")
    dice = random.Random(seed)
    for name in files_in(tmp_path / "backup"):
        path = tmp_path / "backup" / name
        whole = path.read_bytes()
        at = dice.randrange(len(whole))
        change(path, at, bytes([whole[at] ^ 1 << dice.randrange(8)]))
        with pytest.raises(BackupError, match=path.name):
            brought_back(tmp_path / "backup", tmp_path / "restored")
        path.write_bytes(whole[:-1])
        with pytest.raises(BackupError, match=path.name):
            brought_back(tmp_path / "backup", tmp_path / "restored")
        path.unlink()
        with pytest.raises(BackupError, match=path.name):
            brought_back(tmp_path / "backup", tmp_path / "restored")
        path.write_bytes(whole)
        assert not (tmp_path / "restored").exists()
    brought_back(tmp_path / "backup", tmp_path / "restored")


def forge(backup: Path, manifest: Manifest, **changes: Any) -> None:
    """Let a backup say something else about itself, with the right checksum."""
    false = msgspec.structs.replace(manifest, **changes)
    digest = hashlib.sha256(msgspec.json.encode(false)).hexdigest()
    (backup / "backup.json").write_bytes(msgspec.json.encode({"manifest": false, "sha256": digest}))


def test_a_backup_names_only_files_that_belong_in_one(venue: SteppedVenue, tmp_path: Path) -> None:
    manifest = made(venue, tmp_path / "backup")
    forge(tmp_path / "backup", manifest, files=[CopiedFile("journal/../../elsewhere.journal", 0, "")])
    with pytest.raises(BackupError, match="belongs in no backup"):
        read_manifest(tmp_path / "backup")
    forge(tmp_path / "backup", manifest, format=2)
    with pytest.raises(BackupError, match="backup format 2, this program reads 1"):
        read_manifest(tmp_path / "backup")


def test_nothing_is_written_over(venue: SteppedVenue, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    target.mkdir()
    made(venue, target)
    before = files_in(target)
    with pytest.raises(BackupError, match="exists already"):
        made(venue, target)
    with pytest.raises(BackupError, match="there is a journal"):
        brought_back(target, venue.description.path)
    with pytest.raises(BackupError, match="is no backup"):
        brought_back(tmp_path / "venue", tmp_path / "restored")
    taken = DirectoryLock(tmp_path / "taken")
    with pytest.raises(DirectoryInUseError):
        brought_back(target, tmp_path / "taken")
    taken.release()
    assert files_in(tmp_path / "taken") == ["lock"]
    with snapshot_lock(venue.directory), pytest.raises(BusyError):
        made(venue, tmp_path / "second")
    assert files_in(target) == before
    assert not (tmp_path / "second").exists()


@pytest.mark.parametrize("writes", [0, 3, 6])
def test_a_full_disk_leaves_nothing(
    venue: SteppedVenue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    made(venue, tmp_path / "backup")
    left = 0
    genuine = files.write_all

    def write(descriptor: int, part: bytes) -> None:
        nonlocal left
        if left == 0:
            os.write(descriptor, part[:1])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left -= 1
        genuine(descriptor, part)

    monkeypatch.setattr(files, "write_all", write)
    left = writes
    with pytest.raises(BackupError, match="No space left on device"):
        made(venue, tmp_path / "second")
    left = writes
    with pytest.raises(BackupError, match="No space left on device"):
        brought_back(tmp_path / "backup", tmp_path / "restored")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "restored", "venue"]
    assert files_in(tmp_path / "restored") == ["lock"]
    left = 1000
    (tmp_path / "second.partial").mkdir()  # of a backup that was killed
    made(venue, tmp_path / "second")
    brought_back(tmp_path / "second", tmp_path / "restored")


@pytest.mark.parametrize("had_files", [False, True])
def test_what_cannot_be_put_in_place_is_not_restored_in_part(
    venue: SteppedVenue, tmp_path: Path, *, had_files: bool
) -> None:
    directory, elsewhere = tmp_path / "restored", tmp_path / "elsewhere"
    access.AccessFile(venue.description.path).change(lambda now: access.Access(users=[access.User("uma", ["alice"])]))
    made(venue, tmp_path / "backup")
    directory.mkdir()
    elsewhere.mkdir()
    (directory / "journal").symlink_to(elsewhere)  # no directory can take the place of that
    if had_files:
        for name in ("last-venue.json", access.FILE):
            (directory / name).write_text("of the venue that was here")
    with pytest.raises(BackupError, match="nothing was restored"):
        brought_back(tmp_path / "backup", directory)
    left = ["last-venue.json", access.FILE] if had_files else []
    assert files_in(directory) == sorted(["lock", *left])
    assert [(directory / name).read_text() for name in left] == ["of the venue that was here"] * len(left)
    (directory / "journal").unlink()
    brought_back(tmp_path / "backup", directory)
    assert access.AccessFile(directory).read() == access.AccessFile(venue.description.path).read()


def test_a_restored_journal_whose_name_cannot_be_made_durable_is_taken_back(
    venue: SteppedVenue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(venue, tmp_path / "backup")

    def sync(directory: Path) -> None:
        if (directory / "journal").exists():
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(restoring, "sync_directory", sync)
    with pytest.raises(BackupError, match="nothing was restored"):
        brought_back(tmp_path / "backup", tmp_path / "restored")
    assert files_in(tmp_path / "restored") == ["lock"]


def test_a_damaged_snapshot_is_left_out_and_told(venue: SteppedVenue, tmp_path: Path) -> None:
    older, newer = list_snapshots(venue.directory)
    content = newer.read_bytes()
    change(newer, len(content) - 64, bytes([content[-64] ^ 1]))
    told: list[str] = []
    back_up(venue.description.path, tmp_path / "backup", told.append, lambda name: None)
    assert [str(newer) in text for text in told] == [True]
    assert [path.name for path in list_snapshots(tmp_path / "backup" / "journal")] == [older.name]


def test_a_damaged_segment_is_told_and_no_backup_made(venue: SteppedVenue, tmp_path: Path) -> None:
    # Where no snapshot leads past it.
    change(segment_files(venue.directory)[0], 4096 + 64 + 9, b"\x77")
    with pytest.raises(BackupError, match=r"the copy is damaged.*offset 4096, sequence 1:"):
        made(venue, tmp_path / "backup")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["venue"]


def test_a_restored_venue_that_went_on_has_another_history(venue: SteppedVenue, seed: int, tmp_path: Path) -> None:
    made(venue, tmp_path / "backup")
    brought_back(tmp_path / "backup", tmp_path / "restored")
    shared = [path.name for path in segment_files(venue.directory)]
    seen, submitted = list(venue.seen), [list(rings) for rings in venue.submitted]
    trade(venue, Traders(venue, seed), 10)
    take(venue)
    original = venue.description
    later = [path for path in segment_files(venue.directory) if path.name not in shared]
    assert len(later) >= 2
    # In the other history the clients have been told nothing of that.
    venue.seen, venue.submitted = seen, submitted
    go_on_in(venue, tmp_path / "restored")
    trade(venue, Traders(venue, seed + 1), 10)
    foreign = take(venue)
    venue.assert_right()
    venue.close()
    assert verify(original).is_right
    # Files of the one among those of the other.
    with Snapshot(foreign) as snapshot, pytest.raises(SnapshotError, match=foreign.name):
        reader_behind(snapshot, original.journal_directory)
    shutil.copy(foreign, original.journal_directory)
    found = verify(original)
    assert {each.file for each in found.snapshots if each.differences} == {foreign.name}
    for path in segment_files(venue.directory):
        if path.name not in shared:
            path.unlink()
    for path in later:
        shutil.copy(path, venue.directory)
    with pytest.raises(JournalError, match=r"does not continue the log before it|a segment is missing"):
        journal_records(venue.directory)

"""Where a reader of the log begins: with the newest snapshot that is of use to it, or with the log's first record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from workers.journal.reader import JournalReader
from workers.journal.segments import JournalError, list_segments, sequence_of
from workers.memory import Sizes
from workers.snapshot.files import Heading, Snapshot, SnapshotError, list_snapshots
from workers.snapshot.image import layout

Tell = Callable[[str], None]


def open_log(
    directory: Path, sizes: Sizes, tell: Tell, fits: Callable[[Heading], bool] = lambda heading: True
) -> tuple[Snapshot | None, JournalReader]:
    """The newest snapshot that `fits`, None when there is none, and a reader of the log behind it.

    A snapshot that is damaged, of another program or pool sizes, or not of this log is passed over; `tell` is told why.
    Raises JournalError when there is none and the log does not begin with its first record; OSError.
    """
    found = _first_of_use(reversed(list_snapshots(directory)), directory, sizes, tell, fits)
    return found or (None, _from_the_beginning(directory, sizes))


def open_whole_log(directory: Path, sizes: Sizes, tell: Tell) -> tuple[Snapshot | None, JournalReader]:
    """A reader of the log from its first record on; where that was dropped, the oldest snapshot, and a reader behind.

    Otherwise as open_log().
    """
    paths = list_segments(directory)
    found = None
    if paths and sequence_of(paths[0]) > 1:
        found = _first_of_use(list_snapshots(directory), directory, sizes, tell)
        assert found is None or found[1].sequence + 1 >= sequence_of(paths[0]), "what is behind it is there"
    return found or (None, _from_the_beginning(directory, sizes))


def newest_of_use(directory: Path, sizes: Sizes, until: int) -> int:
    """The sequence of the newest snapshot that open_log() would take among those not behind `until`, 0 without any."""
    assert until >= 0, "records are numbered from 1"
    found = _first_of_use(
        reversed(list_snapshots(directory)),
        directory,
        sizes,
        lambda why: None,
        lambda heading: heading.sequence <= until,
    )
    if found is None:
        return 0
    with found[0] as snapshot:
        assert 0 < snapshot.heading.sequence <= until, "not behind where it may be"
        return snapshot.heading.sequence


def _from_the_beginning(directory: Path, sizes: Sizes) -> JournalReader:
    reader = JournalReader(directory, sizes.shards)
    reader.begin()
    assert reader.sequence == 0, "the log is read from its first record on"
    return reader


def _first_of_use(
    paths: Iterable[Path],
    directory: Path,
    sizes: Sizes,
    tell: Tell,
    fits: Callable[[Heading], bool] = lambda heading: True,
) -> tuple[Snapshot, JournalReader] | None:
    for path in paths:
        try:
            snapshot = Snapshot(path)
        except (SnapshotError, FileNotFoundError) as error:
            tell(f"passing over a snapshot: {error}")
            continue
        try:
            check_use(snapshot.heading, path, sizes)
            if fits(snapshot.heading):
                snapshot.check()
                return snapshot, reader_behind(snapshot, directory)
        except SnapshotError as error:
            tell(f"passing over a snapshot: {error}")
        except BaseException:
            snapshot.close()
            raise
        snapshot.close()
    return None


def reader_behind(snapshot: Snapshot, directory: Path) -> JournalReader:
    """A reader of the log behind a snapshot. Raises SnapshotError when the log is not the snapshot's."""
    heading = snapshot.heading
    reader = JournalReader(directory, heading.sizes.shards, after=heading.sequence)
    try:
        reader.begin()
    except JournalError as error:
        raise SnapshotError(f"{snapshot.path}: the log beside it does not lead there ({error})") from error
    if (reader.venue, reader.chain) != (heading.venue, heading.chain):
        whose = "venue" if reader.venue != heading.venue else "history"
        raise SnapshotError(f"{snapshot.path}: it is of another {whose} than the log beside it")
    assert reader.sequence == heading.sequence, "the log is read from right behind the snapshot on"
    return reader


def check_use(heading: Heading, path: Path, sizes: Sizes) -> None:
    """Raises SnapshotError unless its tables are as large and laid out as those of a venue of these sizes."""
    if heading.layout != layout():
        raise SnapshotError(f"{path}: written by a version of this program with other tables")
    if _of_tables(heading.sizes) != _of_tables(sizes):
        raise SnapshotError(f"{path}: written with other pool sizes than the configuration's")
    assert heading.sizes.shards == sizes.shards, "every shard finds its tables"


def _of_tables(sizes: Sizes) -> Sizes:
    """Without what no snapshot depends on: the rings' sizes, and how many ledgers there are."""
    return msgspec.structs.replace(sizes, rings=0, gateway_ring=0, event_ring=0, ledgers=0)

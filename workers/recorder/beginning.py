"""Where the recording goes on: at the newest place that the history and the log have in common."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from tradsys.assets import Asset
from tradsys.ledger.layout import ASSET, W_ASSETS
from workers.journal import JournalError
from workers.journal.place import read_up_to
from workers.journal.reader import JournalReader
from workers.journal.segments import list_segments, sequence_of
from workers.memory import Sizes
from workers.recorder.copy import BookCopy
from workers.recorder.database import ASIDE, HistoryError
from workers.recorder.history import Checkpoint, History, Place
from workers.recorder.resting import resting_orders
from workers.recorder.rows import Rows
from workers.snapshot.choice import Tell, open_log, open_whole_log
from workers.snapshot.files import Snapshot


def begin(
    history: History, directory: Path, sizes: Sizes, tell: Tell, beat: Callable[[], None] = lambda: None
) -> BookCopy | None:
    """The books at the history's position, which goes back where the log is another one; None while there is no log.

    A history that is new begins with the log, or with the oldest snapshot where the log's beginning was dropped. `tell`
    is told of what is unusual, `beat` called now and then. Raises HistoryError, JournalError, sqlite3.Error, OSError.
    """
    checkpoints = history.checkpoints()
    if not checkpoints:
        return _begin_anew(history, directory, sizes, tell)
    assert all(each.place.sequence <= checkpoints[0].place.sequence for each in checkpoints), "the newest one is first"
    common = next((each for each in checkpoints if _is_of_log(each.place, history.venue, directory, sizes)), None)
    if common is None:
        _check_whole(history, directory, sizes)
        tell(f"{history.path}: the log has nothing of it any more; it begins anew")
        return _begin_anew(history, directory, sizes, tell)
    if common is not checkpoints[0]:
        was = checkpoints[0].place.sequence
        tell(f"{history.path} is of another log from sequence {common.place.sequence + 1} on; it goes back from {was}")
        history.roll_back(common)
    return _copy_at(common, history, directory, sizes, tell, beat)


def _is_of_log(place: Place, venue: str, directory: Path, sizes: Sizes) -> bool:
    """Whether the log on disk leads to this place. Raises JournalError for damage before it."""
    reader = read_up_to(directory, place.sequence, sizes.shards)
    if reader is None:
        return False
    found = (f"{reader.venue:016x}", reader.sequence, reader.chain)
    return found == (venue, place.sequence, place.chain)


def _check_whole(history: History, directory: Path, sizes: Sizes) -> None:
    """Raises HistoryError unless all that the history holds can be had from the log once more."""
    paths = list_segments(directory)
    reader = JournalReader(directory, sizes.shards, after=None)
    reader.begin()
    assert bool(paths) == bool(reader.venue), "where there is a file there is a venue"
    if paths and f"{reader.venue:016x}" != history.venue:
        raise HistoryError(
            f"{history.path} is of another venue ({history.venue}) than the log beside it "
            f"({reader.venue:016x}); {ASIDE}"
        )
    if not paths or sequence_of(paths[0]) > 1 or history.begins:
        place = history.checkpoints()[0].place
        raise HistoryError(
            f"{history.path} ends with sequence {place.sequence}, and the log beside it has no such place, or has lost "
            f"it with its beginning; {ASIDE}"
        )


def _copy_at(
    common: Checkpoint, history: History, directory: Path, sizes: Sizes, tell: Tell, beat: Callable[[], None]
) -> BookCopy:
    place = common.place
    try:
        snapshot, reader = open_log(directory, sizes, tell, lambda heading: heading.sequence <= place.sequence)
    except JournalError as error:
        if not list_segments(directory) or sequence_of(list_segments(directory)[0]) == 1:
            raise
        raise HistoryError(
            f"{history.path} ends with sequence {place.sequence}, and there is no snapshot from before ({error}); "
            f"{ASIDE}"
        ) from error
    with snapshot or nullcontext():
        copy = BookCopy(sizes, directory, snapshot, reader)
    assert copy.sequence <= place.sequence, "from a snapshot before the position one gets there"
    copy.pass_by(place.sequence, beat)
    if copy.place != place:
        raise HistoryError(
            f"{history.path} is at {place}, and the log leads to {copy.place}: another version wrote it, or it is "
            f"damaged; {ASIDE}"
        )
    return copy


def _begin_anew(history: History, directory: Path, sizes: Sizes, tell: Tell) -> BookCopy | None:
    snapshot, reader = open_whole_log(directory, sizes, tell)
    if not reader.venue:
        return None
    with snapshot or nullcontext():
        copy = BookCopy(sizes, directory, snapshot, reader)
        rows = Rows()
        if snapshot is not None:
            _take_in(rows, copy, snapshot)
            tell(f"{history.path} begins with a snapshot, behind sequence {copy.sequence}: the log from before is gone")
        assert rows.is_empty or snapshot is not None, "before the first record there is nothing"
    history.begin(copy.venue, copy.place, rows)
    return copy


def _take_in(rows: Rows, copy: BookCopy, snapshot: Snapshot) -> None:
    """What there is at the snapshot. All transfers so far are in it, of orders only those that rest."""
    sequence, time_ns = snapshot.heading.sequence, snapshot.heading.log_ns
    assert copy.sequence == sequence, "the copy is where the snapshot is"
    rows.take_symbols(copy.symbols[1 : copy.symbol_count + 1])
    rows.take_accounts(copy.accounts[1 : copy.account_count + 1])
    rows.take_postings(copy.postings)
    assets = snapshot.array("ledger.assets", ASSET)
    for number in range(1, int(snapshot.array("ledger.words", np.int64)[W_ASSETS]) + 1):
        rows.take_asset(Asset.from_row(number, assets[number]), sequence)
    for shard in copy.shards:
        rows.orders += resting_orders(shard, sequence, time_ns)

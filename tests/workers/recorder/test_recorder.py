"""The history is what the log says, each record once, whenever the recorder begins, ends or dies."""

from __future__ import annotations

import os
import sqlite3

import pytest

from tests.factories import buy
from tests.workers.mortal import Fuse
from tests.workers.recorder.conftest import Recorded
from workers.journal import frames
from workers.memory import JOURNALED
from workers.recorder.database import HistoryError
from workers.recorder.needed import needed_by_history, progress
from workers.snapshot.housekeeping import clear_segments, prune_snapshots
from workers.snapshot.taking import take_snapshot


class DeadError(Exception):
    """The recorder is gone."""


def test_the_history_is_that_of_the_log(recorded: Recorded) -> None:
    for _ in range(10):
        recorded.trade()
        recorded.record()
        recorded.assert_right()
    assert recorded.told == []


def test_a_recorder_goes_on_where_the_one_before_was(recorded: Recorded) -> None:
    for number in range(6):
        recorded.trade()
        recorded.record()
        recorded.end()
        recorded.assert_right()
        if number % 2:
            take_snapshot(recorded.venue.directory, recorded.venue.sizes, recorded.told.append)
    assert recorded.told == []


def test_whatever_is_cut_short_is_done_once(recorded: Recorded) -> None:
    """It dies before each statement of a transaction once, and right after what makes that count."""
    recorded.trade()
    recorded.record()
    fuse, deaths = Fuse(DeadError), 0
    with fuse.attached():
        for after in range(40):
            recorded.trade(1)
            recorder = recorded.begin()
            fuse.arm(after)
            try:
                while recorder.step(0) or recorder.sequence < recorded.durable():
                    pass
            except DeadError:
                deaths += 1
            fuse.arm(-1)
    assert deaths > 10
    recorded.begin()
    recorded.record()
    recorded.assert_right()


@pytest.mark.parametrize("recorded", ["group"], indirect=True)
def test_a_file_that_a_failed_sync_has_put_in_the_place_of_another_is_followed(recorded: Recorded) -> None:
    """The old one, which the recorder has open, ends with a frame that never counted, and is in others of the new."""
    venue = recorded.venue
    recorded.record()
    journal = venue.worker_with("journal")._journal
    assert journal is not None
    journal.retry_ns = 0
    venue.submit(buy(500, symbol=4))
    venue.sequence()
    frames.write_frame(journal.state)
    venue.submit(buy(500, symbol=4))
    venue.sequence()
    descriptor = os.open("/dev/null", os.O_RDWR)
    os.dup2(descriptor, int(journal.state.words[frames.DESCRIPTOR]))
    os.close(descriptor)
    assert frames.sync_frames(journal.state) == 0
    recorded.trade(2)
    assert recorded.recorder is not None
    assert recorded.recorder.step(0)
    recorded.begin()
    recorded.record()
    recorded.assert_right()
    assert recorded.told == []


def test_nothing_is_recorded_that_is_not_acknowledged(recorded: Recorded) -> None:
    recorded.trade()
    recorded.record()
    acknowledged = recorded.durable()
    records = recorded.venue.records()
    recorded.trade()
    last, recorded.venue.memory.control[JOURNALED] = recorded.durable(), acknowledged
    recorder = recorded.begin()
    for _ in range(5):
        recorder.step(0)
    recorder.write()
    assert progress(recorded.path.parent).position == acknowledged == len(records)
    recorded.venue.memory.control[JOURNALED] = last
    recorded.record()
    recorded.assert_right()


def test_the_clock_alone_is_no_reason_to_write(recorded: Recorded) -> None:
    recorder = recorded.begin()
    recorded.record()
    position = progress(recorded.path.parent).position
    recorded.venue.now_ns += 10_000_000
    recorded.venue.settle()
    assert recorded.durable() > position
    while recorder.step(0):
        pass
    assert progress(recorded.path.parent).position == position
    recorder.step(4_999_999_999)
    assert progress(recorded.path.parent).position == position
    recorder.step(5_000_000_000)
    assert progress(recorded.path.parent).position == recorded.durable()
    recorded.assert_right()


def test_a_history_begins_with_the_oldest_snapshot_where_the_log_has_lost_its_beginning(recorded: Recorded) -> None:
    venue = recorded.venue
    recorded.trade(30)
    whole = venue.records()
    take_snapshot(venue.directory, venue.sizes, recorded.told.append)
    recorded.trade(30)
    records = venue.records()
    assert clear_segments(venue.directory, "drop", venue.directory / "archive")
    assert recorded.told == []
    recorded.record()
    assert f"behind sequence {len(whole)}" in recorded.told[0]
    recorded.assert_right(records)
    recorded.trade(5)
    recorded.begin()
    recorded.record()
    assert len(recorded.told) == 1


def test_what_the_recorder_needs_is_not_cleared_away(recorded: Recorded) -> None:
    venue, home = recorded.venue, recorded.path.parent
    assert needed_by_history(home, True) == needed_by_history(home, False) > 1 << 60
    recorded.trade(30)
    recorded.record()
    for _ in range(5):
        recorded.trade(30)
        take_snapshot(venue.directory, venue.sizes, recorded.told.append)
    records = venue.records()
    needed = needed_by_history(home, True)
    assert needed <= progress(home).position < len(records)
    assert prune_snapshots(venue.directory, len(records), 1, 0, needed) == []
    assert clear_segments(venue.directory, "drop", venue.directory / "archive", needed) == []
    recorded.record()
    recorded.trade(1)
    take_snapshot(venue.directory, venue.sizes, recorded.told.append)
    recorded.record()
    recorded.assert_right()
    assert recorded.told == []


def test_a_history_that_cannot_be_read_needs_everything(recorded: Recorded) -> None:
    recorded.record()
    recorded.end()
    recorded.path.write_bytes(b"x" * 8192)
    assert needed_by_history(recorded.path.parent, True) == 0
    assert needed_by_history(recorded.path.parent, False) > 1 << 60


def test_a_history_that_was_moved_away_is_not_written_to(recorded: Recorded) -> None:
    recorder = recorded.begin()
    recorded.record()
    recorded.path.rename(recorded.path.with_suffix(".old"))
    with pytest.raises(HistoryError, match="was moved away"):
        recorder.step(0)


def test_old_checkpoints_go_and_so_does_what_only_they_need(recorded: Recorded) -> None:
    recorder = recorded.begin()
    recorded.record()
    for _ in range(150):
        recorded.trade(1)
        recorder.step(0)
    recorded.record()
    assert recorded.history is not None
    kept = [each.number for each in recorded.history.checkpoints()]
    assert kept == sorted(kept, reverse=True)
    assert kept[:16] == list(range(kept[0], kept[0] - 16, -1))
    assert len(kept) < 64
    assert kept[0] - kept[-1] > 100
    connection = sqlite3.connect(recorded.path)
    (oldest,) = connection.execute("SELECT MIN(number) FROM orders_before").fetchone()
    connection.close()
    assert oldest > kept[-1]

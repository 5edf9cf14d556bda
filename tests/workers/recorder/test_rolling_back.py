"""Where the log is another one than the history followed, the history goes back to what both have in common."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tests.workers.journals import filled
from tests.workers.recorder.conftest import Recorded
from tests.workers.stepped import SIZES
from workers.journal.segments import list_segments
from workers.recorder.beginning import begin
from workers.recorder.database import HistoryError
from workers.recorder.history import History
from workers.snapshot.housekeeping import clear_segments
from workers.snapshot.taking import take_snapshot


def _back_up(recorded: Recorded, place: Path) -> None:
    shutil.copytree(recorded.venue.directory, place)


def _restore(recorded: Recorded, place: Path) -> None:
    """The venue goes on from a backup, and its rings are new."""
    recorded.venue.close()
    shutil.rmtree(recorded.venue.directory)
    shutil.copytree(place, recorded.venue.directory)
    recorded.restart()


def test_the_history_follows_a_venue_that_goes_on_from_a_backup(recorded: Recorded, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    for number in range(6):
        recorded.trade(3)
        if dice.randrange(2):
            recorded.record()
        backup = tmp_path / f"backup-{number}"
        _back_up(recorded, backup)
        for _ in range(dice.randint(1, 5)):
            recorded.trade(3)
            recorded.record()
        recorded.end()
        _restore(recorded, backup)
        recorded.trade(dice.randint(0, 5))
        recorded.record()
        recorded.assert_right()
    assert any("goes back" in text for text in recorded.told)


def test_a_history_that_is_ahead_of_a_log_without_another_end_goes_back(recorded: Recorded, tmp_path: Path) -> None:
    recorded.trade(3)
    recorded.record()
    _back_up(recorded, tmp_path / "backup")
    recorded.trade(3)
    recorded.record()
    recorded.end()
    recorded.venue.close()
    shutil.rmtree(recorded.venue.directory)
    shutil.copytree(tmp_path / "backup", recorded.venue.directory)
    history = History(recorded.path)
    before = history.checkpoints()[0].place.sequence
    begin(history, recorded.venue.directory, recorded.venue.sizes, recorded.told.append)
    assert history.checkpoints()[0].place.sequence < before
    history.close()
    assert f"it goes back from {before}" in recorded.told[0]


def test_a_history_without_a_checkpoint_that_is_old_enough_begins_anew(recorded: Recorded, tmp_path: Path) -> None:
    """As long as the whole log is there that costs nothing but time."""
    _back_up(recorded, tmp_path / "backup")
    recorder = recorded.begin()
    for _ in range(40):
        recorded.trade(1)
        recorded.record()
    assert recorder.sequence == recorded.durable()
    recorded.end()
    _restore(recorded, tmp_path / "backup")
    recorded.trade(5)
    recorded.record()
    recorded.assert_right()
    assert "begins anew" in recorded.told[0]


def test_the_history_of_another_venue_is_refused(recorded: Recorded, tmp_path: Path) -> None:
    recorded.trade(3)
    recorded.record()
    recorded.end()
    recorded.venue.close()
    shutil.rmtree(recorded.venue.directory)
    recorded.restart()
    recorded.trade(3)
    with pytest.raises(HistoryError, match=r"history\.sqlite3 is of another venue .*; move it aside"):
        recorded.record()
    recorded.end()
    for path in tmp_path.glob("history.sqlite3*"):
        path.rename(path.with_name(f"old-{path.name}"))
    recorded.record()
    recorded.assert_right()


def test_a_history_whose_log_is_gone_is_refused(recorded: Recorded) -> None:
    recorded.trade(3)
    recorded.record()
    recorded.end()
    venue = recorded.venue
    recorded.trade(40)
    take_snapshot(venue.directory, venue.sizes, recorded.told.append)
    assert clear_segments(venue.directory, "drop", venue.directory / "archive")
    with pytest.raises(HistoryError, match="has lost it with its beginning; move it aside"):
        recorded.record()
    assert recorded.told == []


def test_a_history_behind_all_snapshots_is_refused(recorded: Recorded) -> None:
    venue = recorded.venue
    while len(list_segments(venue.directory)) < 3:
        recorded.trade(1)
    recorded.record()
    recorded.end()
    recorded.trade(1)
    take_snapshot(venue.directory, venue.sizes, recorded.told.append)
    list_segments(venue.directory)[0].unlink()
    with pytest.raises(HistoryError, match="there is no snapshot from before"):
        recorded.record()


def test_a_damaged_log_takes_nothing_from_the_history(recorded: Recorded) -> None:
    from workers.journal import JournalError

    recorded.trade(20)
    recorded.record()
    recorded.end()
    path = list_segments(recorded.venue.directory)[0]
    content = path.read_bytes()
    path.write_bytes(content[:4200] + bytes([content[4200] ^ 1]) + content[4201:])
    with pytest.raises(JournalError, match="damaged"):
        recorded.record()
    path.write_bytes(content)
    recorded.begin()
    recorded.record()
    recorded.assert_right()
    assert recorded.told == []


def test_a_venue_that_has_logged_nothing_has_no_history_yet(tmp_path: Path) -> None:
    history = History(tmp_path / "history.sqlite3")
    assert begin(history, tmp_path, SIZES, print) is None
    assert (history.checkpoints(), history.venue, history.begins) == ([], "", 0)
    history.close()


def test_random_records_are_no_log_of_this_program(tmp_path: Path) -> None:
    """What cannot be carried out is told, and nothing of it is written."""
    filled(tmp_path / "journal", 5, 5)
    history = History(tmp_path / "history.sqlite3")
    assert begin(history, tmp_path / "journal", SIZES, print) is not None
    assert history.checkpoints()[0].place.sequence == 0
    history.close()

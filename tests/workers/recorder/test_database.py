"""What is told of a file that cannot be used, and that another one takes its place when it is gone."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Logged
from tests.workers.recorder.conftest import Recorded
from workers.codes import code_of
from workers.memory import READY, RECOVERING, STATE
from workers.recorder.database import VERSION, HistoryError, NoHistoryError, open_to_read, open_to_write
from workers.recorder.recording import Recording

SECOND_NS = 1_000_000_000
LINE = 7
"""Nobody else's."""


def _refused(call: Any, path: Path, match: str) -> None:
    with pytest.raises(HistoryError, match=match) as caught:
        call(path)
    assert code_of(caught.value) == "history_unusable"
    assert str(path) in str(caught.value)


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    for call in (open_to_write, open_to_read):
        _refused(call, path, rf"another version \(format {VERSION + 1}, not {VERSION}\); move it aside")


@pytest.mark.parametrize("content", [b"x" * 10_000, b"SQLite format 3\0" + b"\xff" * 10_000])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "history.sqlite3"
    path.write_bytes(content)
    for call in (open_to_write, open_to_read):
        _refused(call, path, "is damaged .*; move it aside")


def test_where_there_is_none_it_is_said_how_to_have_one(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    with pytest.raises(NoHistoryError, match=r"Set history\.enabled to true") as caught:
        open_to_read(path)
    assert code_of(caught.value) == "no_history"
    assert not path.exists()


def test_what_is_in_it_is_not_for_everybody(recorded: Recorded) -> None:
    recorded.trade()
    recorded.record()
    for file in (recorded.path, recorded.path.with_name(f"{recorded.path.name}-wal")):
        assert file.stat().st_mode & 0o007 == 0


def test_a_reader_changes_nothing(recorded: Recorded) -> None:
    recorded.record()
    connection = open_to_read(recorded.path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM checkpoints")
    connection.close()


@pytest.fixture
def recording(recorded: Recorded) -> Recording:
    venue = recorded.venue
    return Recording(venue.description, venue.memory, venue.memory.line(LINE), lambda: None)


def _run(recording: Recording, now_ns: int) -> None:
    while recording.step(now_ns):
        pass
    while recording.step(now_ns):
        pass


def test_a_damaged_history_is_told_once_and_made_anew_when_it_is_moved_away(
    recorded: Recorded, recording: Recording, logged: Logged
) -> None:
    recorded.trade()
    recorded.path.write_bytes(b"x" * 10_000)
    for second in range(0, 60, 10):
        _run(recording, second * SECOND_NS)
    lines = logged.lines("recorder")
    assert [line["code"] for line in lines] == ["history_unusable"]
    assert str(recorded.path) in lines[0]["why"]
    assert "move it aside" in lines[0]["why"]
    line = recorded.venue.memory.line(LINE)
    assert line[STATE] == RECOVERING
    recorded.path.rename(recorded.path.with_suffix(".damaged"))
    _run(recording, 60 * SECOND_NS)
    assert line[STATE] == READY
    recording.finish()
    recorded.assert_right()
    assert [line["level"] for line in logged.lines("recorder")] == ["error", "info"]


def test_a_full_disk_is_told_once_and_nothing_is_lost(recorded: Recorded, recording: Recording, logged: Logged) -> None:
    recorded.trade()
    _run(recording, 0)
    assert recording._history is not None
    connection = recording._history._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    recorded.trade(40)
    for second in range(10):
        _run(recording, second * SECOND_NS)
        recorded.trade(1)
    lines = logged.lines("recorder")
    assert [line["level"] for line in lines] == ["error"]
    assert "full" in lines[0]["why"]
    connection.execute("PRAGMA max_page_count = 1000000")
    for second in range(10, 13):
        _run(recording, second * SECOND_NS)
    recording.finish()
    recorded.assert_right()


def test_what_no_retry_mends_ends_the_process(recorded: Recorded, recording: Recording) -> None:
    """What is there already is never written twice, and never passed over."""
    recorded.trade()
    _run(recording, 0)
    recording.finish()
    connection = sqlite3.connect(recorded.path)
    connection.execute("DELETE FROM checkpoints WHERE number > 1")
    connection.commit()
    connection.close()
    with pytest.raises(sqlite3.IntegrityError):
        _run(recording, 0)
    recording._let_go()

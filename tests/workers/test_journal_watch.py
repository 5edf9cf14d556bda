"""A write or sync that does not come back is seen from beside. (With a disk that is really stuck: tests/system.)"""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from tests.workers.journals import Desk
from tests.workers.running import until
from workers.journal.frames import SINCE_NS, sync_frames, write_frame
from workers.journal.trouble import STUCK, WRITING, Trouble
from workers.journal.watch import SyncWatch
from workers.memory import HEARTBEAT_NS, JOURNAL_TROUBLE, LINE, SLOW, TROUBLE_SINCE_NS


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "journal", level="group")
    yield desk
    desk.close()


def test_a_frame_that_is_under_way_for_too_long_is_trouble_until_it_is_synced(desk: Desk) -> None:
    line = np.zeros(LINE, np.int64)
    control = desk.memory.control
    desk.log(3)
    with capture_logs() as told:
        watch = SyncWatch(desk.writer, line, 10)
        assert write_frame(desk.writer.state) == 3
        until(lambda: control[JOURNAL_TROUBLE] == SLOW, "the watch to see it")
        beat = int(line[HEARTBEAT_NS])
        assert 0 < beat <= time.monotonic_ns()
        until(lambda: line[HEARTBEAT_NS] > beat, "the worker's heart to go on beating")
        assert sync_frames(desk.writer.state) == 3
        until(lambda: control[JOURNAL_TROUBLE] == 0, "the end of it")
        watch.close()
    assert desk.writer.state.words[SINCE_NS] == 0
    why = "the disk is too slow, or stuck"
    assert [(line["log_level"], line.get("why")) for line in told] == [("error", why), ("warning", None)]


def test_what_is_quick_enough_is_no_trouble(desk: Desk) -> None:
    line = np.zeros(LINE, np.int64)
    watch = SyncWatch(desk.writer, line, 3_600_000)
    desk.log(3)
    write_frame(desk.writer.state)
    until(lambda: line[HEARTBEAT_NS], "the watch to look")
    assert desk.memory.control[JOURNAL_TROUBLE] == 0
    watch.close()


def test_a_worker_whose_journal_does_nothing_beats_by_itself(desk: Desk) -> None:
    line = np.zeros(LINE, np.int64)
    desk.writer.trouble.begin(STUCK, SLOW)
    watch = SyncWatch(desk.writer, line, 10)
    until(lambda: desk.memory.control[JOURNAL_TROUBLE] == 0, "the watch to look")
    watch.close()
    assert line[HEARTBEAT_NS] == 0


def test_of_several_troubles_the_gravest_is_shown_until_all_are_over(desk: Desk) -> None:
    control = desk.memory.control
    trouble = Trouble(desk.memory)
    trouble.begin(STUCK, SLOW)
    since = int(control[TROUBLE_SINCE_NS])
    trouble.begin(WRITING, errno.EIO)
    assert (control[JOURNAL_TROUBLE], control[TROUBLE_SINCE_NS]) == (errno.EIO, since)
    trouble.end(WRITING)
    assert (control[JOURNAL_TROUBLE], control[TROUBLE_SINCE_NS]) == (SLOW, since)
    trouble.end(STUCK)
    assert control[JOURNAL_TROUBLE] == 0

"""The next segment is there before it is needed, and that it cannot be made is known before that matters."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.workers.journals import SEGMENT_BYTES, Desk, segment_files
from tests.workers.running import until
from tests.workers.stepped import journal_records
from workers.journal import segments
from workers.journal.segments import SPARE
from workers.journal.spare import SpareMaker
from workers.memory import JOURNAL_TROUBLE


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "journal", level="group")
    yield desk
    desk.close()


@pytest.fixture
def maker(desk: Desk) -> Iterator[SpareMaker]:
    maker = SpareMaker(desk.directory, SEGMENT_BYTES, desk.writer.trouble)
    yield maker
    maker.close()


def test_a_new_segment_is_the_spare_one_and_another_takes_its_place(desk: Desk, maker: SpareMaker) -> None:
    spare = desk.directory / SPARE
    desk.fill(63)
    for _ in range(3):
        until(spare.exists, "a spare segment")
        assert spare.read_bytes() == bytes(SEGMENT_BYTES)
        made = spare.stat().st_ino
        desk.fill(63)
        assert segment_files(desk.directory)[-1].stat().st_ino == made
    assert journal_records(desk.directory).tobytes() == desk.written.tobytes()


def test_while_there_is_no_spare_segment_the_journal_goes_on_and_orders_wait(desk: Desk) -> None:
    obstacle = (desk.directory / SPARE).with_suffix(".new")
    obstacle.mkdir()
    with capture_logs() as told:
        maker = SpareMaker(desk.directory, SEGMENT_BYTES, desk.writer.trouble)
        until(lambda: desk.memory.control[JOURNAL_TROUBLE] == errno.EISDIR, "the trouble")
        desk.fill(63, 63, 5)
        assert desk.memory.control[JOURNAL_TROUBLE] == errno.EISDIR
        obstacle.rmdir()
        until(lambda: desk.memory.control[JOURNAL_TROUBLE] == 0, "the end of it")
        maker.close()
    assert [line["log_level"] for line in told] == ["error", "warning"]
    assert journal_records(desk.directory).tobytes() == desk.written.tobytes()


def test_a_spare_segment_of_an_earlier_run_is_not_taken(desk: Desk, maker: SpareMaker) -> None:
    spare = desk.directory / SPARE
    until(spare.exists, "a spare segment")
    maker.close()
    other = Desk(desk.directory, segment_bytes=2 * SEGMENT_BYTES)
    assert not spare.exists()
    other.close()


@pytest.mark.parametrize(("owner", "name"), [(segments, "sync_directory"), (Path, "exists")])
def test_the_trouble_ends_whatever_has_failed_of_making_a_spare_segment(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, owner: object, name: str
) -> None:
    """Also where the file is there by then, or cannot even be looked for."""

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(owner, name, fail)
    maker = SpareMaker(desk.directory, SEGMENT_BYTES, desk.writer.trouble)
    until(lambda: desk.memory.control[JOURNAL_TROUBLE] == errno.EIO, "the trouble", 5)
    monkeypatch.undo()
    until(lambda: desk.memory.control[JOURNAL_TROUBLE] == 0, "the end of it", 5)
    assert (desk.directory / SPARE).exists()
    maker.close()

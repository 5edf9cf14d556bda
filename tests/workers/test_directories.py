"""Directories whose names are safe before anything that matters stands in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.workers.journals import filled, segment_files
from tests.workers.stepped import SteppedVenue, compact
from workers import venue as venues
from workers.backup.making import back_up
from workers.backup.restoring import restore
from workers.directories import make_directory
from workers.lock import DirectoryLock
from workers.snapshot.files import snapshot_path
from workers.snapshot.housekeeping import clear_segments


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> dict[Path, set[str]]:
    """What stood in each directory when it was synced last."""
    seen: dict[Path, set[str]] = {}
    genuine = os.fsync

    def sync(descriptor: int) -> None:
        genuine(descriptor)
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        if path.is_dir():
            seen[path] = set(os.listdir(path))

    monkeypatch.setattr(os, "fsync", sync)
    return seen


def assert_safe(path: Path, above: Path, synced: dict[Path, set[str]]) -> None:
    """Every name on the way from a directory that was there before."""
    while path != above:
        assert path.name in synced.get(path.parent, set()), f"{path} was not synced where its name stands"
        path = path.parent


def test_every_directory_that_is_made_is_safe(tmp_path: Path, synced: dict[Path, set[str]]) -> None:
    make_directory(tmp_path / "a" / "b" / "c")
    assert_safe(tmp_path / "a" / "b" / "c", tmp_path, synced)
    synced.clear()
    make_directory(tmp_path / "a" / "b")
    assert not synced, "what is there is left alone"
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="exists"):
        make_directory(tmp_path / "file")


def test_a_venues_directory_is_safe_before_it_is_used(tmp_path: Path, synced: dict[Path, set[str]]) -> None:
    directory = tmp_path / "venues" / "one"
    DirectoryLock(directory).release()
    assert_safe(directory, tmp_path, synced)


def test_an_archive_is_safe_before_a_segment_is_only_there(tmp_path: Path, synced: dict[Path, set[str]]) -> None:
    directory, archive = tmp_path / "journal", tmp_path / "far" / "archive"
    filled(directory, *[20] * 12)
    second = segment_files(directory)[1]
    snapshot_path(directory, int(second.stem) - 1).touch()
    (gone,) = clear_segments(directory, "archive", archive)
    assert_safe(archive / gone.name, tmp_path, synced)


def test_a_backup_and_what_is_restored_from_it_are_safe(tmp_path: Path, synced: dict[Path, set[str]]) -> None:
    stepped = SteppedVenue(tmp_path / "venue", compact(), segment_bytes=1 << 16)
    stepped.define()
    stepped.close()
    venues.write(stepped.description)
    backup, restored = tmp_path / "backups" / "monday", tmp_path / "other" / "venue"
    back_up(tmp_path / "venue", backup, pytest.fail, lambda text: None)
    assert_safe(backup, tmp_path, synced)
    assert "journal" in synced[backup.with_name("monday.partial")], "that was its name until it was whole"
    restore(backup, restored, lambda text: None)
    assert_safe(restored / "journal", tmp_path, synced)

"""The way back: a venue's data directory made from a backup."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from workers.backup.making import check_journal
from workers.backup.manifest import BESIDE, JOURNAL, BackupError, Manifest, check_files, read_manifest
from workers.files import copy_file
from workers.journal.segments import sync_directory
from workers.lock import DirectoryLock

_UNFINISHED = "journal.restoring"


def restore(backup: Path, data_directory: Path, progress: Callable[[str], None]) -> Manifest:
    """Make a data directory in which a venue goes on from a backup; gives what is in it.

    All of the backup is checked before anything is made. `progress` is told each file. The journal has another name
    until it is whole, and after an error everything is as before. Raises BackupError, DirectoryInUseError.
    """
    manifest = read_manifest(backup)
    journal, partial = data_directory / JOURNAL, data_directory / _UNFINISHED
    try:
        _check_free(journal)
        check_files(backup, manifest, lambda name: progress(f"checking {name}"))
        lock = DirectoryLock(data_directory)
        try:
            _check_free(journal)
            shutil.rmtree(partial, ignore_errors=True)
            _copy(backup, manifest, partial, progress)
            progress("checking the journal")
            check_journal(partial, manifest)
            _put_in_place(partial, data_directory, [file.name for file in manifest.files if file.name in BESIDE])
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        finally:
            lock.release()
    except OSError as error:
        raise BackupError(f"nothing was restored: {error}") from error
    return manifest


def _check_free(journal: Path) -> None:
    if journal.exists() and any(journal.iterdir()):
        raise BackupError(f"there is a journal in {journal.parent} already: name another directory, or move it away")


def _copy(backup: Path, manifest: Manifest, partial: Path, progress: Callable[[str], None]) -> None:
    partial.mkdir()
    for file in manifest.files:
        progress(f"copying {file.name}")
        name = Path(file.name).name
        if copy_file(backup / file.name, partial / name) != (file.bytes, file.sha256):
            raise BackupError(f"{backup / file.name} has changed meanwhile")
    sync_directory(partial)


def _put_in_place(partial: Path, data_directory: Path, names: list[str]) -> None:
    """Move the files of these names to where they belong, and then the journal. Raises OSError: then all is undone."""
    assert set(names) <= set(BESIDE), "what stands beside a journal"
    assert partial.parent == data_directory, "what is moved stays on one disk"
    journal = data_directory / JOURNAL
    replaced = TemporaryDirectory(prefix=f"{_UNFINISHED}-", dir=data_directory, ignore_cleanup_errors=True)
    with replaced as aside, ExitStack() as undo:
        for name in names:
            target, before = data_directory / name, Path(aside) / name
            if target.exists():
                os.link(target, before, follow_symlinks=False)
                (partial / name).rename(target)
                undo.callback(before.rename, target)
            else:
                (partial / name).rename(target)
                undo.callback(target.unlink)
        partial.rename(journal)
        undo.callback(journal.rename, partial)
        sync_directory(data_directory)
        undo.pop_all()

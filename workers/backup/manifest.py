"""What a backup says about itself: each of its files with size and SHA-256, and how far the log in it goes.

A backup is laid out as a venue's data directory is, so that all that reads one reads a backup too. The manifest is
written last: a directory without it is no backup.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from tradsys.errors import InfrastructureError, OperatingError
from workers import trading_hours
from workers.administration import access, calendar_file, trail

FORMAT = 1
JOURNAL = "journal"
VENUE = "last-venue.json"
BESIDE = (VENUE, access.FILE, calendar_file.FILE, trail.FILE, trading_hours.FILE)
"""What a data directory has beside its journal: also keys, calendars and what they have sent, the trail."""
_FILE = "backup.json"
_NAME = re.compile(rf"{JOURNAL}/\d{{20}}\.(journal|snapshot)|{'|'.join(map(re.escape, BESIDE))}")


class BackupError(OperatingError, InfrastructureError):
    """A backup cannot be made or used; the message says why."""

    CODE = "backup_failed"


class CopiedFile(msgspec.Struct, frozen=True):
    """One file; `name` from the backup's directory on."""

    name: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """`first` to `last` are the log sequences in it; `last` was durable when it was made."""

    format: int
    venue: str
    """The venue's id, as its journal names it."""
    created_ns: int
    first: int
    last: int
    files: list[CopiedFile]

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(file.bytes for file in self.files)


class _Sealed(msgspec.Struct, frozen=True):
    manifest: Manifest
    sha256: str


def _seal(manifest: Manifest) -> str:
    return hashlib.sha256(msgspec.json.encode(manifest)).hexdigest()


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Make a directory a backup, for good. Raises OSError."""
    assert 1 <= manifest.first <= manifest.last + 1, "sequences from the first to the last"
    assert manifest.format == FORMAT, "the format that is read"
    assert all(_NAME.fullmatch(file.name) for file in manifest.files), "files that belong in a backup"
    text = msgspec.json.format(msgspec.json.encode(_Sealed(manifest, _seal(manifest))), indent=2)
    with (directory / _FILE).open("wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def read_manifest(directory: Path) -> Manifest:
    """What a backup says about itself. Raises BackupError, OSError."""
    path = directory / _FILE
    try:
        sealed = msgspec.json.decode(path.read_bytes(), type=_Sealed)
    except (FileNotFoundError, NotADirectoryError):
        raise BackupError(f"{directory} is no backup: there is no {_FILE} in it") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BackupError(f"{path}: damaged ({error}); use another backup") from error
    manifest = sealed.manifest
    if sealed.sha256 != _seal(manifest):
        raise BackupError(f"{path}: damaged (its checksum is wrong); use another backup")
    if manifest.format != FORMAT:
        raise BackupError(f"{path}: backup format {manifest.format}, this program reads {FORMAT}")
    for file in manifest.files:
        if not _NAME.fullmatch(file.name):
            raise BackupError(f"{path}: names a file that belongs in no backup: {file.name!r}")
    return manifest


def check_files(directory: Path, manifest: Manifest, progress: Callable[[str], None]) -> None:
    """Read every file and hold it against the manifest; `progress` is told each name. Raises BackupError, OSError."""
    assert manifest.format == FORMAT, "what this program reads"
    assert all(_NAME.fullmatch(file.name) for file in manifest.files), "what read_manifest() lets pass"
    for file in manifest.files:
        progress(file.name)
        path = directory / file.name
        try:
            size, found = path.stat().st_size, hash_of(path)
        except FileNotFoundError:
            raise BackupError(f"{path}: missing; use another backup") from None
        if size != file.bytes:
            raise BackupError(f"{path}: {size} bytes instead of {file.bytes}; use another backup")
        if found != file.sha256:
            raise BackupError(f"{path}: damaged (its SHA-256 is another one); use another backup")


def hash_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits. Raises OSError."""
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

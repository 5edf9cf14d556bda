"""What an operator does about a journal: a copy of its files, and what the message of a refusal asks for."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from workers.journal import JournalError
from workers.journal.segments import list_segments


class Complaint(NamedTuple):
    """What a refusal says: the file, and where in it, None where the whole file is meant."""

    path: Path
    offset: int | None
    sequence: int | None


def complaint_of(error: JournalError) -> Complaint:
    """What the message names. Raises AssertionError when it does not say how it can be helped."""
    told = re.match(r"(\S+\.journal): (?:at offset (\d+), sequence (\d+): )?", str(error))
    assert told, f"the message does not begin with the file: {error}"
    assert re.search(r"restore|move|set |use ", str(error)), f"the message does not say what can be done: {error}"
    return Complaint(Path(told[1]), *(None if number is None else int(number) for number in told.groups()[1:]))


def cut(directory: Path, error: JournalError) -> None:
    """Cut the log off where it is said to be damaged: what stands behind that is lost."""
    told, offset, _ = complaint_of(error)
    path = directory / told.name
    for later in list_segments(directory):
        if later.name > path.name:
            later.unlink()
    if offset is None:
        path.unlink()
        return
    size = path.stat().st_size
    os.truncate(path, offset)
    os.truncate(path, size)


def back_up(directory: Path) -> dict[Path, bytes]:
    """The files of a journal that nobody writes."""
    return {path: path.read_bytes() for path in sorted(directory.iterdir())}


def restore(directory: Path, backup: dict[Path, bytes]) -> None:
    """The journal becomes what it was."""
    for path in list(directory.iterdir()):
        path.unlink()
    for path, content in backup.items():
        path.write_bytes(content)

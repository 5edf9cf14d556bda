"""What an operator does about a journal that is refused, going by what the message says."""

from __future__ import annotations

import os
import re
from pathlib import Path

from workers.journal import JournalError
from workers.journal.segments import list_segments


def repair(directory: Path, error: JournalError) -> None:
    """Cut the log off where it is said to be damaged: what stands behind that is lost."""
    told = re.match(r"(\S+\.journal): (?:at offset (\d+), sequence \d+:)?", str(error))
    assert told, f"the message does not begin with the file: {error}"
    path = Path(told[1])
    assert path.parent == directory
    for later in [each for each in list_segments(directory) if each.name > path.name]:
        later.unlink()
    if told[2] is None:
        path.unlink()
        return
    offset, size = int(told[2]), path.stat().st_size
    os.truncate(path, offset)
    os.truncate(path, size)

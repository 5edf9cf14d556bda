"""Where people on the host let others in: the file of keys and users, with the trail of what was changed in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from tradsys.configuration.money import Role
from tradsys.errors import ValidationError
from workers.administration import trail
from workers.administration.access import Access, AccessFile, Change
from workers.administration.desk import person_on_the_host
from workers.administration.trail import Act
from workers.lock import UnusableDirectoryError


class AccessOffice:
    """Of the venue in a data directory, which may run or rest."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file = AccessFile(directory)

    def read(self) -> Access:
        """Who may come in now. Raises AccessError."""
        return self._file.read()

    def change(self, act: str, target: str, change: Change, before: Any = None, after: Any = None) -> None:
        """Change it, and write that to the trail. Raises AccessError, UnusableDirectoryError, TrailDamagedError."""
        try:
            self._file.change(change)
            made = Act(by=person_on_the_host(), act=act, target=target, before=before, after=after)
            trail.append(self._directory, made)
        except OSError as problem:
            raise UnusableDirectoryError(self._directory, problem) from problem


def checked_roles(names: list[str]) -> list[Role]:
    """Roles by their names. Raises ValidationError."""
    known: tuple[Role, ...] = get_args(Role)
    strange = [name for name in names if name not in known]
    if strange:
        raise ValidationError("invalid_field", f"there is no role {strange[0]!r}: {', '.join(known)}", field="roles")
    return [role for role in known if role in names]

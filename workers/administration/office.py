"""Where people on the host change the files of keys and calendars, with the trail of what was changed."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from tradsys.configuration.money import Role
from tradsys.errors import ValidationError, error
from workers.administration import trail
from workers.administration.access import AccessFile
from workers.administration.calendar_file import CalendarFile
from workers.administration.kept import Content, KeptFile
from workers.administration.known import account_names
from workers.administration.person import person_on_the_host
from workers.administration.trail import Act
from workers.lock import UnusableDirectoryError


class Office:
    """Of the venue in a data directory, which may run or rest."""

    def __init__(self, directory: Path) -> None:
        self.access = AccessFile(directory)
        self.calendars = CalendarFile(directory)
        self._directory = directory

    def change(
        self,
        file: KeptFile[Content],
        act: str,
        target: str,
        change: Callable[[Content], Content],
        view: Callable[[Content], Any],
    ) -> None:
        """Change one of the files, and write to the trail what `view` gives of it before and after.

        Raises what `change` raises, and AccessError, CalendarsError, UnusableDirectoryError, TrailDamagedError.
        """
        assert file.path.parent == self._directory, "a file of this venue"
        try:
            before, after = file.change(change)
            made = Act(by=person_on_the_host(), act=act, target=target, before=view(before), after=view(after))
            trail.append(self._directory, made)
        except OSError as problem:
            raise UnusableDirectoryError(self._directory, problem) from problem

    def check_accounts(self, names: list[str]) -> None:
        """Raises BusinessRuleError for one that the venue has not opened, and as account_names() does."""
        known = account_names(self._directory)
        for name in names:
            if name not in known:
                close = get_close_matches(name, known, 1)
                hint = f"did you mean {close[0]!r}?" if close else f"tradsys account open {name} opens it"
                raise error("unknown_account", f"there is no account {name!r}; {hint}", field="account")


def checked_roles(names: list[str]) -> list[Role]:
    """Roles by their names. Raises ValidationError."""
    known: tuple[Role, ...] = get_args(Role)
    strange = [name for name in names if name not in known]
    if strange:
        raise ValidationError("invalid_field", f"there is no role {strange[0]!r}: {', '.join(known)}", field="roles")
    found = [role for role in known if role in names]
    assert len(found) == len(set(names)), "every role that is named, once"
    return found

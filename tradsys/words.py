"""Members of enumerations as people write them: AccountStatus.CANCEL_ONLY is cancel-only."""

from __future__ import annotations

from enum import Enum


def word(member: Enum) -> str:
    """The word for a member."""
    return member.name.lower().replace("_", "-")

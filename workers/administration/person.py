"""Who it is that uses a command on the host, for the trail."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from workers.administration.trail import Actor

_LOGIN = Path("/proc/self/loginuid")
_NOBODY = (1 << 32) - 1
"""Of a process that no login led to: a container's, say."""


def person_on_the_host() -> Actor:
    """The user of this process, and who that is behind it: who has logged in, or else has called sudo.

    The kernel keeps the login through sudo and su, and when a command goes on as the venue's user.
    """
    name = _name(os.getuid())
    behind = _logged_in() or os.environ.get("SUDO_USER")
    return Actor(host_user=f"{name} ({behind})" if behind and behind != name else name)


def _logged_in() -> str | None:
    try:
        user = int(_LOGIN.read_text())
    except (OSError, ValueError):  # a kernel without auditing
        return None
    return _name(user) if 0 <= user < _NOBODY else None


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)

"""Where the service of this host has its venue: the venue says so in the service's runtime directory.

So a command finds it of which nobody said which venue is meant.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

CACHE_VARIABLE = "TRADSYS_CACHE_DIR"
_DIRECTORY_VARIABLE = "RUNTIME_DIRECTORY"
_FILE = "venue.json"
PLACE = Path("/run/tradsys") / _FILE
"""In RuntimeDirectory= of tradsys.service."""
_READABLE = 0o644
_BYTES_MAX = 65_536


class _Told(msgspec.Struct):
    data_directory: str
    cache_directory: str


class Whereabouts(NamedTuple):
    """A venue's data directory, where its kernels are ("": where they are by default), and whose it is."""

    data_directory: Path
    cache_directory: str
    user: int
    group: int

    @property
    def user_name(self) -> str:
        """The user's name, or the number where it has none."""
        try:
            return pwd.getpwuid(self.user).pw_name
        except KeyError:
            return str(self.user)


def tell(data_directory: Path, environ: Mapping[str, str]) -> None:
    """Say where the venue is, if this is a service with a runtime directory. Raises OSError."""
    runtime = environ.get(_DIRECTORY_VARIABLE, "").partition(":")[0]
    if not runtime:
        return
    assert data_directory.is_absolute(), "who reads it is somewhere else"
    told = _Told(str(data_directory), environ.get(CACHE_VARIABLE, ""))
    temporary = Path(runtime) / f"{_FILE}.new"
    temporary.write_bytes(msgspec.json.encode(told))
    temporary.chmod(_READABLE)
    temporary.rename(Path(runtime) / _FILE)


def find(place: Path) -> Whereabouts | None:
    """What a service has told in this file; None when none has."""
    try:
        # Whose the file is says whose word it is, so it must not be a link to somebody else's.
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        try:
            told = msgspec.json.decode(file.read(_BYTES_MAX) if stat.S_ISREG(status.st_mode) else b"", type=_Told)
        except msgspec.DecodeError:
            return None
    return Whereabouts(Path(told.data_directory), told.cache_directory, status.st_uid, status.st_gid)


def act_for(venue: Whereabouts) -> bool:
    """Have this process use the venue's kernels, as its user; False when it is neither that user's nor root's.

    Kernels are code that this user could have changed, and what root leaves in the data directory no venue can read.
    """
    if os.geteuid() == 0 and venue.user != 0:
        os.setgroups([])
        os.setresgid(venue.group, venue.group, venue.group)
        os.setresuid(venue.user, venue.user, venue.user)
    if os.geteuid() != venue.user:
        return False
    if venue.cache_directory:
        os.environ.setdefault(CACHE_VARIABLE, venue.cache_directory)
    return True

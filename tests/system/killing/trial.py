"""A venue and its clients for the time of a test; whatever happens, nothing of them is left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.system.killing.crowd import Crowd
from tests.system.killing.market import settings
from tests.system.killing.mortal import MortalVenue


@contextmanager
def trial(home: Path, seed: int, *, heartbeat: float = 10.0, **options: Any) -> Iterator[tuple[MortalVenue, Crowd]]:
    """Start a venue of settings(**options) in `home`, and clients who trade from now on."""
    home.mkdir()
    venue = MortalVenue(home, settings(**options), heartbeat)
    try:
        venue.start()
        crowd = Crowd(venue.directory, home / "notes", seed)
        try:
            yield venue, crowd
        finally:
            crowd.close()
    finally:
        venue.close()

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from shm.arena import Arena, sizeof
from shm.segment import Segment
from tests.stress.processes import processes as processes


@pytest.fixture
def make_segment(venue_name: str) -> Iterator[Callable[[str, Callable[[Arena], object]], Segment]]:
    """Makes a segment just large enough for a layout; all are gone after the test."""
    with ExitStack() as cleanup:

        def make(part: str, layout: Callable[[Arena], object]) -> Segment:
            segment = Segment.create(f"/tradsys-{venue_name}-{part}", sizeof(layout), "test")
            cleanup.callback(segment.unlink)
            cleanup.callback(segment.close)
            return segment

        yield make

from __future__ import annotations

import pytest

from tests.reference.desk import Desk


@pytest.fixture
def desk() -> Desk:
    """A reference venue with symbol 1 (ticks 1 to 1,000, reference 500) in continuous trading."""
    return Desk()

from __future__ import annotations

import os
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of recorded data: $TRADSYS_DATA, or shared/data beside the repository."""
    folder = Path(os.environ.get("TRADSYS_DATA", _REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"recorded data is not here: no folder {folder} (set TRADSYS_DATA)")
    return folder

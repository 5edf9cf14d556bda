"""Where recorded and reference order flow lies: beside the checkout, never inside it."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "TRADSYS_DATA"
"""The environment variable that names the folder with `sse/` and `flow/`."""

_ROOT = Path(__file__).resolve().parent.parent


def find(relative: str) -> Path | None:
    """The path of a data file such as "flow/normal_seed23.bin.xz"; None where it is absent."""
    named = os.environ.get(VARIABLE)
    folders = [Path(named)] if named else [_ROOT.parent / "shared" / "data", Path.cwd().parent / "shared" / "data"]
    return next((folder / relative for folder in folders if (folder / relative).exists()), None)

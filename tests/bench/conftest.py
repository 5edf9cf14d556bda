from __future__ import annotations

from tests.recorded.conftest import data as data

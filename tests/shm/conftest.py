from __future__ import annotations

from tests.stress.processes import processes as processes

"""The public benchmark's flow through the production kernel: the published reports, byte for byte."""

from __future__ import annotations

import numpy as np
import pytest

from bench import flows
from bench.data import VARIABLE, find
from bench.kernel import prepare
from shm.jit import JIT_DISABLED
from tests.book.harness import Bench, chained
from tradsys.book.audit import audit
from tradsys.records import EventKind


@pytest.mark.skipif(JIT_DISABLED, reason="two million messages are too many for pure Python")
def test_the_public_workload_gives_the_published_reports() -> None:
    path = find(flows.NORMAL_SEED23_FILE)
    if path is None:
        pytest.skip(f"the public workload is not here: {flows.NORMAL_SEED23_FILE} (set {VARIABLE})")
    messages = flows.read_flow(path)
    workload = prepare("public", messages)
    bench = Bench(workload.size, ring=1 << 16)
    # The log's first place is unused, its first record defines the symbol.
    parts = [bench.carry_out(part) for part in np.array_split(workload.log[1:], 20)]
    audit(bench.shard)
    events = chained(parts)
    assert np.count_nonzero(events["kind"] == EventKind.TRADE) == flows.NORMAL_SEED23_TRADES
    reports = flows.reports_of(messages, events[1:], first_sequence=2)
    assert len(reports) == flows.NORMAL_SEED23_REPORTS
    assert flows.canonical_sha256(reports) == flows.NORMAL_SEED23_SHA256

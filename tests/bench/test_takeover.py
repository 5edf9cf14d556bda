"""The benchmark of takeovers: workers die, standbys go on, and every order is answered once."""

from __future__ import annotations

import pytest
from rich.console import Console

from bench import takeover
from shm.jit import JIT_DISABLED

pytestmark = [
    pytest.mark.skipif(JIT_DISABLED, reason="benchmarks need compiled kernels"),
    pytest.mark.timeout(900),
]


def test_every_kill_is_measured_in_every_venue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeover, "_PERIOD_SECONDS", 0.0)
    answered = []
    finish = takeover.Traffic.finish

    def note(traffic: takeover.Traffic) -> None:
        finish(traffic)
        answered.append((traffic.sent, traffic.answered))

    monkeypatch.setattr(takeover.Traffic, "finish", note)
    result = takeover.run(Console(quiet=True), takeover.Settings(kills=3, rate=500, levels=("memory", "group")))
    venues = [(topology, level) for topology in ("compact", "sharded") for level in ("memory", "group")]
    assert [(venue["topology"], venue["level"]) for venue in result["venues"]] == venues
    for moments in (venue["moments"] for venue in result["venues"]):
        assert list(moments) == list(takeover.MOMENTS)
        for one in moments.values():
            assert 0 < one["p50_ms"] <= one["p99_ms"] <= one["max_ms"]
        assert moments["gone"]["p50_ms"] <= moments["named"]["p50_ms"] <= moments["ready"]["p50_ms"]
    assert len(answered) == 4
    assert all(sent == told > 500 for sent, told in answered)
    assert result["market"]
    assert result["goal_ms"] == takeover.GOAL_MS == 50.0

"""The benchmark of takeovers: engines die, standbys go on, and every order is answered once."""

from __future__ import annotations

import pytest
from rich.console import Console

from bench import takeover
from shm.jit import JIT_DISABLED

pytestmark = [
    pytest.mark.skipif(JIT_DISABLED, reason="benchmarks need compiled kernels"),
    pytest.mark.timeout(900),
]


def test_every_kill_is_measured_at_every_level(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeover, "_PERIOD_SECONDS", 0.0)
    answered = []
    finish = takeover.Traffic.finish

    def note(traffic: takeover.Traffic) -> None:
        finish(traffic)
        answered.append((traffic.sent, traffic.answered))

    monkeypatch.setattr(takeover.Traffic, "finish", note)
    result = takeover.run(Console(quiet=True), takeover.Settings(kills=2, rate=500))
    assert list(result["levels"]) == ["memory", "group"]
    for moments in result["levels"].values():
        assert list(moments) == list(takeover.MOMENTS)
        for one in moments.values():
            assert 0 < one["p50_ms"] <= one["p99_ms"] <= one["max_ms"]
        assert moments["gone"]["p50_ms"] <= moments["named"]["p50_ms"] <= moments["ready"]["p50_ms"]
    assert len(answered) == 2
    assert all(sent == told > 500 for sent, told in answered)
    assert result["topology"]
    assert result["goal_ms"] == takeover.GOAL_MS == 50.0

"""The document of reliability: its tables are what the results say, and nothing else of it is touched."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import reliability
from bench.common import machine
from bench.reliability_tables import BEGIN, END, PARTS, MarkersMissingError, replace_figures

TEXT = f"# Title\n\nBefore.\n\n{BEGIN}\nold figures\n{END}\n\nAfter.\n"
SIMULATION: dict[str, Any] = {
    "first": 7,
    "seeds": 10_000,
    "found": [],
    "counts": {"crashes of all": 1234},
    "canaries": {"EarlyAcknowledgement": 3, "SyncLeftOut": None},
}
SPREAD = {"p50_ms": 20.25, "p99_ms": 48.0, "max_ms": 51.0}
TAKEOVER = {
    "venues": [{"topology": "sharded", "level": "group", "moments": {"ready": SPREAD}}],
    "kills": 20,
    "goal_ms": 50.0,
    "market": "settled",
}


def kept(result: dict[str, Any], *, passed: bool = True) -> dict[str, Any]:
    return {"began": "2026-01-02 03:04", "seconds": 3723, "machine": machine(), "passed": passed, "result": result}


def test_what_was_not_run_is_said_and_the_text_around_stays() -> None:
    text = replace_figures(TEXT, {})
    assert text.startswith(f"# Title\n\nBefore.\n\n{BEGIN}\n")
    assert text.endswith(f"\n{END}\n\nAfter.\n")
    assert "old figures" not in text
    assert text.count("Not run.") == len(PARTS) == 5
    assert replace_figures(text, {}) == text


def test_figures_are_those_of_the_results() -> None:
    text = replace_figures(TEXT, {"simulation": kept(SIMULATION), "takeover": kept(TAKEOVER)})
    assert text.count("Not run.") == 3
    assert "10,000 seeds from 7 on; none found anything." in text
    assert "| crashes of all | 1,234 |" in text
    assert "| EarlyAcknowledgement | 3 |" in text
    assert "| SyncLeftOut | not found |" in text
    assert "| sharded | group | ready | 20.2 | 48.0 | 51.0 |" in text
    assert "2026-01-02 03:04 UTC, 1 h 2 min" in text


def test_a_failure_is_not_shown_as_a_success() -> None:
    failed = {"simulation": kept(SIMULATION | {"found": [11, 12]}, passed=False), "kills": kept({}, passed=False)}
    text = replace_figures(TEXT, failed)
    assert text.count("**Failed**") == 2
    assert "2 of them found something: 11, 12." in text


def test_a_document_without_its_marks_is_refused() -> None:
    with pytest.raises(MarkersMissingError):
        replace_figures("# Title\n", {})


def test_the_document_has_its_marks() -> None:
    assert replace_figures(reliability.DOCUMENT.read_text(), {})


def test_a_part_that_was_run_is_kept_and_shown(tmp_path: Path, seed: int) -> None:
    amount = reliability.Amount(seeds=3, kills=0, first_seed=seed)
    document = tmp_path / "reliability.md"
    document.write_text(TEXT)
    outcome = reliability.simulation(amount, tmp_path, canaries=False)
    assert outcome.passed
    assert outcome.result["seeds"] == 3
    assert outcome.result["first"] == seed
    assert outcome.result["found"] == []
    assert outcome.result["counts"]["records"] > 0
    (tmp_path / "simulation.json").write_text(json.dumps(kept(outcome.result)))
    reliability.write_document(tmp_path, document)
    assert f"3 seeds from {seed} on; none found anything." in document.read_text()


def test_what_a_part_came_to_is_kept_also_when_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(reliability.RUN, "journal", lambda amount, directory: reliability.Outcome(False, {}))
    assert not reliability.run_part("journal", reliability.Amount(1, 1, 1), tmp_path / "results")
    told = json.loads((tmp_path / "results" / "journal.json").read_text())
    assert (told["passed"], told["result"]) == (False, {})
    assert {"began", "seconds", "machine"} <= told.keys()


def test_a_benchmark_that_ends_with_an_error_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert reliability.RUN["recovery"](reliability.Amount(1, 1, 1), Path()) == (False, {})


def test_tables_alone_are_written_without_running_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "reliability.md"
    document.write_text(TEXT)
    (tmp_path / "takeover.json").write_text(json.dumps(kept(TAKEOVER)))
    monkeypatch.setattr(reliability, "DOCUMENT", document)
    monkeypatch.setattr(sys, "argv", ["bench.reliability", "--from", str(tmp_path)])
    assert reliability.main() == 0
    assert "| sharded | group | ready |" in document.read_text()
    monkeypatch.setattr(sys, "argv", ["bench.reliability", "nonsense"])
    with pytest.raises(SystemExit):
        reliability.main()
    assert "no such part: nonsense" in capsys.readouterr().err

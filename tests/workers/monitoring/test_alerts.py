"""Alert rules and the dashboard: that all they name exists, and that each alert comes where it must."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.workers.monitoring.test_exposition import exposition
from tradsys.configuration import sources
from tradsys.configuration.monitoring import Monitoring

HERE = Path(__file__).parent
CASES = ("alerts_test.yaml", "alerts_at_once_test.yaml")
FILES = sources.directory() / "monitoring"
PROMISES = {
    "TradsysSlow": "> 150e-6",
    "TradsysThroughputLow": "< 75000",
    "TradsysErrors": "> 0.001",
    "TradsysFailedTrades": "> 0.0001",
    "TradsysMemoryShort": "> 90",
    "TradsysCpuBusy": "> 95",
    "TradsysDiskFull": "> 85",
}


def rules() -> list[dict[str, Any]]:
    """All alert rules."""
    groups = yaml.safe_load((FILES / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> Any:
    """The dashboard."""
    return json.loads((FILES / "dashboard.json").read_text(encoding="utf-8"))


def targets() -> list[str]:
    """Every expression of the dashboard."""
    return [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", [])]


def queries() -> list[str]:
    """Every expression that anything here asks Prometheus."""
    return [rule["expr"] for rule in rules()] + targets()


def test_every_metric_label_and_value_that_is_named_exists(tmp_path: Path) -> None:
    told: dict[str, dict[str, set[str]]] = {"up": {"job": {"tradsys"}}}
    for family in text_string_to_metric_families(exposition(tmp_path)):
        for name in {family.name, *(sample.name for sample in family.samples)}:
            told.setdefault(name, {})
        for sample in family.samples:
            for label, text in sample.labels.items():
                told[sample.name].setdefault(label, set()).add(text)
    named = 0
    for query in queries():
        for name, selector in re.findall(r"\b(tradsys_\w+|up)\b(?:\{([^}]*)\})?", query):
            named += 1
            assert name in told, f"{name} is told by nobody: {query}"
            for label, operator, text in re.findall(r'(\w+)(=~|!~|!=|=)"([^"]*)"', selector):
                if label == "instance":
                    continue  # Prometheus's own
                assert label in told[name], f"{name} has no label {label}: {query}"
                if operator in ("=", "!="):
                    assert text in told[name][label], f"{name} has no {label} {text}: {query}"
    assert named > 60


def test_every_promise_has_an_alert_with_its_bound_a_duration_and_a_number_of_samples() -> None:
    known = {rule["alert"]: rule for rule in rules()}
    for name, bound in PROMISES.items():
        assert bound in known[name]["expr"]
        assert known[name].get("for", "0s") != "0s"
        assert re.search(r">= \d+", known[name]["expr"]), f"{name} has a smallest number of samples"
    assert len(known) == len(rules()), "two alerts of one name"
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"].endswith(".")


def test_every_alert_is_tried_both_where_it_must_come_and_where_it_must_not() -> None:
    cases = [case for name in CASES for case in yaml.safe_load((HERE / name).read_text(encoding="utf-8"))["tests"]]
    tried: dict[str, set[bool]] = {}
    for case in cases:
        for look in case["alert_rule_test"]:
            tried.setdefault(look["alertname"], set()).add(bool(look.get("exp_alerts")))
    assert tried == {rule["alert"]: {True, False} for rule in rules()}


def test_the_example_of_a_prometheus_looks_where_metrics_are_told_and_often_enough() -> None:
    example = yaml.safe_load((FILES / "prometheus.yaml").read_text(encoding="utf-8"))
    settings = Monitoring()
    (job,) = example["scrape_configs"]
    assert job["job_name"] == "tradsys", "alerts name the job"
    assert job["static_configs"] == [{"targets": [f"{settings.host}:{settings.metrics_port}"]}]


def test_what_stops_trading_is_an_alert_within_two_seconds() -> None:
    """The longest way from a worker's end, or its silence, to the alert, by what the files say; looks take no time."""
    example = yaml.safe_load((FILES / "prometheus.yaml").read_text(encoding="utf-8"))["global"]
    scrape_ms, timeout_ms = _milliseconds(example["scrape_interval"]), _milliseconds(example["scrape_timeout"])
    groups = yaml.safe_load((FILES / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    (group,) = (group for group in groups if group["name"] == "tradsys-now")
    known = {rule["alert"]: rule for rule in group["rules"]}
    rules_ms = _milliseconds(group["interval"])
    silence_ms = Monitoring().thresholds.heartbeat_ms.enter
    for name in ("TradsysWorkerAway", "TradsysNotReady"):
        assert silence_ms + scrape_ms + rules_ms + _milliseconds(known[name].get("for", "0s")) < 2_000
    # The monitor hangs, right after a look: the next one ends when its time is up.
    for_ms = _milliseconds(known["TradsysUnreachable"]["for"])
    assert scrape_ms + timeout_ms + rules_ms + for_ms < 2_000
    assert for_ms >= scrape_ms, "one look that fails is no alert"
    assert for_ms % rules_ms == 0


def _milliseconds(duration: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(ms|s)", duration).groups()  # type: ignore[union-attr]
    return int(number) * (1 if unit == "ms" else 1000)


def test_the_dashboards_panels_lie_side_by_side_and_each_has_a_number_of_its_own() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, f"{panel['title']} lies over another panel"
        taken |= cells
        assert panel["title"]
        assert panel["type"] == "row" or panel["targets"]


@pytest.mark.parametrize(
    "command",
    [
        ["check", "rules", str(FILES / "alerts.yaml")],
        ["check", "config", str(FILES / "prometheus.yaml")],
        *(["test", "rules", str(HERE / name)] for name in CASES),
    ],
    ids=" ".join,
)
def test_promtool_agrees(command: list[str]) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    done = subprocess.run(["promtool", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_understands_every_query_of_the_dashboard(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    queries = [each.replace("$__rate_interval", "1m") for each in targets()]
    recorded = [{"record": f"panel:query:{number}", "expr": query} for number, query in enumerate(queries)]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": recorded}]}), encoding="utf-8")
    done = subprocess.run(["promtool", "check", "rules", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

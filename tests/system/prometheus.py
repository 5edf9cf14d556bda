"""A Prometheus of the test's own, with the project's alert rules, where it is installed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.workers.running import until
from tradsys.configuration import sources


class Prometheus:
    """One that runs."""

    def __init__(self, url: str) -> None:
        self._url = url

    def firing(self) -> set[tuple[str, str]]:
        """Name and worker of each alert that fires, but for those about the host, which others use too."""
        alerts = self._ask("alerts")["alerts"]
        firing = [alert["labels"] for alert in alerts if alert["state"] == "firing"]
        return {(labels["alertname"], labels.get("worker", "")) for labels in firing if "probe" not in labels}

    def is_watching(self) -> bool:
        """Whether it has the venue's metrics."""
        try:
            return bool(self._ask("query?query=tradsys_ready")["result"])
        except urllib.error.HTTPError:  # it is still starting
            return False

    def _ask(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self._url}/api/v1/{what}", timeout=30) as answer:
            return json.load(answer)["data"]


@contextmanager
def prometheus(directory: Path, target: str) -> Iterator[Prometheus | None]:
    """Watch the metrics at `target` (host:port); None where Prometheus is not installed."""
    program = shutil.which("prometheus")
    if program is None:
        yield None
        return
    files = sources.directory() / "monitoring"
    settings = yaml.safe_load((files / "prometheus.yaml").read_text(encoding="utf-8"))
    settings["rule_files"] = [str(files / "alerts.yaml")]
    settings["scrape_configs"][0]["static_configs"] = [{"targets": [target]}]
    (directory / "prometheus.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    log = directory / "prometheus.log"
    command = [
        program,
        f"--config.file={directory / 'prometheus.yaml'}",
        f"--storage.tsdb.path={directory / 'series'}",
        "--web.listen-address=127.0.0.1:0",
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    try:

        def address() -> re.Match[str] | None:
            assert process.poll() is None, log.read_text()
            return re.search(r'"Listening on" address=(127\.0\.0\.1:\d+)', log.read_text())

        until(address, "Prometheus to listen")
        found = address()
        assert found is not None
        yield Prometheus(f"http://{found[1]}")
    finally:
        process.kill()
        process.wait(30)

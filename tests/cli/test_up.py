"""What `tradsys up` refuses before it starts anything; whole venues are started in tests/system."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.conftest import Logged
from tests.factories import symbol
from tradsys.cli.main import app
from tradsys.cli.tables import curl_line, duration
from tradsys.configuration import load

runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"})


def refusal(*arguments: str, directory: Path) -> str:
    result = runner.invoke(app, ["up", "--data-dir", str(directory / "venue"), *arguments])
    assert result.exit_code != 0
    assert "Traceback" not in result.output
    assert not (directory / "venue").exists()
    return result.output


def test_every_mistake_of_the_configuration_is_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("gateway: {prt: 1, count: none}\n")
    output = refusal("--config", str(file), directory=tmp_path)
    assert "2 mistakes" in output
    assert "did you mean 'port'?" in output
    assert "gateway.count" in output


def test_an_unknown_environment_is_refused(tmp_path: Path) -> None:
    assert "did you mean 'production'?" in refusal("--environment", "producton", directory=tmp_path)


def test_simulated_traders_need_accounts_with_keys(tmp_path: Path) -> None:
    output = refusal("--environment", "testing", "--demo", directory=tmp_path)
    assert "the simulated traders need an account whose name begins with 'demo-maker'" in output


def test_simulated_traders_need_a_gateway(tmp_path: Path) -> None:
    assert "clients of a gateway" in refusal("--demo", "--no-gateways", directory=tmp_path)


def test_a_second_venue_in_a_directory_is_refused(tmp_path: Path) -> None:
    from workers.lock import DirectoryLock

    lock = DirectoryLock(tmp_path)
    result = runner.invoke(app, ["up", "--data-dir", str(tmp_path)])
    lock.release()
    assert result.exit_code == 1
    assert result.output.startswith("error[directory_in_use]: a venue")
    assert "already runs in" in result.output


def test_a_service_says_in_its_log_why_it_does_not_start(tmp_path: Path, logged: Logged) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("logging: {format: json}\n")
    (tmp_path / "file").touch()
    result = runner.invoke(app, ["up", "--config", str(file), "--data-dir", str(tmp_path / "file" / "venue")])
    assert result.exit_code == 1
    (line,) = [json.loads(text) for text in result.stderr.splitlines()]
    assert (line["level"], line["code"], line["process"]) == ("critical", "directory_unusable", "supervisor")
    assert "Not a directory" in line["error"]


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = runner.invoke(app, ["up", "--data-dir", str(tmp_path / "file" / "venue")])
    assert result.exit_code == 1
    assert "Not a directory" in result.output


def test_the_curl_line_shows_a_key_only_in_development() -> None:
    development = load("testing", environ={"TRADSYS__ENVIRONMENT": "testing"})
    line = curl_line(development, [symbol(name="ACME")], "http://host:1", at_market=False)
    assert line is not None
    assert "alice-key" not in line
    assert '"X-API-Key: $TRADSYS_KEY"' in line
    line = curl_line(load("development", environ={}), [symbol(name="ACME")], "http://host:1", at_market=False)
    assert line is not None
    assert line.startswith('curl -s http://host:1/orders -H \'X-API-Key: alice-key\' -d \'{"symbol": "ACME"')
    assert curl_line(load("production", environ={}), [], "http://host:1", at_market=True) is None


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(None, "-"), (0, "0 ns"), (999, "999 ns"), (1_250, "1.2 µs"), (99_949_999, "99.9 ms"), (2_000_000_000, "2.0 s")],
)
def test_durations_have_a_unit_that_suits_them(nanoseconds: int | None, text: str) -> None:
    assert duration(nanoseconds) == text

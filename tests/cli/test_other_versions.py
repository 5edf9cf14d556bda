"""What commands say of a venue that another version of TradSys has left, or a dying disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.workers.journals import filled
from tests.workers.stepped import SIZES, compact, describe
from tradsys.cli.main import app
from workers import venue as venues

runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})


def with_rings_in_pools(text: str) -> str:
    """As the configuration was described before rings had a section of their own."""
    told: dict[str, Any] = json.loads(text)
    told["configuration"]["pools"] |= told["configuration"].pop("rings")
    return json.dumps(told)


def half(text: str) -> str:
    """What is left of a file that was cut off."""
    return text[: len(text) // 2]


@pytest.fixture(params=[with_rings_in_pools, half])
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A data directory with a journal, of a venue that was killed."""
    filled(tmp_path / "journal", 3, 4)
    venues.write(describe(tmp_path, compact(), SIZES))
    for file in (tmp_path / "last-venue.json", venues.file_of(tmp_path)):
        file.write_text(request.param(file.read_text()))
    return tmp_path


@pytest.mark.parametrize("is_killed", [True, False])
@pytest.mark.parametrize("command", ["status", "audit balances", "verify", "snapshot", "trace 1", "top"])
def test_commands_about_the_venue_say_what_to_do(directory: Path, command: str, is_killed: bool) -> None:
    if not is_killed:
        venues.remove(directory)
    result = runner.invoke(app, [*command.split(), "--data-dir", str(directory)])
    assert result.exit_code == 1
    if command in {"status", "top"} and not is_killed:
        assert "error[venue_not_running]: no venue runs" in result.output
        return
    assert "error[venue_unreadable]" in result.output
    for words in (str(directory), "another version of TradSys", "tradsys up", "snapshots are not concerned"):
        assert words in result.output


@pytest.mark.parametrize("command", [["stat"], ["verify"], ["dump"]])
def test_the_journal_is_read_all_the_same(directory: Path, command: list[str]) -> None:
    result = runner.invoke(app, ["journal", *command, "--data-dir", str(directory)])
    assert result.exit_code == 0, result.output


def test_the_host_is_examined_all_the_same(directory: Path) -> None:
    result = runner.invoke(app, ["doctor", "--data-dir", str(directory), "--json"])
    assert json.loads(result.stdout)

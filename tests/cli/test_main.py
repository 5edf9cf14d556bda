from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tradsys.cli.main import COMMANDS, app, load

runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})


def test_the_help_names_every_command_and_imports_none() -> None:
    program = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from tradsys.cli.main import app\n"
        "sys.stdout.write(CliRunner().invoke(app, ['--help']).output)\n"
        "loaded = {'numba', 'numpy', 'aiohttp', 'tradsys.cli.up'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=root, env={**os.environ}
    )
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_file_and_explains_itself(name: str) -> None:
    assert load(name).help
    result = runner.invoke(app, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage: tradsys " in result.output


@pytest.mark.parametrize(
    "command",
    ["up", "status", "top", "replay", "deposit", "withdraw", "transfer", "account list", "limits set", "kill on"],
)
def test_every_command_on_a_venue_takes_its_directory(command: str) -> None:
    assert "--data-dir" in runner.invoke(app, [*command.split(), "--help"]).output


def test_the_version_is_shown() -> None:
    result = runner.invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.output.startswith("tradsys ")


def test_an_unknown_command_is_refused() -> None:
    result = runner.invoke(app, ["trade"])
    assert result.exit_code == 2
    assert "No such command 'trade'" in result.output


@pytest.mark.parametrize("command", ["status", "top", "account show alice", "deposit alice 1 USD"])
def test_without_a_venue_a_command_says_how_to_start_one(command: str, tmp_path: Path) -> None:
    result = runner.invoke(app, [*command.split(), "--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert "error[venue_not_running]: no venue runs in" in result.output
    assert f"tradsys up --data-dir {tmp_path}" in result.output
    assert "Traceback" not in result.output

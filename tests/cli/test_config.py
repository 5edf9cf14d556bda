"""`tradsys config`: what is valid, what counts and where it comes from, and what differs."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
import yaml
from typer.testing import CliRunner

from tests.workers.stepped import SIZES, compact, describe
from tradsys.cli.main import app
from tradsys.configuration import Origin, load
from workers import venue as venues

runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb", "TRADSYS_ENVIRONMENT": "testing"})


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    file = tmp_path / "mine.yaml"
    accounts = [{"name": "zoe", "keys": ["secret:zoe", "plain-key"], "group": 3}]
    secrets = str(tmp_path / "mine.env")
    Path(secrets).write_text("zoe=hidden-key\n")
    content = {"gateway": {"port": 9001}, "accounts": accounts, "security": {"secrets_file": secrets}}
    file.write_text(yaml.safe_dump(content))
    return file


def test_a_valid_configuration_is_said_to_be(mine: Path) -> None:
    result = runner.invoke(app, ["config", "check", "--config", str(mine)])
    assert (result.exit_code, result.output) == (0, "the configuration for testing is valid\n")


def test_mistakes_are_told_for_people_and_for_programs(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("gateway: {prot: 1}\nclock: {tick_ms: 0}\n")
    result = runner.invoke(app, ["config", "check", "--config", str(file)])
    assert result.exit_code == 1
    assert "2 mistakes" in result.output
    assert f"gateway.prot = 1 (from {file}): unknown key; did you mean 'port'?" in result.output
    result = runner.invoke(app, ["config", "check", "--config", str(file), "--json"])
    assert result.exit_code == 1
    told = json.loads(result.output)
    assert told["valid"] is False
    assert [mistake["path"] for mistake in told["mistakes"]] == ["gateway.prot", "clock.tick_ms"]
    assert all(mistake["source"] == str(file) for mistake in told["mistakes"])


def test_every_setting_is_shown_with_where_it_came_from_and_no_key(mine: Path) -> None:
    result = runner.invoke(app, ["config", "show", "--config", str(mine)], env={"TRADSYS__CLOCK__TICK_MS": "7"})
    lines = result.output.splitlines()
    assert f"gateway.port = 9001  # {mine}" in lines
    assert 'gateway.host = "127.0.0.1"  # base.yaml' in lines
    assert 'journal.level = "memory"  # environments/testing.yaml' in lines
    assert "clock.tick_ms = 7  # TRADSYS__CLOCK__TICK_MS" in lines
    assert f'accounts[0] = {{"name":"zoe","group":3,"keys":["secret:zoe","[redacted]"]}}  # {mine}' in lines
    assert "hidden-key" not in result.output
    assert "plain-key" not in result.output


def test_one_section_is_shown_for_programs(mine: Path) -> None:
    result = runner.invoke(app, ["config", "show", "gateway", "--config", str(mine), "--json"])
    shown = {setting["path"]: setting["value"] for setting in json.loads(result.output)}
    assert shown["gateway.port"] == 9001
    assert all(path.startswith("gateway.") for path in shown)


def test_secrets_come_from_the_file_that_is_named(tmp_path: Path) -> None:
    secrets = tmp_path / "others.env"
    secrets.write_text("alice=alices-key\n")
    arguments = ["config", "check", "--environment", "production", "--secrets", str(secrets)]
    variables = {"TRADSYS__ACCOUNTS": "[{name: a, keys: ['secret:alice']}]"}
    secrets.chmod(0o600)
    assert runner.invoke(app, arguments, env=variables).exit_code == 0
    secrets.chmod(0o644)
    result = runner.invoke(app, arguments, env=variables)
    assert result.exit_code == 1
    assert f"chmod 600 {secrets}" in result.output


def test_what_differs_is_told_with_when_it_counts(mine: Path) -> None:
    result = runner.invoke(app, ["config", "diff", "testing", str(mine)])
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert "restart gateway.port: 0 -> 9001" in lines
    assert 'core    accounts[zoe]: not there -> {"name":"zoe","group":3}' in lines
    assert runner.invoke(app, ["config", "diff", str(mine), str(mine)]).exit_code == 0
    result = runner.invoke(app, ["config", "diff", "testing", str(mine), "--json"])
    assert {"path": "gateway.port", "before": "0", "after": "9001", "when": "restart"} in json.loads(result.output)


def test_a_running_venue_is_compared_with_a_file(tmp_path: Path, mine: Path) -> None:
    configuration = load("testing", mine, {})
    described = msgspec.structs.replace(describe(tmp_path, compact(), SIZES), configuration=configuration)
    venues.write(described)
    options = ["--data-dir", str(tmp_path)]
    assert runner.invoke(app, ["config", "diff", "running", str(mine), *options]).output == ""
    result = runner.invoke(app, ["config", "diff", "running", "testing", *options])
    assert "restart gateway.port: 9001 -> 0" in result.output.splitlines()
    assert "plain-key" not in result.output
    venues.remove(tmp_path)
    result = runner.invoke(app, ["config", "diff", "running", str(mine), *options])
    assert result.exit_code == 1
    assert "no venue runs" in result.output


def test_what_a_running_service_has_from_variables_and_credentials_is_known(tmp_path: Path) -> None:
    mine, credentials = tmp_path / "mine.yaml", tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "tradsys_zoe").write_text("hidden-key")
    mine.write_text("accounts: [{name: zoe, keys: ['secret:zoe']}]\n")
    variables = {"TRADSYS__GATEWAY__PORT": "9002", "CREDENTIALS_DIRECTORY": str(credentials)}
    read = Origin("production", mine, variables).read()
    venues.write(
        msgspec.structs.replace(
            describe(tmp_path, compact(), SIZES),
            configuration=read.configuration,
            variables=read.layers.variables(),
            credentials=read.credentials,
        )
    )
    command = ["config", "diff", "running", str(mine), "--environment", "production", "--data-dir", str(tmp_path)]
    stays = "(stays: TRADSYS__GATEWAY__PORT of the venue says it)"
    assert runner.invoke(app, command).output == f"restart gateway.port: 9002 -> 8080  {stays}\n"
    (change,) = json.loads(runner.invoke(app, [*command, "--json"]).output)
    assert change["variable"] == "TRADSYS__GATEWAY__PORT"
    assert "hidden-key" not in venues.file_of(tmp_path).read_text()
    mine.write_text("accounts: [{name: zoe, keys: ['secret:zoe', 'secret:new']}]\n")
    result = runner.invoke(app, command)
    assert result.exit_code == 1
    assert "there is no secret 'new'; give systemd the credential, which a service gets when it is started" in (
        result.output
    )


def test_the_schema_is_printed() -> None:
    described = json.loads(runner.invoke(app, ["config", "schema"]).output)
    assert described["title"] == "TradSys configuration"

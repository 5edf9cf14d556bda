"""What install-service puts on a host: systemd's own tools judge it, in a directory that stands for the host."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from tradsys.cli.main import app
from tradsys.configuration import load
from tradsys.installation import files
from tradsys.installation.files import UNITS, check_reachable, directory
from tradsys.installation.service import installation
from tradsys.installation.steps import InstallationError, Remove, Run, Write

runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None or os.geteuid() != 0,
    reason="needs systemd's tools, and root to give files to users",
)


def run(*arguments: str) -> str:
    result = runner.invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def contents(root: Path) -> dict[str, str]:
    """Every file below `root` but the backups of systemd-sysusers, by name."""
    return {
        path.relative_to(root).as_posix(): path.read_text()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_symlink() and not path.name.endswith("-")
    }


def systemd(*command: str, units: Path) -> subprocess.CompletedProcess[str]:
    """One of systemd's tools, which finds units in this directory and in the host's."""
    return subprocess.run(
        command,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:", "NO_COLOR": "1", "SYSTEMD_PAGER": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@needs_systemd
@pytest.mark.parametrize("gateways", [0, 2])
def test_what_is_installed_verifies_and_is_confined(tmp_path: Path, gateways: int) -> None:
    run("install-service", "--root", str(tmp_path), "--gateways", str(gateways))
    units = tmp_path / "etc/systemd/system"
    names = ["tradsys.target", "tradsys.slice", "tradsys.service", "tradsys-gateway@0.service"]
    verified = systemd("systemd-analyze", "verify", *names, units=units)
    assert (verified.returncode, verified.stderr) == (0, "")
    for name in ("tradsys.service", "tradsys-gateway@0.service"):
        exposure = systemd("systemd-analyze", "security", "--offline=true", "--threshold=20", name, units=units)
        assert exposure.returncode == 0, exposure.stdout
        # Who is hidden counts as dead: gateways would not find the venue, and lose their rings.
        assert "\nProtectProc=" not in (units / name.replace("@0", "@")).read_text()

    wanted = sorted(path.name for path in (units / "tradsys.target.wants").iterdir())
    assert wanted == sorted(["tradsys.service", *(f"tradsys-gateway@{number}.service" for number in range(gateways))])
    assert (units / "multi-user.target.wants/tradsys.target").is_symlink()
    assert re.search(r"^tradsys:x:(\d+):", (tmp_path / "etc/passwd").read_text(), re.MULTILINE)
    configuration = tmp_path / "etc/tradsys/venue.yaml"
    assert stat.S_IMODE(configuration.stat().st_mode) == 0o640
    assert stat.S_IMODE(configuration.parent.stat().st_mode) == 0o750
    group = re.search(r"^tradsys:x:(\d+):", (tmp_path / "etc/group").read_text(), re.MULTILINE)
    assert group is not None
    assert configuration.stat().st_gid == int(group[1])


@needs_systemd
def test_an_installation_may_be_repeated_and_keeps_the_operators_files(tmp_path: Path) -> None:
    run("install-service", "--root", str(tmp_path), "--gateways", "2")
    before = contents(tmp_path)
    run("install-service", "--root", str(tmp_path), "--gateways", "2")
    assert contents(tmp_path) == before

    configuration = tmp_path / "etc/tradsys/venue.yaml"
    configuration.write_text("gateway: {port: 9000}\n")
    (tmp_path / "etc/systemd/system/tradsys.service").write_text("[Service]\n")
    said = run("install-service", "--root", str(tmp_path), "--gateways", "1")
    assert f"kept {configuration}" in said
    assert f"updated {tmp_path}/etc/systemd/system/tradsys.service" in said
    after = contents(tmp_path)
    assert after["etc/tradsys/venue.yaml"] == "gateway: {port: 9000}\n"
    assert after["etc/systemd/system/tradsys.service"] == before["etc/systemd/system/tradsys.service"]
    wanted = sorted(path.name for path in (tmp_path / "etc/systemd/system/tradsys.target.wants").iterdir())
    assert wanted == ["tradsys-gateway@0.service", "tradsys.service"]

    run("uninstall-service", "--root", str(tmp_path))
    left = contents(tmp_path)
    assert not [name for name in left if "tradsys" in name and name != "etc/tradsys/venue.yaml"]
    assert left["etc/tradsys/venue.yaml"] == "gateway: {port: 9000}\n"
    assert not (tmp_path / "etc/systemd/system/multi-user.target.wants/tradsys.target").is_symlink()
    run("uninstall-service", "--root", str(tmp_path))

    run("uninstall-service", "--root", str(tmp_path), "--purge")
    assert not configuration.parent.exists()


def test_a_dry_run_tells_every_file_and_command_and_changes_nothing(tmp_path: Path) -> None:
    said = run("install-service", "--root", str(tmp_path), "--gateways", "1", "--dry-run")
    assert list(tmp_path.iterdir()) == []
    for step in installation(tmp_path, files.own_program(), 1):
        assert step.describe() in said
    assert f"ExecStart={files.own_program()} up --config /etc/tradsys/venue.yaml" in said
    assert "remove" in run("uninstall-service", "--root", str(tmp_path), "--purge", "--dry-run")


def test_without_a_dry_run_the_host_is_only_changed_by_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradsys.installation.files.check_reachable", lambda program: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for command in ("install-service", "uninstall-service"):
        result = runner.invoke(app, [command])
        assert result.exit_code == 1
        assert "needs root" in result.output


def test_a_program_that_the_service_could_not_call_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InstallationError, match="services do not see /root"):
        check_reachable(Path("/root/venv/bin/tradsys"))
    if not tmp_path.is_relative_to("/tmp"):
        with pytest.raises(InstallationError, match="closed to other users"):
            check_reachable(tmp_path / "tradsys")
    check_reachable(Path("/usr/bin/tradsys"))


def test_no_unit_still_names_the_placeholders_program(tmp_path: Path) -> None:
    for name in UNITS:
        assert "/opt/tradsys" not in files.unit(name, Path("/usr/bin/tradsys"))
    assert {path.name for path in directory().glob("tradsys*")} == set(UNITS)


def test_the_first_configuration_is_empty_and_its_example_is_right(tmp_path: Path) -> None:
    example = directory() / "venue.yaml"
    assert yaml.safe_load(example.read_text()) is None
    first = tmp_path / "venue.yaml"
    first.write_text(re.sub(r"^#(?=\S|  )", "", example.read_text(), flags=re.MULTILINE))
    secrets = tmp_path / "credentials"
    secrets.mkdir()
    for name in ("operator", "alice"):
        (secrets / f"tradsys_{name}").write_text(f"key-of-{name}\n")
    venue = load("production", first, {"CREDENTIALS_DIRECTORY": str(secrets)})
    assert [symbol.name for symbol in venue.symbols] == ["ACME"]
    assert {account.name for account in venue.accounts} == {"fees", "world", "operator", "alice"}


def test_steps_say_what_they_did(tmp_path: Path) -> None:
    file = tmp_path / "a" / "file"
    assert Remove(file).do() == f"no {file}"
    assert Write(file, "x").do() == f"wrote {file}"
    assert Write(file, "x").do() == f"unchanged {file}"
    assert Write(file, "y").do() == f"updated {file}"
    assert Write(file, "z", keep=True).do() == f"kept {file}"
    assert file.read_text() == "y"
    assert Remove(file.parent).do() == f"removed {file.parent}"
    assert Run(("true",)).do() == "ran true"
    assert Run(("false",), tolerant=True).do() == "failed false"
    with pytest.raises(InstallationError, match="false failed"):
        Run(("false",)).do()
    with pytest.raises(InstallationError, match="there is no no-such-program"):
        Run(("no-such-program",)).do()
    assert "not run" in Run(("no-such-program",), tolerant=True).do()

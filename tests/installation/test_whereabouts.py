"""A command of which nobody said which venue is meant: that of the host's service, as its user."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.workers.stepped import SIZES, compact, describe
from tradsys.cli.main import app
from tradsys.installation import whereabouts
from workers import venue as venues

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65_534
runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data directory of a service that has run; this process is in another directory, and has no variables."""
    data, runtime, here = (tmp_path / name for name in ("data", "runtime", "here"))
    for directory in (data, runtime, here):
        directory.mkdir()
    whereabouts.tell(data, {"RUNTIME_DIRECTORY": f"{runtime}:/run/other", "TRADSYS_CACHE_DIR": "/kernels"})
    monkeypatch.setattr(whereabouts, "PLACE", runtime / "venue.json")
    monkeypatch.chdir(here)
    monkeypatch.delenv("TRADSYS_DATA_DIR", raising=False)
    monkeypatch.setenv("TRADSYS_CACHE_DIR", os.environ.get("TRADSYS_CACHE_DIR", ""))  # a command may set it
    return data


def test_what_the_service_told_is_found_by_everybody(service: Path) -> None:
    found = whereabouts.find(whereabouts.PLACE)
    assert found == (service, "/kernels", os.getuid(), os.getgid())
    assert whereabouts.PLACE.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in whereabouts.PLACE.parent.iterdir()] == ["venue.json"]


def test_who_is_no_service_tells_nothing(tmp_path: Path) -> None:
    whereabouts.tell(tmp_path, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"data_directory": 1}'])
def test_what_is_no_place_leads_nowhere(tmp_path: Path, text: str) -> None:
    place = tmp_path / "venue.json"
    assert whereabouts.find(place) is None
    place.write_text(text)
    assert whereabouts.find(place) is None


def test_a_link_and_a_pipe_lead_nowhere(service: Path, tmp_path: Path) -> None:
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(whereabouts.PLACE)
    os.mkfifo(pipe)
    assert whereabouts.find(link) is None
    assert whereabouts.find(pipe) is None


def test_a_command_without_a_directory_means_the_services_venue_and_says_so(service: Path) -> None:
    venues.write(describe(service, compact(), SIZES))
    venues.remove(service)
    result = runner.invoke(app, ["status"])
    assert result.exit_code == 1
    assert f"the venue is that of this host's service, in {service}" in result.stderr
    assert f"no venue runs in {service}" in result.stderr
    result = runner.invoke(app, ["config", "diff", "running", "testing"])
    assert f"no venue runs in {service}" in result.stderr


def test_what_was_named_and_what_is_there_goes_before(service: Path) -> None:
    for options, variables in ((["--data-dir", "venue"], {}), ([], {"TRADSYS_DATA_DIR": "venue"})):
        result = runner.invoke(app, ["status", *options], env=variables)
        assert "no venue runs in venue;" in result.stderr
        assert "service" not in result.stderr
    assert "no venue runs in venue;" in runner.invoke(app, ["gateway"]).stderr, "it belongs to a venue of its own"
    Path("venue").mkdir()
    assert "no venue runs in venue;" in runner.invoke(app, ["status"]).stderr


def test_another_user_is_told_whose_venue_it_is(service: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    result = runner.invoke(app, ["status"])
    assert result.exit_code == 1
    assert f"in {service}, is that of the user" in result.stderr
    assert "call with sudo" in result.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who alone can become somebody else")
def test_root_acts_as_the_services_user(service: Path) -> None:
    os.chown(whereabouts.PLACE, NOBODY, NOBODY)
    program = (
        "import os, sys; from pathlib import Path; from tradsys.installation.whereabouts import *;"
        "assert act_for(find(Path(sys.argv[1])));"
        "print(os.getresuid(), os.getresgid(), os.getgroups(), os.environ['TRADSYS_CACHE_DIR'],"
        "'shm.jit' in sys.modules)"
    )
    variables = {name: value for name, value in os.environ.items() if name != "TRADSYS_CACHE_DIR"}
    command = [sys.executable, "-c", program, str(whereabouts.PLACE)]
    said = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=True).stdout
    ids = (NOBODY, NOBODY, NOBODY)
    assert said == f"{ids} {ids} [] /kernels False\n"

"""`tradsys snapshot` of a venue that runs and trades."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Bank
from workers.snapshot.files import list_snapshots


def test_a_running_venue_writes_its_state_and_goes_on(bank: Bank) -> None:
    directory = Path(bank.embedded.venue.data_directory) / "journal"
    first = bank.run("snapshot", "--json")
    assert first.exit_code == 0, first.output
    told = json.loads(first.stdout.splitlines()[-1])
    assert [str(path) for path in list_snapshots(directory)] == [told["file"]]
    assert Path(told["file"]).stat().st_size == told["bytes"]
    assert bank.run("deposit", "alice", "5.00", "USD").exit_code == 0
    second = bank.run("snapshot")
    assert second.exit_code == 0, second.output
    assert "checked by reading it back" in second.output
    assert len(list_snapshots(directory)) == 2
    assert int(list_snapshots(directory)[-1].stem) > told["sequence"]


def test_without_a_venue_it_says_so(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from tradsys.cli.main import app

    result = CliRunner().invoke(app, ["snapshot", "--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert "no venue has run" in result.output

"""`tradsys backup`, `restore` and `verify`: of a venue that trades meanwhile, and what goes on from what they made."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cli.conftest import SMALL, Bank, runner
from tests.workers.journals import change
from tests.workers.running import until
from tradsys.cli.main import app
from tradsys.records import Side
from workers.embedded import embedded_venue
from workers.journal.segments import list_segments
from workers.memory import JOURNALED
from workers.snapshot.files import list_snapshots


def run(*arguments: object) -> Any:
    result = runner.invoke(app, [str(argument) for argument in arguments])
    assert "Traceback" not in result.output
    return result


def told(*arguments: object) -> tuple[int, Any]:
    """Exit status and JSON."""
    result = run(*arguments, "--json")
    return result.exit_code, json.loads(result.stdout.splitlines()[-1])


@contextmanager
def trading(bank: Bank, name: str) -> Iterator[None]:
    """Two accounts trade with each other all the time."""
    for suffix, amount, asset in (("-m", "1000000", "ACM"), ("-t", "10000000", "USD")):
        bank.told("account", "open", name + suffix)
        bank.told("deposit", name + suffix, amount, asset)
    enough, rounds = threading.Event(), 0

    def trade() -> None:
        nonlocal rounds
        while not enough.is_set():
            bank.order(f"{name}-m", Side.SELL, "9.50", 1)
            bank.order(f"{name}-t", Side.BUY, "9.50", 1)
            rounds += 1

    trader = threading.Thread(target=trade)
    trader.start()
    try:
        until(lambda: rounds > 3, "the first trades")
        yield
    finally:
        enough.set()
        trader.join()


def journaled(bank: Bank) -> int:
    return int(bank.memory.control[JOURNALED])


def test_a_backup_of_a_venue_that_trades_starts_a_venue_that_has_all_of_it(bank: Bank, tmp_path: Path) -> None:
    home, target, restored = bank.embedded.venue.data_directory, tmp_path / "backup", tmp_path / "restored"
    with trading(bank, "bk"):
        assert bank.run("snapshot").exit_code == 0
        before = journaled(bank)
        status, made = told("backup", target, "--data-dir", home)
        after = journaled(bank)
        assert status == 0
        assert made["first"] == 1
        assert before <= made["last"] <= after
        status, of_running = told("verify", "--data-dir", home)
        assert (status, of_running["is_right"], of_running["damage"]) == (0, True, None)
        assert of_running["sequence"] >= made["last"]
    status, found = told("verify", target)
    assert (status, found["is_right"], found["sequence"]) == (0, True, made["last"])
    assert [each["differences"] for each in found["snapshots"]] == [[]] * len(found["snapshots"])
    assert len(found["snapshots"]) > 0
    shown = run("restore", target, "--data-dir", restored)
    assert shown.exit_code == 0
    assert f"{made['last']:,}" in shown.output
    again = run("restore", target, "--data-dir", restored)
    assert (again.exit_code, "there is a journal" in again.output) == (1, True)
    status, same = told("verify", restored)
    assert {**same, "directory": ""} == {**found, "directory": ""}
    # What the accounts own follows from the log alone, and a venue starts with it.
    status, audited = told("audit", "balances", "--data-dir", target)
    assert (status, audited["sequence"]) == (0, made["last"])
    with embedded_venue(SMALL, directory=restored) as embedded:
        other = Bank(embedded)
        status, live = told("audit", "balances", "--data-dir", restored)
        assert (status, live["differences"], live["totals"]) == (0, [], audited["totals"])
        other.told("deposit", "alice", "7", "USD")
    status, longer = told("verify", restored)
    assert (status, longer["is_right"]) == (0, True)
    assert longer["sequence"] > made["last"]


def test_a_backup_from_the_newest_snapshot_says_what_it_begins_with(bank: Bank, tmp_path: Path) -> None:
    home = bank.embedded.venue.data_directory
    assert bank.run("snapshot").exit_code == 0
    bank.told("deposit", "alice", "5", "USD")
    shown = run("backup", tmp_path / "backup", "--data-dir", home, "--from-snapshot")
    assert shown.exit_code == 0, shown.output
    assert "checked by reading them back" in shown.output
    assert len(list_snapshots(tmp_path / "backup" / "journal")) == 1
    refused = run("backup", tmp_path / "backup", "--data-dir", home)
    assert (refused.exit_code, "exists already" in refused.output) == (1, True)


def test_what_differs_is_told_with_exit_status_1(bank: Bank, tmp_path: Path) -> None:
    home, target = bank.embedded.venue.data_directory, tmp_path / "backup"
    bank.told("deposit", "alice", "5", "USD")
    assert bank.run("snapshot").exit_code == 0
    assert run("backup", target, "--data-dir", home).exit_code == 0
    right = run("verify", target)
    assert right.exit_code == 0
    assert "the same state and the same events" in right.output
    snapshot = list_snapshots(target / "journal")[-1]
    content = snapshot.read_bytes()
    change(snapshot, len(content) // 2, bytes([content[len(content) // 2] ^ 8]))
    wrong = run("verify", target)
    assert wrong.exit_code == 1
    assert f"wrong: {snapshot.name}: {snapshot}: the checksum of section" in wrong.output
    refused = run("restore", target, "--data-dir", tmp_path / "restored")
    assert (refused.exit_code, f"{snapshot}: damaged" in refused.output) == (1, True)
    change(list_segments(target / "journal")[0], 4096 + 64 + 9, b"\x77")
    damaged = run("verify", target)
    assert damaged.exit_code == 1
    assert "damaged: " in damaged.output


def test_where_nothing_ran_there_is_nothing_to_back_up_or_verify(tmp_path: Path) -> None:
    for arguments in (("verify", tmp_path), ("backup", tmp_path / "backup", "--data-dir", tmp_path)):
        refused = run(*arguments)
        assert (refused.exit_code, f"no venue has run in {tmp_path}" in refused.output) == (1, True)
    refused = run("restore", tmp_path, "--data-dir", tmp_path / "restored")
    assert (refused.exit_code, "is no backup" in refused.output) == (1, True)
    assert not (tmp_path / "backup").exists()

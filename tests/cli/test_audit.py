"""The audit of balances: a venue that runs, one that has stopped, and one whose memory somebody has tampered with."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import SMALL, USD, Bank, runner
from tests.workers.journals import SEGMENT_BYTES
from tests.workers.running import until
from tests.workers.settled_venue import limits, money, tell
from tests.workers.stepped import SteppedVenue, compact
from tests.workers.test_backup import remember
from tests.workers.test_snapshot import ROOMY, take
from tests.workers.test_snapshot import trade as trade_stepped
from tests.workers.traders import Traders
from tradsys.cli.main import app
from tradsys.ledger.layout import W_FAULTS
from tradsys.records import Side
from workers.audit import Recomputation, audit
from workers.embedded import embedded_venue
from workers.journal import JournalError
from workers.journal.segments import HEADER_LINES, LINE_BYTES, list_segments
from workers.livecopy import take_copy
from workers.snapshot.housekeeping import clear_segments
from workers.statement import account_named

COLUMNS = 16
"""Assets that a venue has room for, and none."""


def trade(bank: Bank, name: str) -> None:
    """Two accounts of this name with money that have traded, and have orders and a withdrawal under way."""
    for suffix, amount, asset in (("-b", "1000", "USD"), ("-s", "30", "ACM")):
        bank.told("account", "open", name + suffix)
        bank.told("deposit", name + suffix, amount, asset)
    bank.order(f"{name}-s", Side.SELL, "10.05", 20)
    bank.order(f"{name}-b", Side.BUY, "10.05", 8)
    bank.order(f"{name}-b", Side.BUY, "9.00", 10)
    bank.told("withdraw", f"{name}-b", "1.50", "USD")


def audited(directory: str, *options: str) -> tuple[int, Any]:
    """Exit status and what the command says."""
    result = runner.invoke(app, ["audit", "balances", "--json", "--data-dir", directory, *options])
    assert "Traceback" not in result.output
    return result.exit_code, json.loads(result.stdout.splitlines()[-1])


def test_a_running_venue_owns_what_its_journal_says(bank: Bank) -> None:
    trade(bank, "sound")
    status, found = audited(bank.embedded.venue.data_directory)
    assert (status, found["differences"], found["busy"]) == (0, [], 0)
    assert found["compared"] == len(bank.told("account", "list"))
    totals = {each["asset"]: each for each in found["totals"]}
    assert totals["USD"]["total"] == "0.00"
    assert all(each["held"] == each["in_orders"] != "0.00" for each in totals.values())
    shown = bank.run("audit", "balances")
    assert shown.exit_code == 0
    assert "everything is as it must be" in shown.output


def test_what_does_not_follow_from_the_journal_is_told(bank: Bank) -> None:
    trade(bank, "wrong")
    ledger = bank.memory.ledger
    columns = len(ledger.balances) // len(ledger.accounts)
    number = account_named(bank.memory, "wrong-b").number
    position = int((ledger.positions["key"] == 1 << 32 | number).nonzero()[0][0])
    hold = int(((ledger.holds["order_id"] != 0) & (ledger.holds["account"] == number)).nonzero()[0][0])
    ledger.balances["available"][number * columns + USD] += 1
    ledger.positions["realised"][position] -= 5
    ledger.holds["held"][hold] += 3
    ledger.words[W_FAULTS] += 1
    try:
        status, found = audited(bank.embedded.venue.data_directory)
        shown = bank.run("audit", "balances")
    finally:
        ledger.balances["available"][number * columns + USD] -= 1
        ledger.positions["realised"][position] += 5
        ledger.holds["held"][hold] -= 3
        ledger.words[W_FAULTS] -= 1
    assert status == 1
    told = {(each["what"], each["account"]): each["found"] - each["expected"] for each in found["differences"]}
    assert told == {
        ("balance, available", number): 1,
        ("position, realised", number): -5,
        ("hold, held", number): 3,
        ("events that did not fit", 0): 1,
    }
    assert shown.exit_code == 1
    assert "wrong-b" in shown.output


def test_accounts_that_trade_meanwhile_are_left_out_and_no_others(bank: Bank) -> None:
    trade(bank, "still")
    live = take_copy(bank.embedded.venue, bank.memory)
    assert live.quiet
    # As if the copy had been begun before the last trades and was over only now.
    bank.told("account", "open", "late")
    bank.told("deposit", "late", "100", "USD")
    bank.order("late", Side.BUY, "10.05", 1)
    now = take_copy(bank.embedded.venue, bank.memory)
    mixed = live._replace(last=now.last, quiet=False)
    found = audit(Recomputation(bank.embedded.venue, mixed, lambda _: None), mixed)
    assert found.differences == []
    assert found.busy == 4, "late, who sold to it, fees and the world"
    # What an account that did nothing has otherwise than the journal says is still found.
    still = account_named(bank.memory, "still-b").number
    mixed.tables.balances["available"][still * COLUMNS + USD] += 1
    wrong = audit(Recomputation(bank.embedded.venue, mixed, lambda _: None), mixed)
    assert [(each.what, each.account) for each in wrong.differences] == [("balance, available", still)]
    # A log that does not hold all that the copy is of is not compared with it.
    beyond = mixed._replace(last=mixed.last + 1_000_000)
    with pytest.raises(JournalError, match=f"has acknowledged {beyond.last}"):
        Recomputation(bank.embedded.venue, beyond, lambda _: None)


def test_a_venue_that_trades_all_the_time_is_compared_but_for_who_trades(bank: Bank) -> None:
    trade(bank, "calm")
    for name, amount, asset in (("maker", "1000000", "ACM"), ("taker", "10000000", "USD")):
        bank.told("account", "open", name)
        bank.told("deposit", name, amount, asset)
    enough = threading.Event()

    def trading() -> None:
        while not enough.is_set():
            bank.order("maker", Side.SELL, "9.50", 1)
            bank.order("taker", Side.BUY, "9.50", 1)

    trader = threading.Thread(target=trading)
    trader.start()
    try:
        found = [audited(bank.embedded.venue.data_directory, "--wait", "0.1") for _ in range(3)]
    finally:
        enough.set()
        trader.join()
    assert [(status, each["differences"]) for status, each in found] == [(0, [])] * 3
    busy = bank.told("account", "list")
    # Who trades, who gets the fees; a copy may also come between two commands that are answered.
    assert all(each["busy"] <= 3 and each["compared"] + each["busy"] == len(busy) for _, each in found)


def test_what_arises_in_a_running_venue_is_counted_shown_and_logged(bank: Bank) -> None:
    ledger, counters = bank.memory.ledger, bank.memory.counters
    row = account_named(bank.memory, "bob").number * COLUMNS + USD

    def imbalance() -> int:
        return counters.snapshot()["ledger_imbalance"]

    until(lambda: counters.snapshot()["ledger_sums"] > 2, "the watch to take sums")
    assert imbalance() == 0
    ledger.balances["available"][row] += 1
    try:
        until(lambda: imbalance() == 1, "the watch to notice")
        status = json.loads(bank.run("status", "--json").stdout)
    finally:
        ledger.balances["available"][row] -= 1
    assert status["counters"]["ledger_imbalance"] == 1
    until(lambda: imbalance() == 0, "the watch to see that it is over")
    assert "an asset's sum over all accounts is not 0" in bank.embedded.log.read_text()


def test_a_stopped_venue_is_recomputed_from_its_directory_alone(tmp_path: Path) -> None:
    directory = tmp_path / "venue"
    with embedded_venue(SMALL, directory=directory) as embedded:
        bank = Bank(embedded)
        bank.define_money()
        trade(bank, "kept")
    status, found = audited(str(directory))
    assert (status, found["differences"], found["compared"]) == (0, [], None)
    # 8 of 20 shares are sold; 10 wanted at 9.00 hold that, a tenth of a per cent of it, and a cent for rounding.
    assert {each["asset"]: each["held"] for each in found["totals"]} == {"USD": "90.10", "ACM": "12"}
    moved = shutil.copytree(directory, tmp_path / "moved")
    assert audited(str(moved))[0] == 0
    damage(list_segments(moved / "journal")[0])
    damaged = runner.invoke(app, ["audit", "balances", "--data-dir", str(moved)])
    assert damaged.exit_code == 1
    assert "damaged" in damaged.output


def test_without_the_journals_beginning_the_oldest_snapshot_stands_in_for_it(tmp_path: Path, seed: int) -> None:
    stepped = SteppedVenue(tmp_path, compact(), ROOMY, segment_bytes=SEGMENT_BYTES)
    remember(stepped.description)
    stepped.define()
    tell(stepped, [*money(), *limits()])
    traders = Traders(stepped, seed)
    snapshots = []
    for _ in range(3):
        trade_stepped(stepped, traders, 3)
        snapshots.append(take(stepped))
    trade_stepped(stepped, traders, 3)
    stepped.close()
    status, whole = audited(str(tmp_path))
    assert (status, whole["began_with"], whole["differences"]) == (0, 0, [])
    assert clear_segments(stepped.directory, "drop", tmp_path)
    status, found = audited(str(tmp_path))
    assert (status, found) == (0, whole | {"began_with": int(snapshots[0].stem)})
    shown = runner.invoke(app, ["audit", "balances", "--data-dir", str(tmp_path)])
    assert "the log's beginning is gone" in shown.output
    # A damaged one is passed over.
    content = snapshots[0].read_bytes()
    snapshots[0].write_bytes(content[:-64])
    shown = runner.invoke(app, ["audit", "balances", "--data-dir", str(tmp_path)])
    assert shown.exit_code == 0
    assert f"passing over a snapshot: {snapshots[0]}" in shown.output.replace("\n", "")
    for path in snapshots:
        path.unlink()
    shown = runner.invoke(app, ["audit", "balances", "--data-dir", str(tmp_path)])
    assert (shown.exit_code, "a segment is missing" in shown.output) == (1, True)


def damage(path: Path) -> None:
    """Change one byte of a segment's first record."""
    content = bytearray(path.read_bytes())
    content[(HEADER_LINES + 1) * LINE_BYTES + 40] ^= 1
    path.write_bytes(content)


def test_a_directory_in_which_nothing_ran_is_refused(tmp_path: Path) -> None:
    result = runner.invoke(app, ["audit", "balances", "--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert f"no venue has run in {tmp_path}" in result.output


@pytest.mark.parametrize("held", [0, 7])
def test_what_is_held_must_be_what_orders_hold(bank: Bank, held: int) -> None:
    live = take_copy(bank.embedded.venue, bank.memory)
    recomputed = Recomputation(bank.embedded.venue, live, lambda _: None)
    row = account_named(bank.memory, "alice").number * COLUMNS + USD
    recomputed.memory.ledger.balances["held"][row] += held
    found = audit(recomputed, None)
    told = [(each.what, each.of, each.found - each.expected) for each in found.differences]
    assert told == ([("sum over all accounts", "USD", 7), ("held by orders", "USD", 7)] if held else [])

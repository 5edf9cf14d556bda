"""Symbols, market states, fees, keys and users by the command line, and the trail of all that."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

from tests.cli.conftest import Bank
from tests.workers.running import until
from tradsys.configuration import load
from tradsys.configuration.secrets import fingerprint
from tradsys.records import Side
from workers.administration import trail

NEWCO = [
    *("--tick-size", "0.10", "--lot-size", "1", "--lowest-price", "0.10"),
    *("--highest-price", "50.00", "--reference-price", "20.00"),
]


def last_line(bank: Bank) -> trail.Line:
    return list(trail.lines(Path(bank.embedded.venue.data_directory)))[-1]


def test_a_symbol_is_added_shown_and_traded(bank: Bank) -> None:
    added = bank.told("symbol", "add", "NEWCO", *NEWCO, "--base", "ACM", "--quote", "USD")
    assert (added["number"], added["quote"], added["state"]) == (2, "USD", "continuous")
    bank.told("deposit", "alice", "100", "USD")
    bank.order("alice", Side.BUY, "20.00", 1, "NEWCO")
    assert bank.told("account", "show", "alice")["open_orders"] == 1
    assert [each["name"] for each in bank.told("symbol", "list")] == ["ACME", "NEWCO"]
    assert "NEWCO" in bank.run("symbol", "list").output
    again = bank.run("symbol", "add", "NEWCO", *NEWCO)
    assert again.exit_code == 1
    assert "error[symbol_exists]: there is a symbol 'NEWCO'" in again.output
    wide = bank.run("symbol", "add", "WIDE", *NEWCO[:6], "--highest-price", "9999999.00", "--reference-price", "20.00")
    assert wide.exit_code == 1
    assert "is too small for the price ranges" in wide.output


def test_rules_and_states_are_changed_and_written_down(bank: Bank) -> None:
    assert bank.told("symbol", "rules", "ACME", "--collar-bps", "500")["rules"]["collar_bps"] == 500
    both = bank.told("symbol", "rules", "ACME", "--orders-max", "7")["rules"]
    assert (both["collar_bps"], both["orders_max"]) == (500, 7)
    assert bank.told("symbol", "rules", "ACME", "--collar-bps", "0", "--orders-max", "0")["rules"]["collar_bps"] == 0
    assert bank.run("symbol", "rules", "ACME").exit_code == 2
    assert bank.told("symbol", "state", "ACME", "closed")["state"] == "closed"
    line = last_line(bank)
    assert (line.act, line.target, line.before, line.after) == (
        "symbol.state",
        "ACME",
        {"state": "continuous"},
        {"state": "closed"},
    )
    assert line.by.host_user
    assert line.sequence is not None
    assert bank.told("symbol", "state", "ACME", "continuous")["state"] == "continuous"


def test_a_halt_of_everything_ends_for_what_it_halted(bank: Bank) -> None:
    states = {each["name"]: each["state"] for each in bank.told("symbol", "list")}
    assert set(states.values()) == {"continuous"}
    bank.told("symbol", "state", "ACME", "pre-open")
    assert "ACME" in bank.told("halt", "on")["symbols"]
    assert bank.told("halt", "on")["symbols"] == []
    assert "nothing to do" in bank.run("halt", "on").output
    assert bank.told("halt", "off", "--symbol", "ACME", "--to", "opening-auction")["symbols"] == ["ACME"]
    assert "ACME" not in bank.told("halt", "off")["symbols"]
    assert bank.told("symbol", "state", "ACME", "continuous")["state"] == "continuous"


def test_fees_are_set_and_shown(bank: Bank) -> None:
    assert bank.run("fee", "set", "--symbol", "ACME", "--fee-class", "3", "-20", "300").exit_code == 0
    assert bank.run("fee", "tier", "1", "1000.00").exit_code == 0
    shown = bank.told("fee", "show")
    mine = [each for each in shown["fees"] if each["fee_class"] == 3]
    assert [(each["symbol"], each["maker_rate"], each["taker_rate"]) for each in mine] == [("ACME", -20, 300)]
    assert shown["fee_tiers"] == [{"tier": 1, "volume": "1000.00"}]
    assert "-20" in bank.run("fee", "show").output
    assert "invalid_fees" in bank.run("fee", "tier", "3", "5").output
    assert (last_line(bank).act, last_line(bank).result) == ("fee_tier.set", "invalid_fees")


def test_a_key_is_shown_once(bank: Bank) -> None:
    made = bank.told("key", "add", "alice", "--role", "risk_officer", "--expires", "2090-01-01")
    assert made["key"] == fingerprint(made["secret"])[:19]
    (listed,) = bank.told("key", "list")
    assert (listed["account"], listed["roles"], listed["expires"]) == (
        "alice",
        ["risk_officer"],
        "2090-01-01T00:00:00Z",
    )
    assert listed["key"] in bank.run("key", "list").output
    kept = Path(bank.embedded.venue.data_directory) / "access.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert made["secret"] not in kept.read_text()
    assert bank.run("key", "revoke", made["key"]).exit_code == 0
    assert bank.told("key", "list") == []
    assert "unknown_key" in bank.run("key", "revoke", made["key"]).output
    assert "there is no role 'king'" in bank.run("key", "add", "alice", "--role", "king").output


def test_users_have_keys_that_go_with_them(bank: Bank) -> None:
    assert bank.run("user", "set", "uma", "alice", "bob", "--role", "administrator").exit_code == 0
    bank.told("key", "add", "--user", "uma")
    (user,) = bank.told("user", "list")
    assert user == {"name": "uma", "accounts": ["alice", "bob"], "roles": ["administrator"]}
    assert "alice, bob" in bank.run("user", "list").output
    assert bank.run("user", "remove", "uma").exit_code == 0
    assert bank.told("key", "list") == []
    assert "unknown_user" in bank.run("user", "remove", "uma").output


def test_who_acts_for_an_account_acts_for_one_that_there_is(bank: Bank) -> None:
    for arguments in (("key", "add", "alcie"), ("user", "set", "uma", "alice", "alcie")):
        refused = bank.run(*arguments)
        assert refused.exit_code == 1
        assert "error[unknown_account]: there is no account 'alcie'; did you mean 'alice'?" in refused.output
    assert "tradsys account open zzz opens it" in bank.run("key", "add", "zzz").output
    assert (bank.told("key", "list"), bank.told("user", "list")) == ([], [])


def test_roles_are_given_and_taken_whatever_the_configuration_says(bank: Bank) -> None:
    assert bank.told("account", "role", "bob") == {"name": "bob", "roles": []}
    given = bank.told("account", "role", "bob", "risk_officer", "administrator")
    assert given["roles"] == ["administrator", "risk_officer"]
    assert "roles:\n  - administrator" in bank.run("export", "-").stdout
    assert (last_line(bank).act, last_line(bank).before, last_line(bank).after) == ("account.roles", [], given["roles"])
    assert "bob has no role" in bank.run("account", "role", "bob", "--none").output
    bank.told("account", "role", "bob", "administrator")
    assert bank.told("account", "role", "bob", "--reset")["roles"] == []
    assert "there is no role 'king'" in bank.run("account", "role", "bob", "king").output
    assert "unknown_account" in bank.run("account", "role", "nobody", "administrator").output
    assert bank.run("account", "role", "bob", "administrator", "--none").exit_code == 2


CALENDAR = """
calendars:
  - {name: stocks, symbols: [ACME], phases: [{at: "09:00", state: continuous}, {at: "17:00", state: closed}]}
"""


def test_calendars_are_set_and_count_at_once(bank: Bank, tmp_path: Path) -> None:
    file = tmp_path / "calendars.yaml"
    # Whatever the time is, the day has one phase, which began on some day before.
    file.write_text(CALENDAR.replace("closed", "halt").replace("continuous", "halt"))
    assert bank.run("calendar", "set", str(file)).exit_code == 0
    until(lambda: symbol_state(bank) == "halt", "the calendar's state")
    file.write_text(CALENDAR)
    assert bank.run("calendar", "set", str(file)).output.endswith("stocks: ACME\n")
    assert bank.run("calendar", "holiday", "add", "stocks", "2030-12-24").exit_code == 0
    (shown,) = bank.told("calendar", "show")
    assert (shown["calendar"], shown["symbols"]) == ("stocks", ["ACME"])
    until(lambda: symbol_state(bank) == shown["now"]["state"], "the calendar's state")
    assert "'2030-12-24'" in bank.run("export", "-").stdout
    lines = trail.lines(Path(bank.embedded.venue.data_directory))
    (line,) = [line for line in lines if line.act == "calendar.holiday.add"]
    assert (line.before[0]["holidays"], line.after[0]["holidays"]) == ([], ["2030-12-24"])
    assert "is no holiday" in bank.run("calendar", "holiday", "remove", "stocks", "2030-12-25").output
    assert bank.run("calendar", "holiday", "remove", "stocks", "2030-12-24").exit_code == 0
    for content, why in (
        (CALENDAR.replace("ACME", "NONE"), "is no symbol"),
        (CALENDAR.replace("stocks", "others"), "has a calendar already"),
        (CALENDAR + "limits: []\n", "tradsys import takes it"),
        ("calendars: []\n", "has none"),
        ("calendars: [", "is not valid YAML"),
    ):
        file.write_text(content)
        refused = bank.run("calendar", "set", str(file))
        assert (refused.exit_code, why in refused.output) == (1, True), refused.output
    assert bank.run("calendar", "remove", "stocks").exit_code == 0
    assert "unknown_calendar" in bank.run("calendar", "reset", "stocks").output
    assert bank.told("calendar", "show") == []
    bank.told("symbol", "state", "ACME", "continuous")


def symbol_state(bank: Bank) -> str:
    state: str = bank.told("symbol", "show", "ACME")["state"]
    return state


def test_an_asset_is_added_and_owned(bank: Bank) -> None:
    assert bank.run("asset", "add", "GBP", "--value", "1.25").exit_code == 0
    bank.told("deposit", "alice", "5.50", "GBP")
    assert bank.run("asset", "value", "GBP", "1.5").exit_code == 0
    assert bank.told("asset", "list")[-1] == {"name": "GBP", "decimals": 2, "value": "1.5"}
    assert "GBP" in bank.run("asset", "list").output
    assert (last_line(bank).act, last_line(bank).before, last_line(bank).after) == ("asset.value", "1.25", "1.5")
    assert "error[asset_exists]" in bank.run("asset", "add", "GBP").output
    assert "error[unknown_asset]" in bank.run("asset", "value", "DEM", "1").output
    assert "error[invalid_field]" in bank.run("asset", "add", "no name").output


def test_a_circuit_breaker_is_set_tripped_and_reset(bank: Bank) -> None:
    rules = ("--price-move-bps", "500", "--window-ms", "60000")
    assert bank.run("breaker", "set", "--symbol", "ACME", *rules).exit_code == 0
    assert bank.run("breaker", "set", "--symbol", "ACME", "--halt-ms", "3600000").exit_code == 0
    (shown,) = bank.told("breaker", "show")
    assert (shown["symbol"], shown["state"], shown["price_move_bps"], shown["halt_ms"]) == (
        "ACME",
        "closed",
        500,
        3_600_000,
    )
    assert (last_line(bank).before["halt_ms"], last_line(bank).after["halt_ms"]) == (0, 3_600_000)
    assert bank.run("breaker", "trip", "--symbol", "ACME").exit_code == 0
    assert symbol_state(bank) == "halt"
    (shown,) = bank.told("breaker", "show")
    assert (shown["state"], shown["cause"]) == ("tripped", "manual")
    assert "tripped" in bank.run("breaker", "show").output
    assert bank.run("breaker", "reset", "--symbol", "ACME").exit_code == 0
    assert symbol_state(bank) == "continuous"
    assert (last_line(bank).act, last_line(bank).target) == ("breaker.reset", "ACME")
    assert bank.run("breaker", "remove", "--symbol", "ACME").exit_code == 0
    assert bank.told("breaker", "show") == []
    assert bank.run("breaker", "set").exit_code == 2
    assert "error[invalid_breaker]" in bank.run("breaker", "set", "--volume", "5").output
    assert "error[unknown_symbol]" in bank.run("breaker", "trip", "--symbol", "NONE").output


def test_what_was_done_is_told_with_its_place_in_the_log(bank: Bank) -> None:
    bank.run("limits", "set", "open-orders", "50", "--account", "bob")
    bank.run("limits", "set", "open-orders", "60", "--account", "bob")
    bank.run("limits", "remove", "open-orders", "--account", "bob")
    shown = bank.run("audit", "log", "--json")
    assert shown.exit_code == 0, shown.output
    lines = [json.loads(text) for text in shown.stdout.splitlines() if text.startswith("{")]
    assert [(line["before"], line["after"]) for line in lines[-3:]] == [(None, 50), (50, 60), (60, None)]
    sequences = [line["sequence"] for line in lines if line["sequence"] is not None]
    assert sequences == sorted(sequences)
    assert f"{len(lines)} lines, each bound to the one before" in shown.stderr
    assert "open-orders of bob" in bank.run("audit", "log").output
    assert "open-orders" not in bank.run("audit", "log", "--since", "2090-01-01").output


def test_an_export_is_a_configuration(bank: Bank, tmp_path: Path) -> None:
    file = tmp_path / "export.yaml"
    assert bank.run("export", str(file)).exit_code == 0
    read = load("production", file, {})
    assert "ACME" in [symbol.name for symbol in read.symbols]
    assert {"alice", "bob", "fees", "world"} <= {account.name for account in read.accounts}
    assert bank.run("export", "-").stdout.endswith(file.read_text())
    (tmp_path / "no").mkdir()
    assert bank.run("export", str(tmp_path / "no" / "such" / "file")).exit_code == 1


def test_the_trail_is_held_against_the_log(bank: Bank) -> None:
    directory = Path(bank.embedded.venue.data_directory)
    bank.run("limits", "set", "open-orders", "70", "--account", "bob")
    told = bank.run("audit", "log")
    assert told.exit_code == 0
    # What tests sent without a line, and nothing of the configuration, which has lines.
    names = {line.target for line in trail.lines(directory) if line.act == "configuration"}
    assert {"the account alice", "the account bob", "the symbol ACME"} <= names
    assert "no line for" in told.stderr
    assert "kind account" not in told.stderr
    assert "not true" not in told.stderr
    whole = (directory / trail.FILE).read_bytes()
    try:
        (directory / trail.FILE).write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
        assert "amount 70" in bank.run("audit", "log").stderr
        (directory / trail.FILE).write_bytes(whole)
        made_up = trail.Act(by=trail.Actor(host_user="eve"), act="limit.set", target="x", sequence=1 << 40)
        trail.append(directory, made_up)
        told = bank.run("audit", "log")
        assert told.exit_code == 1
        assert "(limit.set of x) names record 1099511627776, and the log ends with" in told.stderr
        assert bank.run("audit", "log", "--no-compare").exit_code == 0
    finally:
        (directory / trail.FILE).write_bytes(whole)


def test_a_trail_that_was_tampered_with_is_told(tmp_path: Path, bank: Bank) -> None:
    text = (Path(bank.embedded.venue.data_directory) / trail.FILE).read_text()
    (tmp_path / trail.FILE).write_text(text.replace('"result":"done"', '"result":"fine"', 1))
    from tests.cli.conftest import runner
    from tradsys.cli.main import app

    (tmp_path / "whole").mkdir()
    (tmp_path / "whole" / trail.FILE).write_text(text)
    told = runner.invoke(app, ["audit", "log", "--data-dir", str(tmp_path / "whole")])
    assert (told.exit_code, "there is no log here" in told.output) == (0, True)
    told = runner.invoke(app, ["audit", "log", "--data-dir", str(tmp_path)])
    assert told.exit_code == 1
    assert "damaged: line 1 has been changed" in told.output


def imported(bank: Bank, tmp_path: Path, content: str, *options: str) -> tuple[int, dict[str, Any]]:
    """Exit status and what is told."""
    file = tmp_path / "import.yaml"
    file.write_text(content)
    result = bank.run("import", str(file), "--json", *options)
    return result.exit_code, json.loads(result.stdout.splitlines()[-1]) if result.stdout else {"error": result.stderr}


def test_what_was_exported_changes_nothing_when_it_is_imported(bank: Bank, tmp_path: Path) -> None:
    text = bank.run("export", "-").stdout
    assert imported(bank, tmp_path, text) == (0, {"done": True, "changes": [], "refused": []})


IMPORT = """
accounts:
  - {name: ivy, group: 9}
assets:
  - {name: EUR, decimals: 2, value: "1.0825"}
symbols:
  - {name: EURO, tick_size: "0.01", lot_size: "1", lowest_price: "0.01", highest_price: "9.99", reference_price: "1.00",
     base: EUR, quote: USD, fee_account: fees, rules: {collar_bps: 400}}
fees:
  - {symbol: EURO, maker_rate: 1, taker_rate: 2}
limits:
  - {limit: exposure, value: 5000, account: ivy}
breakers:
  - {symbol: EURO, price_move_bps: 100, window_ms: 60000, halt_ms: 1000}
"""


def test_an_import_adds_what_is_missing_and_changes_what_differs(bank: Bank, tmp_path: Path) -> None:
    before = bank.run("export", "-").stdout
    status, told = imported(bank, tmp_path, IMPORT, "--dry-run")
    assert (status, told["done"]) == (0, False)
    assert [change["path"] for change in told["changes"]] == [
        "symbols[EURO]",
        "accounts[ivy]",
        "assets[EUR]",
        "fees[EURO, class 0, tier 0]",
        "limits[exposure of ivy]",
        "breakers[EURO]",
    ]
    assert bank.run("export", "-").stdout == before
    assert imported(bank, tmp_path, IMPORT) == (0, told | {"done": True})
    file = tmp_path / "after.yaml"
    bank.run("export", str(file))
    after = load("production", file, {})
    assert after.assets[-1].value == "1.0825"
    assert after.symbols[-1].rules.collar_bps == 400
    assert (after.breakers[0].symbol, after.breakers[0].window_ms) == ("EURO", 60000)
    assert [(limit.account, limit.value) for limit in after.limits if limit.limit == "exposure"] == [("ivy", 5000)]
    more = """
accounts: [{name: bob, group: 7, roles: [administrator]}, {name: kay, roles: [risk_officer]}]
calendars: [{name: euro, symbols: [EURO], phases: [{at: "09:00", state: continuous}]}]
"""
    status, told = imported(bank, tmp_path, more)
    assert (status, [change["path"] for change in told["changes"]]) == (
        0,
        ["accounts[bob].roles", "accounts[kay]", "calendars[euro]"],
    )
    assert bank.told("account", "role", "kay")["roles"] == ["risk_officer"]
    assert [each["calendar"] for each in bank.told("calendar", "show")] == ["euro"]
    assert imported(bank, tmp_path, bank.run("export", "-").stdout)[1]["changes"] == []
    changed = "limits:\n  - {limit: exposure, value: 6000, account: ivy}\n"
    status, told = imported(bank, tmp_path, changed)
    assert (status, [(each["before"], each["after"]) for each in told["changes"]]) == (0, [("5000", "6000")])
    assert last_line(bank).act == "import"
    assert "the venue has all of that already" in bank.run("import", str(tmp_path / "import.yaml")).output


def test_an_import_that_cannot_be_done_whole_is_not_done(bank: Bank, tmp_path: Path) -> None:
    before = bank.run("export", "-").stdout
    acme = next(each for each in bank.told("symbol", "list") if each["name"] == "ACME")
    fields = {key: acme[key] for key in ("name", "tick_size", "lot_size", "lowest_price", "reference_price", "base")}
    fields |= {"quote": acme["quote"], "highest_price": "500.00"}
    refused: list[tuple[dict[str, Any], str]] = [
        ({"symbols": [fields]}, "it was defined once"),
        ({"accounts": [{"name": "bob", "group": 8}]}, "it was defined once"),
        ({"accounts": [{"name": "new", "deposits": [{"asset": "USD", "amount": "5"}]}]}, "with tradsys deposit"),
    ]
    for content, why in refused:
        status, told = imported(bank, tmp_path, json.dumps({"accounts": [{"name": "never"}]} | content))
        assert (status, told["done"]) == (1, False), told
        assert why in told["refused"][0]["why"]
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"accounts": [{"name": "bob", "keys": ["secret-key"]}]}, "tradsys key add makes keys"),
        ({"gateway": {"port": 80}}, "cannot be imported"),
        ({"accounts": [{"name": "bob", "colour": "red"}]}, "unknown key"),
        ({"limits": [{"limit": "position", "value": 5, "account": "nobody"}]}, "is no account"),
        ({"calendars": [{"name": "x", "phases": []}]}, "has no phase"),
    ]
    for content, why in wrong:
        status, told = imported(bank, tmp_path, json.dumps(content))
        assert status == 1
        assert why in told["error"]
        assert "secret-key" not in told["error"]
    assert bank.run("import", str(tmp_path / "no such file")).exit_code == 1
    assert bank.run("export", "-").stdout == before

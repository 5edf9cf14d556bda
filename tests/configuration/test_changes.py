"""What differs between two configurations, and when it counts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tradsys.configuration import Configuration, load
from tradsys.configuration.changes import Change, changes, effective

SYMBOL = (
    '{name: X, tick_size: "0.01", lot_size: "1",'
    ' lowest_price: "1.00", highest_price: "2.00", reference_price: "1.50"%s}'
)


def _with(**variables: str) -> Configuration:
    return load("testing", environ={f"TRADSYS__{name}".upper(): value for name, value in variables.items()})


def _found(before: dict[str, str], after: dict[str, str]) -> list[tuple[str, str, str, str]]:
    found = changes(_with(**before), _with(**after))
    return [(change.path, change.before, change.after, change.when) for change in found]


def test_the_same_configuration_has_no_changes() -> None:
    assert changes(_with(), _with()) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"logging__level": "debug"}, ("logging.level", '"warning"', '"debug"', "live")),
        ({}, {"snapshots__keep": "5"}, ("snapshots.keep", "3", "5", "live")),
        (
            {},
            {"monitoring__thresholds__disk_percent__enter": "90"},
            ("monitoring.thresholds.disk_percent.enter", "85", "90", "live"),
        ),
        ({}, {"gateway__port": "9000"}, ("gateway.port", "0", "9000", "restart")),
        ({}, {"rings__log": "2048"}, ("rings.log", "1024", "2048", "restart")),
        (
            {},
            {"limits": "[{limit: exposure, value: 5, account: alice}]"},
            ("limits[exposure of alice]", "", '{"limit":"exposure","value":5,"account":"alice"}', "core"),
        ),
        (
            {"limits": "[{limit: position, value: 5, account: alice, symbol: ACME}]"},
            {"limits": "[{limit: position, value: 6, account: alice, symbol: ACME}]"},
            ("limits[position of alice in ACME].value", "5", "6", "core"),
        ),
        (
            {"limits": "[{limit: exposure, value: 5, group: 3}]"},
            {"limits": "[]"},
            ("limits[exposure of group 3]", '{"limit":"exposure","value":5,"group":3}', "", "core"),
        ),
        (
            {"symbols": f"[{SYMBOL % ''}]"},
            {"symbols": f"[{SYMBOL % ', rules: {orders_max: 3}'}]"},
            ("symbols[X].rules.orders_max", "0", "3", "core"),
        ),
        (
            {"symbols": f"[{SYMBOL % ''}]"},
            {"symbols": f"[{SYMBOL % ', opens: halt'}]"},
            ("symbols[X].opens", '"continuous"', '"halt"', "core"),
        ),
        (
            {"symbols": f"[{SYMBOL % ''}]"},
            {"symbols": f"[{SYMBOL.replace('0.01', '0.02') % ''}]"},
            ("symbols[X].tick_size", '"0.01"', '"0.02"', "never"),
        ),
        (
            {"accounts": "[{name: a}]"},
            {"accounts": "[{name: a, keys: [fresh]}]"},
            ("accounts[a].keys", "[redacted]", "[redacted]", "live"),
        ),
        (
            {"accounts": "[{name: a}, {name: b}]"},
            {"accounts": "[{name: b}]"},
            ("accounts[a]", '{"name":"a"}', "", "never"),
        ),
        (
            {"breakers": "[{volume: 5, window_ms: 9}]"},
            {"breakers": "[]"},
            ("breakers[the venue]", '{"volume":5,"window_ms":9}', "", "core"),
        ),
    ],
)
def test_a_change_is_told_with_its_path_its_values_and_when_it_counts(
    before: dict[str, str], after: dict[str, str], expected: tuple[str, str, str, str]
) -> None:
    assert _found(before, after) == [expected]


def test_the_order_of_entries_is_no_change() -> None:
    assert _found({"accounts": "[{name: a}, {name: b}]"}, {"accounts": "[{name: b}, {name: a}]"}) == []


def test_a_key_and_its_fingerprint_are_the_same() -> None:
    key, fingerprint = "k", "sha256:8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a"
    accounts = "[{name: a, keys: ['%s']}]"
    assert _found({"accounts": accounts % key}, {"accounts": accounts % fingerprint}) == []


def test_keys_of_an_account_that_is_taken_out_count_no_more() -> None:
    found = _found({"accounts": "[{name: a, keys: [k]}]"}, {"accounts": "[]"})
    assert [(path, when) for path, _, _, when in found] == [("accounts[a].keys", "live"), ("accounts[a]", "never")]


def test_what_needs_a_restart_does_not_count_before() -> None:
    running = _with(gateway__port="1", logging__level="error")
    wanted = _with(gateway__port="2", gateway__depth_levels_max="7", logging__level="debug", accounts="[{name: z}]")
    counting = effective(running, wanted)
    assert (counting.gateway.port, counting.gateway.depth_levels_max, counting.logging.level) == (1, 7, "debug")
    assert [entry.name for entry in counting.accounts] == ["z"]
    assert {change.when for change in changes(counting, wanted)} == {"restart"}


def test_a_change_reads_as_a_sentence_and_travels_as_json() -> None:
    change = Change("gateway.port", "1", "2", "restart")
    assert str(change) == "gateway.port: 1 -> 2"
    fields: dict[str, Any] = {"path": "gateway.port", "before": "1", "after": "2", "when": "restart"}
    assert msgspec.json.decode(msgspec.json.encode(change)) == fields

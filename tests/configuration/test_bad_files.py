"""What people get wrong in a configuration file, and what they are told: where it is, what is wrong, what is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tradsys.configuration import InvalidConfigurationError, load
from tradsys.configuration.constraints import Constraint, constraints
from tradsys.configuration.mistakes import Mistake, dotted

SYMBOL = (
    'name: X, tick_size: "0.01", lot_size: "1", lowest_price: "1.00", highest_price: "2.00", reference_price: "1.50"'
)
SETTLED = f"{SYMBOL}, base: SHARE, quote: USD"
ASSETS = 'assets: [{name: USD, decimals: 2, value: "1"}, {name: SHARE, decimals: 0}]'
FEES_TO = "{name: fees, kind: fee}"
WORLD = "{name: world, kind: outside}"


def _symbol(said: str, instead: str) -> str:
    assert said in SYMBOL
    return f"symbols: [{{{SYMBOL.replace(said, instead)}}}]"


BAD = [
    # Names
    ("gatway: {port: 1}", "gatway", "did you mean 'gateway'?"),
    ("gateway: {prot: 1}", "gateway.prot", "unknown key; did you mean 'port'?"),
    ("port: 9000", "port", "did you mean gateway.port?"),
    ("gateway: {level: debug}", "gateway.level", "did you mean journal.level or logging.level?"),
    ("pools: {log: 1024}", "pools.log", "did you mean rings.log?"),
    ("colour: blue", "colour", "known are version, environment, topology"),
    ("Gateway: {port: 1}", "Gateway", "did you mean 'gateway'?"),
    ("accounts: [{name: a, role: [administrator]}]", "accounts[0].role", "did you mean 'roles'?"),
    (_symbol("tick_size", "ticksize"), "symbols[0].ticksize", "did you mean 'tick_size'?"),
    ("limits: [{limit: exposure, val: 1}]", "limits[0].val", "did you mean 'value'?"),
    # Types
    ("gateway: fast", "gateway", "must be a section with host, port"),
    ("gateway: [1]", "gateway", "= a list of 1"),
    ("symbols: {}", "symbols", "must be a list; write one '- ...' line for each, or []"),
    ("symbols: [hello]", "symbols[0]", "must be a section with name, tick_size"),
    ("gateway: {port: '9000'}", "gateway.port", "must be a whole number from 0 to 65535"),
    ("gateway: {port: 1.5}", "gateway.port", "must be a whole number from 0 to 65535"),
    ("gateway: {port: true}", "gateway.port", "must be a whole number from 0 to 65535"),
    ("gateway:\n  port:", "gateway.port", "must be a whole number from 0 to 65535"),
    ("topology: {pin: 1}", "topology.pin", "must be true or false"),
    ("topology: {pin: 'true'}", "topology.pin", "write it without quotes"),
    ("gateway: {host: 127}", "gateway.host", "must be a text in quotes; put it in quotes"),
    (_symbol('tick_size: "0.01"', "tick_size: 0.01"), "symbols[0].tick_size", "put it in quotes"),
    ("accounts: [{name: a, keys: k}]", "accounts[0].keys", "must be a list"),
    ("accounts: [{name: a, keys: [5]}]", "accounts[0].keys[0]", "put it in quotes"),
    ("accounts: [{}]", "accounts[0].name", "is missing; set it to a text in quotes"),
    ("monitoring: {thresholds: {lost: high}}", "monitoring.thresholds.lost", "must be a section with enter, leave"),
    ("fee_tiers: [{tier: 1}]", "fee_tiers[0].volume", "is missing"),
    ("limits: [{value: 1}]", "limits[0].limit", "is missing; set it to one of cancels_burst,"),
    # Ranges and choices
    ("gateway: {port: 70000}", "gateway.port", "set it to 65535, which is the nearest"),
    ("gateway: {count: 0}", "gateway.count", "set it to 1, which is the nearest"),
    ("clock: {tick_ms: 0}", "clock.tick_ms", "must be a whole number from 1 to 60000"),
    ("journal: {stuck_ms: 1}", "journal.stuck_ms", "set it to 10, which is the nearest"),
    ("topology: {shards: 65}", "topology.shards", "set it to 64"),
    ("rings: {log: 32}", "rings.log", "must be a whole number from 64"),
    ("topology: {kind: shard}", "topology.kind", "did you mean 'sharded'?"),
    ("journal: {level: groups}", "journal.level", "did you mean 'group'?"),
    ("journal: {level: disk}", "journal.level", "must be one of each, group, memory"),
    ("logging: {level: INFO}", "logging.level", "did you mean 'info'?"),
    ("logging: {format: text}", "logging.format", "must be one of auto, console, journald, json"),
    ("snapshots: {segments: delete}", "snapshots.segments", "must be one of archive, drop, keep"),
    ("accounts: [{name: a, kind: customer}]", "accounts[0].kind", "must be one of client, fee, house, outside"),
    ("accounts: [{name: a, roles: [admin]}]", "accounts[0].roles[0]", "must be one of administrator, risk_officer"),
    ("accounts: [{name: a, group: -1}]", "accounts[0].group", "set it to 0, which is the nearest"),
    ("limits: [{limit: exposures, value: 1}]", "limits[0].limit", "did you mean 'exposure'?"),
    ("fees: [{taker_rate: 2000000}]", "fees[0].taker_rate", "set it to 1000000"),
    (_symbol("name: X", "name: X, rules: {collar_bps: 1000001}"), "symbols[0].rules.collar_bps", "1000000"),
    (_symbol("name: X", "name: X, opens: later"), "symbols[0].opens", "must be one of closed, closing_auction"),
    ("version: 2", "version", "set it to 1, which is the nearest"),
    # Rules across settings
    ("rings: {log: 1000}", "rings.log", "must be a power of two; set it to 512 or 1024"),
    ("rings: {events: 5000}", "rings.events", "set it to 4096 or 8192"),
    ("rings: {gateway: 65}", "rings.gateway", "set it to 64 or 128"),
    ("rings: {gateway: 2048}", "rings.gateway", "is longer than the log's ring"),
    ("journal: {segment_bytes: 1000001}", "journal.segment_bytes", "multiple of 4096; set it to 1003520"),
    ("rings: {log: 32768}", "journal.segment_bytes", "set it to 2097152 at least, or lower rings.log"),
    ("topology: {kind: sharded, idle: spin, shards: 64}", "topology.idle", "needs a core for each of 64 matchers"),
    ("topology: {kind: sharded, standby: true, idle: spin, shards: 64}", "topology.idle", "needs a core for each of"),
    ("gateway: {count: 200, spare_rings: 51}", "gateway.spare_rings", "together they may be 250"),
    ("snapshots: {archive: /backup}", "snapshots.archive", "segments are not archived"),
    ("snapshots: {segments: drop, interval_seconds: 0}", "snapshots.segments", "waits for snapshots, and none"),
    ("pools: {accounts_max: 1}", "pools.accounts_max", "too small for the 3 accounts configured; set it to 3"),
    ("pools: {symbols_max: 1}", "pools.symbols_max", "too small for the 2 symbols configured"),
    (f"pools: {{assets_max: 1}}\n{ASSETS}", "pools.assets_max", "too small for the 2 assets configured"),
    (
        "pools: {directory_entries_per_shard: 16}",
        "pools.directory_entries_per_shard",
        "is too small for the price ranges; set it to",
    ),
    (
        "monitoring: {thresholds: {cpu_percent: {enter: 80, leave: 85}}}",
        "monitoring.thresholds.cpu_percent",
        "leave, 85, is not below enter, 80; set leave below 80",
    ),
    ("limits: [{limit: trading, value: 2}]", "limits[0].value", "set it to 0 (not permitted) or 1"),
    ("limits: [{limit: leverage, value: 1000001}]", "limits[0].value", "of leverage is at most 1000000"),
    ("limits: [{limit: orders_burst, value: 1000000001}]", "limits[0].value", "at most 1000000000"),
    ("breakers: [{volume: 5}]", "breakers[0].window_ms", "is missing, over which the breaker looks"),
    ("breakers: [{half_open_ms: 5}]", "breakers[0].half_open_ms", "set halt_ms too"),
    ("breakers: [{symbol: ACME, symbols: 2, window_ms: 1}]", "breakers[0].symbols", "only the venue's breaker"),
    ("breakers: [{price_move_bps: 2, window_ms: 1}]", "breakers[0]", "which has no price to move"),
    (
        "limits: [{limit: order_lots_min, value: 9}, {limit: order_lots_max, value: 5}]",
        "limits[0].value",
        "of order_lots_min is above that of order_lots_max, 5; set it to 5 at most",
    ),
    (
        "limits: [{limit: short, value: 9, account: bob}, {limit: short, value: 5, account: bob}]",
        "limits[1]",
        "is said by number 0 already",
    ),
    ("fees: [{taker_rate: 1}, {taker_rate: 2}]", "fees[1]", "is said by number 0 already"),
    # Names, numbers and amounts of what trades
    (f"symbols: [{{{SYMBOL}}}, {{{SYMBOL}}}]", "symbols[1].name", "is already the name of number 0"),
    (_symbol("name: X", f"name: {'X' * 17}"), "symbols[0].name", "choose another name"),
    (_symbol('lot_size: "1"', 'lot_size: "0"'), "symbols[0].lot_size", "write a positive decimal number in quotes"),
    (_symbol('tick_size: "0.01"', 'tick_size: "a"'), "symbols[0].tick_size", "write a positive decimal number"),
    (_symbol('"1.50"', '"1.505"'), "symbols[0].reference_price", "write a multiple of 0.01 in quotes"),
    (_symbol('"1.50"', '"2.01"'), "symbols[0].reference_price", "set it within 1.00 to 2.00"),
    (_symbol('"1.00"', '"2.00"'), "symbols[0].lowest_price", "set it below highest_price 2.00"),
    (_symbol('"2.00"', '"99999999.99"'), "symbols[0].highest_price", "choose a larger tick_size"),
    ("accounts: [{name: a}, {name: a}]", "accounts[1].name", "rename or remove one"),
    ("accounts: [{name: a b}]", "accounts[0].name", "choose another name"),
    ("accounts: [{name: a, keys: ['a b']}]", "accounts[0].keys[0]", "printable ASCII characters without spaces"),
    ("accounts: [{name: a, keys: [k]}, {name: b, keys: [k]}]", "accounts[1].keys[0]", "is already a key of 'a'"),
    ("accounts: [{name: a, keys: ['secret:nowhere']}]", "accounts[0].keys[0]", "there is no secret 'nowhere'"),
    ("accounts: [{name: a, keys: ['sha256:12']}]", "accounts[0].keys[0]", "is no fingerprint"),
    ("security: {secrets_file: /nowhere/at/all}", "security.secrets_file", "there is no such file"),
    (f"symbols: [{{{SETTLED}}}]\naccounts: [{FEES_TO}]", "symbols[0]", "there is no asset 'SHARE'"),
    (f"symbols: [{{{SYMBOL}, base: USD}}]\n{ASSETS}", "symbols[0]", "needs two different assets, base and quote"),
    (f"symbols: [{{{SETTLED}}}]\n{ASSETS}", "symbols[0].fee_account", "add an account of kind fee"),
    (
        f"accounts: [{{name: a, deposits: [{{asset: USD, amount: '1'}}]}}]\n{ASSETS}",
        "accounts[0].deposits",
        "come from an account of kind outside",
    ),
    (
        f"accounts: [{WORLD}, {{name: a, deposits: [{{asset: USD, amount: '0.001'}}]}}]\n{ASSETS}",
        "accounts[1].deposits[0].amount",
        "0.001",
    ),
    (
        f"accounts: [{WORLD}, {{name: a, deposits: [{{asset: EUR, amount: '1'}}]}}]\n{ASSETS}",
        "accounts[1].deposits[0].asset",
        "is no asset; add it to the assets",
    ),
    ("limits: [{limit: exposure, value: 1, account: zoe}]", "limits[0].account", "name one of the accounts"),
    ("limits: [{limit: position, value: 1, symbol: ACME}]", "limits[0]", "has no such scope"),
    ("fees: [{symbol: ZZZ}]", "fees[0].symbol", "name one of the symbols"),
    ('fee_tiers: [{tier: 2, volume: "1"}]', "fee_tiers[0].tier", "list the tiers from 1 on without a gap"),
    (
        'fee_tiers: [{tier: 1, volume: "2"}, {tier: 2, volume: "1"}]',
        "fee_tiers[1].volume",
        "is not above that of the tier below; raise it",
    ),
    # Files
    ("gateway: [", "configuration", "the file is not valid YAML in line"),
    ("a: 1\na: 2", "configuration", "not valid YAML in line 2: 'a' is given twice"),
    ("- 1", "configuration", "the file holds no sections"),
    ("environment: production", "environment", "the venue was started with 'testing'"),
]


def _mistakes(folder: Path, text: str) -> list[Mistake]:
    file = folder / "bad.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidConfigurationError) as caught:
        load("testing", file, {})
    return caught.value.mistakes


@pytest.mark.parametrize(("text", "path", "words"), BAD, ids=[path for _, path, _ in BAD])
def test_a_bad_file_is_told_with_its_place_what_is_wrong_and_what_would_be_right(
    tmp_path: Path, text: str, path: str, words: str
) -> None:
    mistakes = _mistakes(tmp_path, text)
    told = {dotted(mistake.path): str(mistake) for mistake in mistakes}
    assert path in told, told
    assert words in told[path]
    file = tmp_path / "bad.yaml"
    assert all(mistake.problem and mistake.remedy for mistake in mistakes)
    assert any(mistake.source == str(file) for mistake in mistakes) or "testing.yaml" in told[path], told


def test_all_of_them_at_once_are_all_told(tmp_path: Path) -> None:
    text = "gateway: {prot: 1, port: -1}\nclock: {tick_ms: 0}\nrings: {log: 1000}\ntopology: {kind: shard}"
    told = [dotted(mistake.path) for mistake in _mistakes(tmp_path, text)]
    assert sorted(told) == ["clock.tick_ms", "gateway.port", "gateway.prot", "rings.log", "topology.kind"]


def test_every_constraint_is_broken_by_one_of_them() -> None:
    told = {path for _, path, _ in BAD}
    alone = {"spinning-engine"}  # on a host with one core
    assert [each.id for each in constraints() if each.id not in alone and _place(each) not in told] == []


def _place(constraint: Constraint) -> str:
    """Where a file of one entry is told that it breaks it."""
    if not constraint.each:
        return constraint.tells
    return f"{constraint.each}[0].{constraint.tells}".removesuffix(".")

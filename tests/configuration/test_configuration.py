from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import yaml

from tradsys.configuration import ENVIRONMENTS, Configuration, InvalidConfigurationError, Mistake, load
from tradsys.configuration import sources as configuration_sources
from tradsys.configuration.mistakes import dotted
from tradsys.errors import ConfigurationError
from tradsys.records import MarketState, TriggerSource
from tradsys.symbols import Rules

SYMBOL = {
    "name": "X",
    "tick_size": "0.01",
    "lot_size": "1",
    "lowest_price": "1.00",
    "highest_price": "2.00",
    "reference_price": "1.50",
}


CLEAR_TEXT = {"TRADSYS__SECURITY__CLEAR_TEXT": "true"}


def _file(folder: Path, content: object) -> Path:
    path = folder / "mine.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return path


def _mistakes(
    folder: Path, content: object = None, environ: dict[str, str] | None = None, environment: str = "production"
) -> dict[str, Mistake]:
    overrides = None if content is None else _file(folder, content)
    with pytest.raises(InvalidConfigurationError) as caught:
        load(environment, overrides, CLEAR_TEXT | (environ or {}))
    told = {dotted(mistake.path): mistake for mistake in caught.value.mistakes}
    assert len(told) == len(caught.value.mistakes), "two mistakes about one value"
    assert all(mistake.problem and mistake.remedy for mistake in caught.value.mistakes)
    return told


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_environment_that_is_shipped_loads_and_its_symbols_can_be_defined(environment: str) -> None:
    configuration = load(environment, environ={})
    assert configuration.environment == environment
    for symbol in configuration.symbol_list():
        assert len(symbol.definition()) == 1
        assert symbol.highest_ticks - symbol.lowest_ticks <= 1_000_000
    for account in configuration.account_list():
        assert len(account.definition()) == 1


def test_the_base_file_names_every_setting_with_the_default_of_its_type() -> None:
    base = yaml.safe_load((configuration_sources.directory() / "base.yaml").read_text(encoding="utf-8"))
    assert msgspec.to_builtins(Configuration()) == {"environment": "development", **base}


def test_production_waits_until_an_order_is_durable_and_ships_no_keys() -> None:
    for environment in ("staging", "production"):
        configuration = load(environment, environ={})
        assert configuration.journal.level == "group"
        assert not any(entry.keys for entry in configuration.accounts)


def test_later_layers_win_over_earlier_ones(tmp_path: Path) -> None:
    mine = _file(tmp_path, {"gateway": {"port": 1234, "count": 2}, "clock": None})
    configuration = load("testing", mine, {"TRADSYS__GATEWAY__PORT": "4321", "OTHER__GATEWAY__COUNT": "9"})
    assert configuration.gateway.port == 4321
    assert configuration.gateway.count == 2
    assert configuration.clock.tick_ms == 50
    assert configuration.journal.segment_bytes == 1_048_576


def test_a_list_replaces_the_list_below_it_and_numbers_begin_with_1(tmp_path: Path) -> None:
    mine = _file(tmp_path, {"symbols": [SYMBOL | {"opens": "pre_open"}], "accounts": [{"name": "me", "keys": ["k"]}]})
    configuration = load("development", mine, {})
    (symbol,) = configuration.symbol_list()
    assert (symbol.id, symbol.name, symbol.state) == (1, "X", MarketState.PRE_OPEN)
    assert [(entry.name, entry.keys) for entry in configuration.accounts] == [("me", ["k"])]


def test_variables_are_read_by_the_type_they_set() -> None:
    environ = {
        "TRADSYS__TOPOLOGY__PIN": "false",
        "TRADSYS__GATEWAY__HOST": "0",
        "TRADSYS__ACCOUNTS": '[{name: me, keys: ["k1", "k2"]}]',
    }
    configuration = load("testing", environ=environ)
    assert configuration.topology.pin is False
    assert configuration.gateway.host == "0"
    assert configuration.accounts[0].keys == ["k1", "k2"]


def test_all_mistakes_are_told_at_once_each_with_its_source(tmp_path: Path) -> None:
    content = {
        "gatway": {},
        "gateway": {"port": 99_999, "count": True},
        "topology": {"kind": "shard"},
        "rings": {"log": 1000},
        "symbols": [
            SYMBOL | {"tick_size": 0.01},
            SYMBOL | {"name": "Y", "lowest_price": "3.00"},
            SYMBOL | {"name": "Z", "reference_price": "1.501"},
            {key: SYMBOL[key] for key in SYMBOL if key != "lot_size"},
            "hello",
        ],
        "accounts": [{"name": "a b", "keys": ["k", "k"]}],
    }
    told = _mistakes(tmp_path, content, {"TRADSYS__CLOCK__TICK_MS": "soon", "TRADSYS__GATEWAY__HSOT": "x"})
    assert set(told) == {
        "gatway",
        "gateway.port",
        "gateway.count",
        "gateway.hsot",
        "topology.kind",
        "rings.log",
        "clock.tick_ms",
        "symbols[0].tick_size",
        "symbols[1].lowest_price",
        "symbols[2].reference_price",
        "symbols[3].lot_size",
        "symbols[3].name",
        "symbols[4]",
        "accounts[0].name",
        "accounts[0].keys[1]",
    }
    assert told["clock.tick_ms"].source == "TRADSYS__CLOCK__TICK_MS"
    assert told["gateway.port"].source.endswith("mine.yaml")
    assert told["gatway"].remedy == "did you mean 'gateway'?"
    assert told["gateway.hsot"].remedy == "did you mean 'host'?"
    assert told["symbols[0].tick_size"].remedy == "put it in quotes"
    assert told["rings.log"].remedy == "set it to 512 or 1024"


def test_the_message_lists_every_mistake_and_belongs_to_the_error_tree(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load("testing", _file(tmp_path, {"clock": {"tick_ms": 0}, "gateway": {"port": -1}}), {})
    assert caught.value.code == "invalid_configuration"
    assert "2 mistakes" in str(caught.value)
    assert "clock.tick_ms = 0 (from " in str(caught.value)
    assert "gateway.port = -1 (from " in str(caught.value)


def test_a_key_is_never_shown(tmp_path: Path) -> None:
    accounts = [{"name": "a", "keys": ["secret-one"]}, {"name": "b", "keys": ["secret-one", 5_550_123]}]
    with pytest.raises(InvalidConfigurationError) as caught:
        load("production", _file(tmp_path, {"accounts": accounts}), {})
    assert "secret-one" not in str(caught.value)
    assert "5550123" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("gateway: [", "not valid YAML"),
        ("a: 1\na: 2\n", "given twice"),
        ("- 1\n", "no sections"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_the_rest(tmp_path: Path, content: str, problem: str) -> None:
    told = _mistakes(tmp_path, content, {"TRADSYS__CLOCK__TICK_MS": "0"})
    assert problem in told["configuration"].problem
    assert "clock.tick_ms" in told


def test_symbols_have_rules_and_accounts_a_trade_group(tmp_path: Path) -> None:
    rules = {"static_band_bps": 1000, "dynamic_band_bps": 200, "breach_state": "closing_auction", "orders_max": 9}
    content = {
        "symbols": [SYMBOL | {"rules": rules | {"trigger_source": "touch"}}, SYMBOL | {"name": "Y"}],
        "accounts": [{"name": "a", "group": 3}, {"name": "b"}],
    }
    configuration = load("production", _file(tmp_path, content), {})
    assert [entry.rules.rules() for entry in configuration.symbols] == [
        Rules(1000, 200, 0, 9, TriggerSource.TOUCH, MarketState.CLOSING_AUCTION),
        Rules(),
    ]
    assert [account.group for account in configuration.account_list()] == [3, 0]


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigurationError, match="No such file"):
        load("testing", tmp_path / "absent.yaml", {})


def test_an_unknown_environment_is_told_with_the_nearest(tmp_path: Path) -> None:
    assert _mistakes(tmp_path, environment="prod")["environment"].remedy == "did you mean 'production'?"


def test_a_file_for_another_environment_is_told(tmp_path: Path) -> None:
    assert "started with 'production'" in _mistakes(tmp_path, {"environment": "testing"})["environment"].problem


@pytest.mark.parametrize("name", ["TRADSYS__GATEWAY", "TRADSYS__SYMBOLS__0__NAME", "TRADSYS__", "TRADSYS__A____B"])
def test_a_variable_that_names_no_value_is_told(tmp_path: Path, name: str) -> None:
    (mistake,) = _mistakes(tmp_path, environ={name: "1"}, environment="development").values()
    assert mistake.source == name


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({"gateway": {"count": 250, "spare_rings": 1}}, "gateway.spare_rings"),
        ({"pools": {"symbols_max": 1}, "symbols": [SYMBOL, SYMBOL | {"name": "Y"}]}, "pools.symbols_max"),
        ({"pools": {"accounts_max": 1}, "accounts": [{"name": "a"}, {"name": "b"}]}, "pools.accounts_max"),
        (
            {"pools": {"directory_entries_per_shard": 16}, "symbols": [SYMBOL | {"highest_price": "20.00"}]},
            "pools.directory_entries_per_shard",
        ),
        ({"pools": {"orders_per_shard": 1 << 22}}, "pools.orders_per_shard"),
        ({"topology": {"shards": 65}}, "topology.shards"),
        ({"journal": {"segment_bytes": 100_000}}, "journal.segment_bytes"),
        ({"symbols": [SYMBOL, SYMBOL]}, "symbols[1].name"),
        ({"symbols": [SYMBOL | {"name": "A" * 17}]}, "symbols[0].name"),
        ({"symbols": [SYMBOL | {"lot_size": "-1"}]}, "symbols[0].lot_size"),
        ({"symbols": [SYMBOL | {"tick_size": "70000"}]}, "symbols[0].tick_size"),
        ({"symbols": [SYMBOL | {"highest_price": "99999999.99"}]}, "symbols[0].highest_price"),
        ({"symbols": [SYMBOL | {"opens": "later"}]}, "symbols[0].opens"),
        ({"symbols": {}}, "symbols"),
        ({"symbols": [SYMBOL | {"rules": {"collar_bps": 1_000_001}}]}, "symbols[0].rules.collar_bps"),
        ({"symbols": [SYMBOL | {"rules": {"trigger_source": "bid"}}]}, "symbols[0].rules.trigger_source"),
        ({"symbols": [SYMBOL | {"rules": {"breach_state": "continuous"}}]}, "symbols[0].rules.breach_state"),
        ({"symbols": [SYMBOL | {"rules": {"static_band": 100}}]}, "symbols[0].rules.static_band"),
        ({"accounts": [{"name": "a", "group": -1}]}, "accounts[0].group"),
        ({"accounts": [{"name": "a"}, {"name": "a"}]}, "accounts[1].name"),
        ({"accounts": [{"name": "a", "keys": [""]}]}, "accounts[0].keys[0]"),
        ({"gateway": "fast"}, "gateway"),
    ],
)
def test_values_that_do_not_go_together_are_told(tmp_path: Path, content: object, path: str) -> None:
    told = _mistakes(tmp_path, content)
    assert path in told


def test_mistakes_about_money_are_told() -> None:
    symbol = (
        '[{name: S, base: A, quote: B, tick_size: "0.01", lot_size: "0.1", lowest_price: "1", highest_price: "9",'
        ' reference_price: "5"}]'
    )
    environ = {
        "TRADSYS__ASSETS": "[{name: A, decimals: 0}, {name: B, decimals: 2}]",
        "TRADSYS__SYMBOLS": symbol,
        "TRADSYS__ACCOUNTS": '[{name: a, deposits: [{asset: C, amount: "1"}, {asset: B, amount: "0.001"}]}]',
        "TRADSYS__LIMITS": "[{limit: exposure, value: 1, account: a, symbol: S}, {limit: position, symbol: S}]",
        "TRADSYS__FEES": "[{symbol: T}]",
        "TRADSYS__FEE_TIERS": '[{tier: 2, volume: "1"}]',
    }
    with pytest.raises(InvalidConfigurationError) as caught:
        load("testing", environ=environ)
    told = [str(mistake) for mistake in caught.value.mistakes]
    for expected in (
        "no whole number of A",
        "nobody to get the fees",
        "come from an account of kind outside",
        "is no asset",
        "0.001 is not a multiple",
        "is of the whole account",
        "has no such scope",
        "is no symbol",
        "is out of order",
    ):
        assert any(expected in sentence for sentence in told), (expected, told)

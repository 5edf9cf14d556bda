"""Accounts and symbols of the configuration, defined through a real engine that the test steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.workers.stepped import SIZES, compact, describe
from tradsys.configuration import Configuration, load
from tradsys.configuration.sections import AccountEntry, RulesEntry
from tradsys.reading.limits import set_for
from tradsys.reading.rows import assets_of
from tradsys.records import COMMAND, Kind, MarketState, details
from tradsys.risk.terms import Limit, Scope
from tradsys.symbols import Account
from workers import memory as venue_memory
from workers import topology
from workers.administration import trail
from workers.administration.comparing import compare
from workers.defining import Definitions
from workers.definitions import (
    RefusedDefinitionError,
    changed_accounts,
    changed_symbols,
    define_missing,
    known_accounts,
    known_symbols,
    missing_accounts,
    missing_symbols,
    present_rules,
    redefine,
)
from workers.engine import Engine
from workers.ledger_definitions import Definition
from workers.port import Port
from workers.supervision import Waits

TURNS_MAX = 2000
ROOMY = msgspec.structs.replace(SIZES, directory_entries_per_shard=65_536)


class Stepped:
    """An engine whose memory is this process's, and the supervisor's port into it."""

    def __init__(self, directory: Path, sizes: venue_memory.Sizes = ROOMY) -> None:
        plans = compact()
        venue = describe(directory, plans, sizes)
        venue.path.mkdir(exist_ok=True)
        self.memory = venue_memory.private(sizes)
        self.venue = venue
        self.engine = Engine(venue, plans[0], self.memory)
        self.engine.recover()
        self.port = Port(self.memory, venue.control_ring, 0)
        self.told: dict[int, Definition] = {}

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        for _ in range(TURNS_MAX):
            if condition():
                return
            self.engine.turn(100_000)
        raise AssertionError(f"waited in vain for {what}")

    def tell(self, definition: Definition, sequence: int) -> None:
        self.told[sequence] = definition

    def define(self, configuration: Configuration) -> None:
        define_missing(self.memory, self.port, configuration, self.wait, self.tell)

    def redefine(self, before: Configuration, after: Configuration) -> None:
        redefine(self.memory, self.port, before, after, self.wait, self.tell)

    def close(self) -> None:
        self.port.close()
        self.engine.close()


def service(stepped: Stepped, settings: Configuration) -> Definitions:
    """The supervisor's, at the ring of the port."""

    def wait(condition: Callable[[], bool], seconds: float, what: str) -> None:
        stepped.wait(condition, what)

    stepped.port.close()
    venue = msgspec.structs.replace(stepped.venue, configuration=settings, sizes=topology.sizes(settings))
    return Definitions(venue, lambda: stepped.memory, (), Waits(wait, wait), 1.0)


def configuration(accounts: str, symbols: list[tuple[str, str]]) -> Configuration:
    entries = ", ".join(
        f'{{name: {name}, tick_size: "{tick}", lot_size: "1", lowest_price: "1.00", highest_price: "90.00", '
        f'reference_price: "50.00"}}'
        for name, tick in symbols
    )
    names = ", ".join(f"{{name: {name}}}" for name in accounts.split())
    return load("testing", environ={"TRADSYS__ACCOUNTS": f"[{names}]", "TRADSYS__SYMBOLS": f"[{entries}]"})


def test_everything_is_defined_once_and_numbered_on(tmp_path: Path) -> None:
    first = configuration("alice bob", [("ACME", "0.01")])
    stepped = Stepped(tmp_path)
    stepped.define(first)
    assert known_accounts(stepped.memory) == first.account_list()
    assert known_symbols(stepped.memory) == first.symbol_list()
    logged = int(stepped.memory.control[venue_memory.JOURNALED])
    stepped.define(first)
    assert stepped.port.next_request == 3
    assert logged >= 3
    stepped.define(configuration("carol bob", [("EMCA", "0.05"), ("ACME", "0.01")]))
    assert [account.name for account in known_accounts(stepped.memory)] == ["alice", "bob", "carol"]
    assert [(symbol.id, symbol.name) for symbol in known_symbols(stepped.memory)] == [(1, "ACME"), (2, "EMCA")]
    stepped.close()


def test_a_symbol_for_which_the_shard_has_no_room_is_told(tmp_path: Path) -> None:
    stepped = Stepped(tmp_path, msgspec.structs.replace(SIZES, directory_entries_per_shard=64))
    told = r"refused the symbol WIDE: .* more ticks than the venue can hold"
    with pytest.raises(RefusedDefinitionError, match=told) as caught:
        stepped.define(configuration("alice", [("WIDE", "0.01")]))
    assert caught.value.code == "definition_refused"
    stepped.close()


def test_a_symbol_for_which_the_venue_has_no_number_is_told(tmp_path: Path) -> None:
    stepped = Stepped(tmp_path, msgspec.structs.replace(ROOMY, symbols_max=1))
    stepped.define(configuration("alice", [("ACME", "0.01")]))
    with pytest.raises(RefusedDefinitionError, match=r"no place for the symbol EMCA: pools\.symbols_max is 1"):
        stepped.define(configuration("alice", [("EMCA", "0.01")]))
    stepped.close()


def test_the_refusal_of_a_record_that_the_ring_had_before_is_nobody_elses(tmp_path: Path) -> None:
    stepped = Stepped(tmp_path)
    stepped.port.submit(details(Kind.LIMIT, scope=99).view(COMMAND))
    stepped.define(configuration("alice", []))
    assert [account.name for account in known_accounts(stepped.memory)] == ["alice"]
    stepped.close()


def test_rules_are_those_of_the_configuration_from_each_start_on(tmp_path: Path) -> None:
    plain = configuration("alice", [("ACME", "0.01"), ("EMCA", "0.01")])
    banded, closed = RulesEntry(static_band_bps=500, breach_state="closing_auction"), RulesEntry(orders_max=3)
    stepped = Stepped(tmp_path)
    for wanted in ([RulesEntry(), banded], [RulesEntry(), banded], [closed, banded], [closed, RulesEntry()]):
        entries = [
            msgspec.structs.replace(entry, rules=rules) for entry, rules in zip(plain.symbols, wanted, strict=True)
        ]
        stepped.define(msgspec.structs.replace(plain, symbols=entries))
        assert [present_rules(stepped.memory, number) for number in (1, 2)] == [rules.rules() for rules in wanted]
    assert stepped.port.next_request == 1 + 2 + 1 + 1 + 1, "what is there already is not sent again"
    stepped.close()


def test_accounts_keep_the_trade_group_that_the_log_gave_them(tmp_path: Path) -> None:
    stepped = Stepped(tmp_path)
    first = configuration("alice bob", [])
    grouped = msgspec.structs.replace(first, accounts=[AccountEntry("alice", group=2), AccountEntry("carol", group=2)])
    stepped.define(first)
    stepped.define(grouped)
    known = known_accounts(stepped.memory)
    assert known == [Account(1, "alice"), Account(2, "bob"), Account(3, "carol", 2)]
    assert changed_accounts(known, grouped) == ["alice"]
    stepped.close()


def test_only_what_is_not_known_by_name_is_missing() -> None:
    wanted = configuration("alice bob", [("ACME", "0.01"), ("EMCA", "0.01")])
    assert missing_accounts([Account(1, "bob"), Account(2, "x")], wanted) == [Account(3, "alice")]
    known = [wanted.symbols[1].symbol(1)]
    assert [(symbol.id, symbol.name) for symbol in missing_symbols(known, wanted)] == [(2, "ACME")]


def test_a_symbol_that_the_configuration_describes_otherwise_is_noticed() -> None:
    known = configuration("", [("ACME", "0.01"), ("EMCA", "0.01")]).symbol_list()
    assert changed_symbols(known, configuration("", [("ACME", "0.05"), ("EMCA", "0.01")])) == ["ACME"]


def test_money_is_defined_once_and_what_was_changed_since_stays(tmp_path: Path) -> None:
    environ = {
        "TRADSYS__ASSETS": '[{name: USD, decimals: 2, value: "1"}, {name: BTC, decimals: 8, value: "60000"}]',
        "TRADSYS__SYMBOLS": '[{name: BTC-USD, base: BTC, quote: USD, tick_size: "0.10", lot_size: "0.0001",'
        ' lowest_price: "10000.00", highest_price: "12000.00", reference_price: "11000.00"}]',
        "TRADSYS__FEES": "[{taker_rate: 200}]",
        "TRADSYS__FEE_TIERS": '[{tier: 1, volume: "1000.00"}]',
        "TRADSYS__LIMITS": "[{limit: open_orders, value: 5},"
        " {limit: position, value: 7, account: alice, symbol: BTC-USD}]",
        "TRADSYS__BREAKERS": "[{symbol: BTC-USD, price_move_bps: 500, window_ms: 1000, halt_ms: 100}]",
        "TRADSYS__ACCOUNTS": '[{name: alice, deposits: [{asset: USD, amount: "12.34"}]}, {name: fees, kind: fee},'
        " {name: world, kind: outside}]",
    }
    first = load("testing", environ=environ)
    stepped = Stepped(tmp_path, msgspec.structs.replace(ROOMY, accounts_max=4))
    stepped.define(first)
    sent = stepped.port.next_request
    # Three accounts, a symbol, two assets, a contract, fees, a tier, two limits, a breaker and a deposit.
    assert sent == 3 + 1 + 2 + 1 + 1 + 1 + 2 + 1 + 1
    stepped.define(first)
    assert stepped.port.next_request == sent
    ledger = stepped.memory.ledger
    assert [asset.name for asset in assets_of(ledger)] == ["USD", "BTC"]
    contract = np.asarray(ledger.contracts)[1]
    # 0.0001 BTC are 10,000 of its smallest units; at a price of 0.10 they cost a thousandth of a cent.
    assert [int(contract[name]) for name in ("lot_value", "numerator", "divisor")] == [10_000, 1, 1000]
    assert int(contract["fee_account"]) == 2
    balances = np.asarray(ledger.balances).reshape(len(ledger.accounts), -1)
    assert (int(balances[1, 1]["available"]), int(balances[3, 1]["available"])) == (1234, -1234)
    # The value of an asset follows the configuration, fees do not.
    environ["TRADSYS__ASSETS"] = '[{name: USD, decimals: 2, value: "2"}, {name: BTC, decimals: 8, value: "60000"}]'
    environ["TRADSYS__FEES"] = "[{taker_rate: 300}]"
    stepped.define(load("testing", environ=environ))
    assert stepped.port.next_request == sent + 1
    assert int(np.asarray(ledger.assets)[1]["value_numerator"]) == 2
    assert int(np.asarray(ledger.schedules)[0]["taker_rate"]) == 200
    stepped.close()


def test_a_new_symbol_is_under_its_rules_and_settled_as_soon_as_it_is_there(tmp_path: Path) -> None:
    symbol = (
        '{{name: {}, base: SHARE, quote: USD, tick_size: "0.01", lot_size: "1", lowest_price: "1.00",'
        ' highest_price: "90.00", reference_price: "50.00", rules: {{collar_bps: 100}}}}'
    )
    environ = {
        "TRADSYS__ASSETS": '[{name: USD, decimals: 2, value: "1"}, {name: SHARE, decimals: 0, value: "50"}]',
        "TRADSYS__ACCOUNTS": "[{name: fees, kind: fee}]",
        "TRADSYS__SYMBOLS": f"[{symbol.format('ACME')}]",
    }
    before = load("testing", environ=environ)
    after = load(
        "testing", environ=environ | {"TRADSYS__SYMBOLS": f"[{symbol.format('ACME')}, {symbol.format('EMCA')}]"}
    )
    stepped = Stepped(tmp_path)
    stepped.define(before)
    plainly = stepped.wait

    def wait(condition: Callable[[], bool], what: str) -> None:
        """Whenever something has been sent and stands, everybody may act on it."""
        plainly(condition, what)
        for known in known_symbols(stepped.memory):
            assert np.asarray(stepped.memory.ledger.contracts)[known.id]["base"] != 0
            assert present_rules(stepped.memory, known.id).collar_bps == 100

    stepped.wait = wait  # type: ignore[method-assign]
    stepped.redefine(before, after)
    assert [known.name for known in known_symbols(stepped.memory)] == ["ACME", "EMCA"]
    stepped.close()


def test_a_change_of_a_running_venue_counts_whatever_the_log_says(tmp_path: Path) -> None:
    environ = {
        "TRADSYS__ASSETS": '[{name: USD, decimals: 2, value: "1"}]',
        "TRADSYS__SYMBOLS": '[{name: ACME, tick_size: "0.01", lot_size: "1", lowest_price: "1.00",'
        ' highest_price: "90.00", reference_price: "50.00", opens: continuous}]',
        "TRADSYS__ACCOUNTS": "[{name: alice, fee_class: 0}]",
        "TRADSYS__FEES": "[{taker_rate: 200}]",
        "TRADSYS__FEE_TIERS": '[{tier: 1, volume: "1000.00"}]',
        "TRADSYS__LIMITS": "[{limit: open_orders, value: 5}, {limit: position, value: 7, account: alice}]",
        "TRADSYS__BREAKERS": "[{symbol: ACME, price_move_bps: 500, window_ms: 1000}, {volume: 9, window_ms: 1000}]",
    }
    before = load("testing", environ=environ)
    stepped = Stepped(tmp_path)
    stepped.define(before)
    sent = stepped.port.next_request
    stepped.redefine(before, before)
    assert stepped.port.next_request == sent
    environ["TRADSYS__SYMBOLS"] = environ["TRADSYS__SYMBOLS"].replace("continuous", "halt")
    environ["TRADSYS__ACCOUNTS"] = "[{name: alice, fee_class: 2}, {name: bob}]"
    environ["TRADSYS__FEES"] = "[{taker_rate: 300}]"
    environ["TRADSYS__FEE_TIERS"] = '[{tier: 1, volume: "2000.00"}, {tier: 2, volume: "3000.00"}]'
    environ["TRADSYS__LIMITS"] = "[{limit: open_orders, value: 6}, {limit: short, value: 1, account: bob}]"
    environ["TRADSYS__BREAKERS"] = "[{symbol: ACME, price_move_bps: 600, window_ms: 1000}]"
    after = load("testing", environ=environ)
    stepped.redefine(before, after)
    # An account, two tiers, fees, three limits, two breakers, a fee class and a state.
    assert stepped.port.next_request == sent + 1 + 2 + 1 + 3 + 2 + 1 + 1
    ledger = stepped.memory.ledger
    assert int(np.asarray(ledger.schedules)[0]["taker_rate"]) == 300
    assert [int(volume) for volume in ledger.tiers[:3]] == [0, 200_000, 300_000]
    assert set_for(ledger, Scope.VENUE, 0, 0, 0) == {Limit.OPEN_ORDERS: 6}
    assert set_for(ledger, Scope.ACCOUNT, 1, 0, 0) == {}
    assert set_for(ledger, Scope.ACCOUNT, 2, 0, 0) == {Limit.SHORT: 1}
    assert [int(row["price_move_bps"]) for row in np.asarray(ledger.breakers)[:2]] == [0, 600]
    assert int(np.asarray(ledger.breakers)[0]["volume"]) == 0
    assert int(np.asarray(ledger.accounts)[1]["fee_class"]) == 2
    assert int(stepped.memory.shards[0].books[1]["state"]) == MarketState.HALT
    sent = stepped.port.next_request
    stepped.redefine(before, after)
    assert stepped.port.next_request == sent + 2 + 1, "the breaker that is gone, the fee class and the state are sent"
    stepped.close()


def test_what_was_done_to_a_running_venue_is_not_undone_by_a_change_of_something_else(tmp_path: Path) -> None:
    environ = {
        "TRADSYS__ACCOUNTS": "[{name: alice}]",
        "TRADSYS__LIMITS": "[{limit: open_orders, value: 5}]",
        "TRADSYS__BREAKERS": "[{volume: 9, window_ms: 1000}]",
    }
    before = load("testing", environ=environ)
    stepped = Stepped(tmp_path)
    stepped.define(before)
    by_hand = [
        details(Kind.LIMIT, scope=Scope.VENUE, limit=Limit.OPEN_ORDERS, amount=-1),
        details(Kind.BREAKER_RULES, volume=99, window_ms=1000),
    ]
    for record in by_hand:
        stepped.port.submit(record.view(COMMAND))
    stepped.redefine(before, load("testing", environ=environ | {"TRADSYS__ACCOUNTS": "[{name: alice}, {name: bob}]"}))
    assert [account.name for account in known_accounts(stepped.memory)] == ["alice", "bob"]
    assert set_for(stepped.memory.ledger, Scope.VENUE, 0, 0, 0) == {}
    assert int(np.asarray(stepped.memory.ledger.breakers)[0]["volume"]) == 99
    stepped.close()


def test_what_a_configuration_defines_is_in_the_trail_with_its_place_in_the_log(tmp_path: Path) -> None:
    first = configuration("alice bob", [("ACME", "0.01")])
    limits = {"TRADSYS__ACCOUNTS": "[{name: alice}]", "TRADSYS__LIMITS": "[{limit: position, value: 5}]"}
    stepped = Stepped(tmp_path)
    definitions = service(stepped, first)
    definitions.start(lambda step: None)
    stepped.memory.control[venue_memory.PHASE] = venue_memory.RUNNING
    definitions.configure(msgspec.structs.replace(first, limits=load("testing", environ=limits).limits))
    lines = list(trail.lines(tmp_path))
    assert [(str(line.by), line.target) for line in lines] == [
        ("configuration", "the account alice"),
        ("configuration", "the account bob"),
        ("configuration", "the symbol ACME"),
        ("configuration", "the limit position"),
    ]
    assert (lines[3].after["limit"], lines[3].after["amount"]) == ("position", 5)
    found = compare(tmp_path, 1)
    assert (found.acts, found.unwritten, found.untrue) == (4, [], [])
    stepped.close()


def test_a_trail_that_cannot_be_written_keeps_no_venue_from_starting(tmp_path: Path) -> None:
    (tmp_path / trail.FILE).write_text("no trail\n")
    stepped = Stepped(tmp_path)
    service(stepped, configuration("alice", [])).start(lambda step: None)
    assert [account.name for account in known_accounts(stepped.memory)] == ["alice"]
    stepped.close()

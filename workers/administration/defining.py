"""What an administrator adds to a running venue, checked as the configuration is, as records for the engine.

Accounts and symbols are numbered without a gap, and the core refuses any number but the next. So whoever wants to add
one takes the next number, and when somebody else was quicker, looks again: two of the same name cannot come to be.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec.structs import replace

from tradsys.assets import Asset
from tradsys.book.layout import W_USED_DIRECTORY
from tradsys.configuration import Configuration
from tradsys.configuration.money import AssetEntry
from tradsys.configuration.rules import LEVELS_PER_PAGE, broken_rules
from tradsys.configuration.sections import AccountEntry, SymbolEntry
from tradsys.configuration.sources import Layers
from tradsys.errors import ValidationError, error
from tradsys.reading.rows import assets_of
from tradsys.records import COMMAND, Kind, MarketState, details
from tradsys.risk.terms import Cause, Transition
from tradsys.symbols import Account, Symbol
from workers.administration.exporting import exported
from workers.definitions import known_accounts, known_symbols, missing_rules
from workers.ledger_definitions import Definition, Known, missing_records
from workers.memory import VenueMemory

TAKEN_MEANWHILE = frozenset({"definition_out_of_order", "account_exists", "symbol_exists", "invalid_asset"})
"""Codes of a refusal after which to look again, and to take the next number.

The last: of an asset that was checked here, and whose number another one has now.
"""


def account_record(memory: VenueMemory, entry: AccountEntry) -> Any:
    """An account to open. Raises ValidationError, BusinessRuleError."""
    known = known_accounts(memory)
    if entry.name in {account.name for account in known}:
        raise error("account_exists", f"there is an account {entry.name!r}", field="name")
    assert len(memory.accounts) == memory.sizes.accounts_max + 1, "a row for each account, and one for none"
    if len(known) + 1 >= len(memory.accounts):
        raise error("ledger_full", "the venue has as many accounts as pools.accounts_max allows")
    try:
        account = entry.account(len(known) + 1)
        record = account.definition()
    except ValueError as problem:
        raise ValidationError("invalid_field", str(problem), field="name") from None
    assert Account.from_definition(record[0]) == account, "what is sent is read as what is wanted"
    return record


def symbol_record(memory: VenueMemory, entry: SymbolEntry) -> Any:
    """A symbol to define. Raises BusinessRuleError."""
    known = known_symbols(memory)
    assert len(memory.symbols) == memory.sizes.symbols_max + 1, "a row for each symbol, and one for none"
    if entry.name in {symbol.name for symbol in known}:
        raise error("symbol_exists", f"there is a symbol {entry.name!r}", field="name")
    symbol = entry.symbol(len(known) + 1)
    _check_room(memory, symbol)
    record = symbol.definition()
    assert Symbol.from_definition(record[0]) == symbol, "what is sent is read as what is wanted"
    return record


def asset_record(memory: VenueMemory, entry: AssetEntry) -> Any:
    """An asset to define. Raises ValidationError, BusinessRuleError."""
    known = assets_of(memory.ledger)
    assert len(known) < len(memory.ledger.assets), "every asset has its row, and none has one too"
    if entry.name in {asset.name for asset in known}:
        raise error("asset_exists", f"there is an asset {entry.name!r}", field="name")
    if len(known) + 1 >= len(memory.ledger.assets):
        raise error("ledger_full", f"the ledger has room for {len(memory.ledger.assets) - 1} assets")
    return _asset(entry, len(known) + 1).definition()


def worth_record(memory: VenueMemory, name: str, value: str) -> Any:
    """Another value of an asset that there is. Raises TradingError."""
    present = next((asset for asset in assets_of(memory.ledger) if asset.name == name), None)
    if present is None:
        raise error("unknown_asset", f"there is no asset {name!r}", field="name")
    changed = _asset(AssetEntry(name, present.decimals, value), present.id)
    assert changed.decimals == present.decimals, "what accounts own of it stays as it is"
    return changed.definition()


def _asset(entry: AssetEntry, number: int) -> Asset:
    assert number >= 1, "assets are numbered from 1"
    try:
        return entry.asset(number)
    except ValueError as problem:
        raise ValidationError("invalid_field", str(problem), field="value") from None


def with_symbol(memory: VenueMemory, configuration: Configuration, entry: SymbolEntry) -> Configuration:
    """What the log has defined, and the symbol. Raises ValidationError with every mistake."""
    before = exported(memory, configuration)
    if any(other.name == entry.name for other in before.symbols):
        raise error("symbol_exists", f"there is a symbol {entry.name!r}", field="name")
    after = replace(before, symbols=[*before.symbols, entry])
    mistakes = broken_rules(after, Layers(), [])
    assert all(mistake.path for mistake in mistakes), "a mistake says of which setting it is"
    if mistakes:
        raise ValidationError(
            "invalid_field",
            "; ".join(f"{mistake.problem}: {mistake.remedy}" for mistake in mistakes),
            field=str(mistakes[0].path[-1]),
        )
    return after


def records_of_symbol(memory: VenueMemory, known: Known, wanted: Configuration, name: str) -> list[Definition]:
    """What follows the definition of a symbol: its rules, and what it trades."""
    symbol = known.symbols[name]
    assert wanted.symbols[-1].name == name, "the symbol that was added last"
    rules = missing_rules(memory, [symbol], replace(wanted, symbols=[wanted.symbols[-1]]))
    assert rules.keys() <= {symbol.id}, "rules of this symbol alone"
    records = [Definition(f"the rules of {name}", found.command(number)) for number, found in rules.items()]
    return records + missing_records(known, replace(wanted, fees=[], fee_tiers=[], limits=[], breakers=[], assets=[]))


def state_record(symbol: Symbol, state: MarketState, reference_price: str | None = None) -> Any:
    """Another market state, and if given another reference price. Raises ValidationError."""
    assert symbol.id >= 1, "symbols are numbered from 1"
    record = np.zeros(1, COMMAND)
    record["kind"], record["symbol"], record["order_type"] = Kind.STATE, symbol.id, state
    record["price_ticks"] = 0 if reference_price is None else symbol.parse_price(reference_price)
    return record


def breaker_record(symbol: int, transition: Transition, account: int = 0) -> Any:
    """A circuit breaker (0: the venue's) trips or is reset by hand: by whose, where an account does it."""
    assert transition in (Transition.TRIP, Transition.RESET), "half open is what time makes of it"
    assert symbol >= 0, "symbols are numbered from 1, and 0 is the venue"
    return details(Kind.BREAKER, symbol=symbol, transition=transition, cause=Cause.MANUAL, account=account)


def _check_room(memory: VenueMemory, symbol: Symbol) -> None:
    """The core would give a number to a symbol for whose prices its shard has no room."""
    assert symbol.lowest_ticks < symbol.highest_ticks, "a symbol that was checked has a price range"
    shard = memory.shards[symbol.id % memory.sizes.shards]
    pages = 2 * ((symbol.highest_ticks - symbol.lowest_ticks) // LEVELS_PER_PAGE + 2)
    used = int(shard.words[W_USED_DIRECTORY])
    assert 0 <= used <= len(shard.directory), "pages in use are in the directory"
    if used + pages > len(shard.directory):
        raise error("symbol_range_too_wide", field="lowest_price")
    if symbol.id >= len(memory.symbols):
        raise error("unknown_symbol", "the venue has as many symbols as pools.symbols_max allows", field="name")
